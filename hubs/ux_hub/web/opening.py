"""How the pages come to be in a process: what is made at start, and where unknown addresses end."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import cast

from fastapi import FastAPI, Request
from starlette.exceptions import HTTPException
from starlette.responses import Response

from hubs.ux_hub.settings import UxSettings
from hubs.ux_hub.web.dependencies import ReaderSource, SourceRegister, error_page
from hubs.ux_hub.web.service.assets import Assets
from hubs.ux_hub.web.service.governments import Governments
from hubs.ux_hub.web.service.keeping import KeptAnswers
from hubs.ux_hub.web.service.language import read_catalogue
from hubs.ux_hub.web.service.record import RecordReader
from hubs.ux_hub.web.service.rendering import Renderer
from shared.app import Resources
from shared.clients.base import HubClient
from shared.clients.data_hub import DataHubClient
from shared.core.errors import error_class
from shared.core.garbage import settle

_HUB = Path(__file__).parents[1]
MESSAGES = (_HUB / "web" / "messages", _HUB / "admin" / "messages")
TEMPLATES = (_HUB / "web" / "templates", _HUB / "admin" / "templates")
"""The console has words and templates of its own; one renderer serves both."""
_REGISTER_TIMEOUT_S = 3.0


def open_pages(resources: Resources) -> None:
    """Make what renders the pages and what reads the record for them."""
    settings = UxSettings.of(resources.settings)
    business = HubClient(settings.hubs.business, resources.http, resources.tokens)
    register = SourceRegister(
        lambda: list(business.request("GET", "/api/v1/sources", timeout_s=_REGISTER_TIMEOUT_S)["data"])
    )
    resources.put(register)
    resources.put(
        Renderer(
            read_catalogue(*MESSAGES),
            Assets(),
            settings.public_base,
            TEMPLATES,
            governments=Governments(register.list),
        )
    )
    # Without a token: a page shows what anybody may read.
    data = DataHubClient(settings.hubs.data, resources.http, None)
    ops = HubClient(settings.hubs.ops, resources.http, None)
    analytics = HubClient(settings.hubs.intelligence, resources.http, None)
    kept, counted = (KeptAnswers(hub, settings.pages.keep_s) for hub in (data, analytics))
    workers = ThreadPoolExecutor(settings.pages.workers, "pages")
    resources.stack.callback(workers.shutdown)
    resources.put(
        ReaderSource(
            lambda: RecordReader(kept, ops, counted, workers=workers),
            lambda: RecordReader(data, ops, analytics, workers=workers),
        )
    )
    settle()


def mount_pages(app: FastAPI) -> None:
    """Let unknown addresses below a language end on a page, and everything else as before."""
    previous = cast(
        "Callable[[Request, Exception], Awaitable[Response]]", app.exception_handlers[HTTPException]
    )

    async def on_http(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        first = request.url.path.split("/", 2)[1] if "/" in request.url.path else ""
        if first in ("en", "fr") and error.status_code in (404, 405):
            return error_page(request, error_class(error.status_code)())
        return await previous(request, error)

    app.add_exception_handler(HTTPException, on_http)
