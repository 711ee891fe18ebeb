"""``/mcp`` over HTTP: who may ask (OAuth 2.1, RFC 9728), and the server behind it, made at first use."""

from __future__ import annotations

import asyncio
from contextvars import ContextVar
from typing import Any

from anyio import to_thread
from fastapi import APIRouter, FastAPI
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from hubs.ux_hub.closing import Closing
from hubs.ux_hub.mcp.service import CivicReader
from hubs.ux_hub.settings import UxSettings
from shared.app import Resources, ResourcesDep
from shared.auth import ANONYMOUS, Principal, Public
from shared.clients.data_hub import DataHubClient
from shared.contracts.events.auditing import AuditRecordedV1
from shared.core.errors import AppError, Forbidden, Unauthorized
from shared.http.json import dumps
from shared.http.problems import problem_response
from shared.logging import get_logger, request_id_var, trace_id_var

log = get_logger(__name__)
PATH = "/mcp"
SCOPE = "data:read"
METADATA = "/.well-known/oauth-protected-resource"
caller_var: ContextVar[Principal] = ContextVar("mcp_caller", default=ANONYMOUS)

router = APIRouter(tags=["mcp"])


@router.get(METADATA, summary="What the model context server asks of a token (RFC 9728)")
@router.get(f"{METADATA}{PATH}", summary="The same, at the address that its path makes")
def read_metadata(resources: ResourcesDep, _: Public) -> Response:
    """Return the protected resource metadata."""
    settings = UxSettings.of(resources.settings)
    body = {
        "resource": f"{settings.public_base}{PATH}",
        "authorization_servers": [settings.issuer],
        "scopes_supported": [SCOPE],
        "bearer_methods_supported": ["header"],
        "resource_name": "OpenPolicy",
        "resource_documentation": f"{settings.public_base}/docs",
    }
    headers = {"Access-Control-Allow-Origin": "*", "Cache-Control": "public, max-age=300"}
    return Response(dumps(body), media_type="application/json", headers=headers)


class McpEndpoint:
    """A raw ASGI application at ``/mcp``."""

    def __init__(self, resources: Resources) -> None:
        self._resources = resources
        self._settings = UxSettings.of(resources.settings)
        self._server: ASGIApp | None = None
        self._lock = asyncio.Lock()
        self._stop = asyncio.Event()
        self._running: asyncio.Task[None] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or refuse it with a problem document."""
        headers = dict(scope["headers"])
        try:
            self._check_origin(headers)
            principal = await self._principal(headers.get(b"authorization", b"").decode("latin-1"))
        except AppError as error:
            await problem_response(error, scope["path"])(scope, receive, send)
            return
        server = self._server or await self._open()
        token = caller_var.set(principal)
        try:
            await server(scope, receive, send)
        finally:
            caller_var.reset(token)

    async def close(self) -> None:
        """End the server, if it was ever begun."""
        self._stop.set()
        if self._running is not None:
            await self._running

    def _check_origin(self, headers: dict[bytes, bytes]) -> None:
        origin = headers.get(b"origin", b"").decode("latin-1")
        if not origin:
            return
        # Never the Host that came in: a page whose name was pointed at us sends its own (DNS rebinding).
        if origin not in (self._settings.public_base, *self._settings.mcp.origins):
            raise Forbidden(f"pages of {origin[:200]} may not ask")

    async def _principal(self, authorization: str) -> Principal:
        challenge = f'resource_metadata="{self._settings.public_base}{METADATA}{PATH}", scope="{SCOPE}"'
        if not authorization:
            if self._settings.mcp.anonymous:
                return ANONYMOUS
            raise Unauthorized("a token is needed", headers={"WWW-Authenticate": f"Bearer {challenge}"})
        scheme, _, token = authorization.partition(" ")
        try:
            if scheme.lower() != "bearer":
                raise Unauthorized("expected a bearer token")
            principal = await to_thread.run_sync(self._resources.verifier.verify, token.strip())
        except Unauthorized as error:
            refusal = f'Bearer error="invalid_token", {challenge}'
            raise Unauthorized(error.detail, headers={"WWW-Authenticate": refusal}) from None
        if not principal.may(SCOPE):
            refusal = f'Bearer error="insufficient_scope", {challenge}'
            raise Forbidden(f"this needs the scope {SCOPE!r}", headers={"WWW-Authenticate": refusal})
        return principal

    async def _open(self) -> ASGIApp:
        async with self._lock:
            if self._server is None:
                # The library takes 55 MiB and a second to load: only a hub that is asked pays for it.
                server, manager = await to_thread.run_sync(self._build)
                started = asyncio.Event()
                self._running = asyncio.ensure_future(self._run(manager, started))
                await started.wait()
                self._server = server
        return self._server

    async def _run(self, manager: Any, started: asyncio.Event) -> None:
        # One task enters and leaves the manager: its task group belongs to a task, not to a request.
        async with manager.run():
            started.set()
            await self._stop.wait()

    def _build(self) -> tuple[ASGIApp, Any]:
        from mcp.server.transport_security import TransportSecuritySettings

        from hubs.ux_hub.mcp.server import build_server

        resources = self._resources
        reader = CivicReader(DataHubClient(resources.settings.hubs.data, resources.http, None))
        server = build_server(reader, self._audit)
        app = server.streamable_http_app(
            streamable_http_path=PATH,
            stateless_http=True,
            json_response=True,
            # The gateway answers for any host name; the origin was checked above.
            transport_security=TransportSecuritySettings(enable_dns_rebinding_protection=False),
        )
        return app, server.session_manager

    def _audit(self, tool: str, arguments: dict[str, Any], outcome: str, seconds: float) -> None:
        caller = caller_var.get()
        event = AuditRecordedV1(
            producer="ux_hub.mcp",
            correlation_id=request_id_var.get() or None,
            actor=caller.subject,
            actor_type=caller.kind,
            action="mcp_tool.called",
            target=tool,
            target_type="mcp_tool",
            request_id=request_id_var.get(),
            trace_id=trace_id_var.get(),
            metadata={"arguments": arguments, "outcome": outcome, "milliseconds": round(seconds * 1e3)},
        )
        try:
            self._resources.bus.publish([event])
        except AppError as error:
            log.warning("a call was not audited", tool=tool, error=error.detail)


def open_mcp(resources: Resources) -> None:
    """Keep the endpoint; the server itself is made when somebody asks."""
    endpoint = McpEndpoint(resources)
    resources.put(endpoint)
    resources.get(Closing).add(endpoint.close)


def mount_mcp(app: FastAPI) -> None:
    """Answer ``/mcp``."""
    resources: Resources = app.state.resources

    class Lazy:
        """Finds the endpoint once the process has its resources."""

        async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
            await resources.get(McpEndpoint)(scope, receive, send)

    app.router.routes.append(Route(PATH, Lazy(), methods=None, include_in_schema=False))
