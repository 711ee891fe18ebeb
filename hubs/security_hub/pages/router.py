"""Style sheet and script of our pages, and what forms from elsewhere are answered."""

from __future__ import annotations

from fastapi import APIRouter, FastAPI, Request
from starlette.responses import Response

from hubs.security_hub.pages.dependencies import find_browser
from hubs.security_hub.pages.errors import ForeignForm
from hubs.security_hub.pages.service import Pages, asset
from hubs.security_hub.throttle.dependencies import client_address
from shared.app import resources_of
from shared.auth import Public
from shared.http.conditional import conditional
from shared.http.problems import problem_response

router = APIRouter(tags=["pages"])
_CACHED = "public, max-age=3600"


@router.get("/signin/style.css", summary="Style sheet of the sign-in pages")
def read_style(request: Request, _: Public) -> Response:
    return conditional(request, asset("style.css"), "text/css; charset=utf-8", cache_control=_CACHED)


@router.get("/signin/passkey.js", summary="Script that offers passkeys where the browser has them")
def read_script(request: Request, _: Public) -> Response:
    return conditional(request, asset("passkey.js"), "text/javascript; charset=utf-8", cache_control=_CACHED)


def install_page_errors(app: FastAPI) -> None:
    """Answer refused forms with a page, and refused scripts with a problem document."""

    def on_foreign_form(request: Request, error: Exception) -> Response:
        assert isinstance(error, ForeignForm)
        if "x-csrf-token" in request.headers or "text/html" not in request.headers.get("accept", "text/html"):
            return problem_response(error, request.url.path)
        resources = resources_of(request)
        browser = find_browser(request, resources, client_address(request, resources))
        page = resources.get(Pages)
        return page.show(browser, "message", status=403, title="forbidden.title", text="forbidden.text")

    app.add_exception_handler(ForeignForm, on_foreign_form)
