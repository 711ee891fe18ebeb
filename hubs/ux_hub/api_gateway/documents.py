"""One OpenAPI document of what the door answers, merged from the hubs, and the page to browse it with."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any

from anyio import to_thread
from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from hubs.ux_hub.api_gateway.exchange import GatewayParts
from hubs.ux_hub.api_gateway.table import TABLE, RouteIndex
from hubs.ux_hub.api_gateway.upstream import Upstreams
from hubs.ux_hub.settings import UxSettings
from shared.app import Resources
from shared.core.errors import NotFound, Unavailable
from shared.http.conditional import conditional
from shared.http.json import dumps, loads
from shared.http.problems import problem_response

_FOLDER = Path(__file__).with_name("browser")
_MAX_AGE_S = 60.0
_TIMEOUT_S = 5.0
_FILES = {"browser.js": "text/javascript", "browser.css": "text/css"}


def merge(documents: dict[str, dict[str, Any]], base: str, version: str) -> dict[str, Any]:
    """Return one document; schemas of the same name that differ get the hub's name in front."""
    routes = RouteIndex(TABLE)
    paths: dict[str, Any] = {}
    schemas: dict[str, Any] = {}
    for hub, document in sorted(documents.items()):
        renamed = {}
        for name, schema in document.get("components", {}).get("schemas", {}).items():
            is_other = name in schemas and schemas[name] != schema
            renamed[name] = f"{hub.title()}{name}" if is_other else name
        for name, schema in document.get("components", {}).get("schemas", {}).items():
            schemas[renamed[name]] = _with_names(schema, renamed)
        for path, operations in document.get("paths", {}).items():
            route = routes.find(path)
            owner = route.hub if route is not None else "ux"
            if owner == hub:
                paths[path] = _tagged(_with_names(operations, renamed), hub)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "OpenPolicy",
            "version": version,
            "description": "Canada's civic record. / Le dossier civique du Canada.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": base}],
        "paths": dict(sorted(paths.items())),
        "components": {
            "schemas": dict(sorted(schemas.items())),
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
                "key": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
            },
        },
        "security": [{}, {"token": []}, {"key": []}],
    }


def _with_names(node: Any, renamed: dict[str, str]) -> Any:
    if isinstance(node, dict):
        found = {}
        for key, value in node.items():
            if key == "$ref" and isinstance(value, str):
                head, _, name = value.rpartition("/")
                found[key] = f"{head}/{renamed.get(name, name)}"
            else:
                found[key] = _with_names(value, renamed)
        return found
    if isinstance(node, list):
        return [_with_names(item, renamed) for item in node]
    return node


def _tagged(operations: dict[str, Any], hub: str) -> dict[str, Any]:
    for method, operation in operations.items():
        if isinstance(operation, dict):
            name = operation.get("operationId", method)
            operation["operationId"] = f"{hub}_{name}"
            operation["x-hub"] = hub
    return operations


class Documents:
    """The merged document, made anew once a minute when somebody asks."""

    def __init__(self, app: FastAPI) -> None:
        self._app = app
        self._resources: Resources = app.state.resources
        self._at = -1e9
        self._body = b""
        self._lock = asyncio.Lock()

    async def read(self, request: Request) -> Response:
        """Answer ``/openapi.json``."""
        async with self._lock:
            if time.monotonic() - self._at > _MAX_AGE_S:
                self._body = await self._merged()
                self._at = time.monotonic()
        return conditional(request, self._body, cache_control="public, max-age=60")

    async def _merged(self) -> bytes:
        upstreams = self._resources.get(GatewayParts).upstreams
        own = await to_thread.run_sync(self._app.openapi)
        names = [name for name in upstreams.base_urls() if name != "ux"]
        found = await asyncio.gather(*(self._fetch(upstreams, name) for name in names))
        documents = {name: document for name, document in zip(names, found, strict=True) if document}
        settings = UxSettings.of(self._resources.settings)
        merged = merge({**documents, "ux": own}, settings.public_base, self._app.version)
        merged["x-unavailable"] = [name for name in names if name not in documents]
        return dumps(merged)

    async def _fetch(self, upstreams: Upstreams, hub: str) -> dict[str, Any]:
        try:
            status, _, body = await upstreams.fetch(hub, "GET", "/openapi.json", [], None, _TIMEOUT_S)
            found = loads(body) if status == 200 else {}
        except (Unavailable, ValueError):
            return {}
        return found if isinstance(found, dict) else {}


async def _page(request: Request) -> Response:
    wanted = request.query_params.get("lang") or request.headers.get("accept-language", "en")[:2].lower()
    language = "fr" if wanted == "fr" else "en"
    text = (_FOLDER / "page.html").read_text(encoding="utf-8").replace("{lang}", language)
    return conditional(request, text.encode(), "text/html", cache_control="public, max-age=300")


async def _file(request: Request) -> Response:
    name = request.path_params["name"]
    if name not in _FILES:
        return problem_response(NotFound("no such file"), request.url.path)
    body = (_FOLDER / name).read_bytes()
    return conditional(request, body, _FILES[name], cache_control="public, max-age=300")


def mount_documents(app: FastAPI) -> None:
    """Answer ``/openapi.json`` with everything, and ``/docs`` with the page to browse it."""
    documents = Documents(app)
    # In front of the framework's own document, which knows this hub alone.
    app.router.routes.insert(0, Route("/openapi.json", documents.read, include_in_schema=False))
    app.router.routes.append(Route("/docs", _page, include_in_schema=False))
    app.router.routes.append(Route("/docs/{name}", _file, include_in_schema=False))
