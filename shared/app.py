"""The app factory: a hub is a ``HubSpec``; everything it holds is made in the lifespan, in order."""

from __future__ import annotations

import asyncio
import os
import platform
import signal
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Annotated, Any, TypeVar, cast

import anyio.lowlevel
import anyio.to_thread
import httpx
from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, iter_route_contexts
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session, sessionmaker
from starlette.responses import Response

from shared.auth import (
    AccessRule,
    Public,
    ServiceTokens,
    TokenVerifier,
    fetch_keys_over_http,
)
from shared.cache import Cache, cache_readings, create_cache
from shared.clients.security_hub import SecurityHubClient
from shared.core.allocator import tune_allocator
from shared.core.errors import Unavailable
from shared.db.engine import create_engine
from shared.db.measures import pool_readings
from shared.db.session import create_sessionmaker
from shared.http.client import make_client
from shared.http.head import HeadAsGet
from shared.http.json import dumps
from shared.http.middleware import BodyLimit, HttpMetrics, RequestContext, RequestMetrics
from shared.http.problems import install_problem_handlers
from shared.http.routing import include
from shared.http.strict import reject_unknown_parameters
from shared.live import ConfigurationFollower, LiveSettings
from shared.logging import configure_logging, get_logger, set_log_level
from shared.messaging.bus import EventBus
from shared.messaging.measures import consumer_readings, failing_consumers
from shared.metrics import Reading, watch_process
from shared.outbox.measures import outbox_readings
from shared.probe import ProbeServer
from shared.reporting import report_errors, report_readings
from shared.settings import HubSettings, derive_secret

log = get_logger(__name__)
T = TypeVar("T")
_WORKER_THREADS = 16
_READY_CACHE_S = 2.0


class Resources:
    """What a hub process holds while it runs; made in its lifespan, closed in reverse order."""

    def __init__(self, hub: str, settings: HubSettings) -> None:
        self.hub = hub
        self.settings = settings
        self.live = LiveSettings(settings)
        self.registry = CollectorRegistry()
        self.http_metrics = HttpMetrics(hub, self.registry)
        self.stack = ExitStack()
        self.stop = threading.Event()
        self.is_draining = False
        self.checks: dict[str, Callable[[], None]] = {}
        self._parts: dict[type, Any] = {}
        self._lock = threading.Lock()
        self.engine: Engine = cast(Engine, None)
        self.sessionmaker: sessionmaker[Session] = cast("sessionmaker[Session]", None)
        self.http: httpx.Client = cast(httpx.Client, None)
        self.verifier: TokenVerifier = cast(TokenVerifier, None)
        self.tokens: ServiceTokens = cast(ServiceTokens, None)

    def put(self, part: object, kind: type | None = None) -> None:
        """Keep a part of the hub's own under its class (or ``kind``)."""
        self._parts[kind or type(part)] = part

    def get(self, kind: type[T]) -> T:
        """Return the part kept under a class.

        Raises: Unavailable when the hub has none (yet).
        """
        try:
            return cast(T, self._parts[kind])
        except KeyError:
            raise Unavailable(f"{kind.__name__} is not ready") from None

    def find(self, kind: type[T]) -> T | None:
        """Return the part kept under a class, None when there is none."""
        return cast("T | None", self._parts.get(kind))

    @property
    def cache(self) -> Cache:
        """Return the cache, opened at first use: most hubs keep nothing there, and its client costs 5 MiB."""
        with self._lock:
            if Cache not in self._parts:
                self._parts[Cache] = create_cache(self.settings)
            return cast(Cache, self._parts[Cache])

    @property
    def bus(self) -> EventBus:
        """Return the event bus, opened at first use."""
        with self._lock:
            if EventBus not in self._parts:
                self._parts[EventBus] = self.open_bus()
                self.stack.callback(self._parts[EventBus].close)
            return cast(EventBus, self._parts[EventBus])

    def open_bus(self) -> EventBus:
        """Return a further bus of its own connection (one per consumer thread)."""
        from shared.messaging.factory import open_bus

        return open_bus(self.settings, self.bus_dsn)

    def bus_dsn(self) -> str:
        """Return the connection string of the embedded broker."""
        from shared.db.url import broker_dsn

        return broker_dsn(self.settings)


def resources_of(request: Request) -> Resources:
    """Return the resources of the hub that answers."""
    return cast(Resources, request.app.state.resources)


async def _resources(request: Request) -> Resources:
    return resources_of(request)


# Async, like every dependency that waits for nothing: the framework changes threads for each of the others.
ResourcesDep = Annotated[Resources, Depends(_resources)]


@dataclass(frozen=True)
class HubSpec:
    """A hub in one value: its name, its routers and what it makes at start."""

    name: str
    """Short name: ux, security, data, business, ops, intelligence."""
    title: str
    routers: Sequence[APIRouter]
    start: Sequence[Callable[[Resources], None]] = ()
    """Called in order in the lifespan; each registers what it opens on ``resources.stack``."""
    has_database: bool = True
    body_limit_exempt: tuple[str, ...] = ()
    settings_class: type[HubSettings] = HubSettings
    mounts: Sequence[Callable[[FastAPI], None]] = field(default=())
    """Called once with the app, for what is not a router (raw ASGI mounts, static files)."""
    app_class: type[FastAPI] = FastAPI
    """The application's class, for a hub that answers some requests before the framework sees them."""


def create_hub_app(spec: HubSpec, settings: HubSettings | None = None) -> FastAPI:
    """Build a hub; nothing is opened before its lifespan.

    Raises: TypeError when a route states no access rule.
    """
    settings = settings or spec.settings_class()
    resources = Resources(spec.name, settings)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        configure_logging(f"{spec.name}_hub", settings.log_level, settings.log_format)
        anyio.to_thread.current_default_thread_limiter().total_tokens = _WORKER_THREADS
        with resources.stack:
            await anyio.to_thread.run_sync(_open, spec, resources)
            log.info("hub is up", hub=spec.name, environment=settings.environment)
            with _draining_when_told_to_end(resources):
                yield

    app = spec.app_class(
        title=spec.title,
        version=version("openpolicy"),
        lifespan=lifespan,
        dependencies=[Depends(reject_unknown_parameters)],
        docs_url=None,
        redoc_url=None,
    )
    app.state.resources = resources
    app.state.spec = spec
    install_problem_handlers(app)
    include(app, _base_router(spec))
    for router in spec.routers:
        include(app, router)
    for mount in spec.mounts:
        mount(app)
    _require_rules(app)
    app.add_middleware(HeadAsGet)
    app.add_middleware(BodyLimit, max_bytes=settings.http.max_body_bytes, exempt=spec.body_limit_exempt)
    app.add_middleware(RequestMetrics, metrics=resources.http_metrics)
    app.add_middleware(RequestContext)
    return app


@contextmanager
def _draining_when_told_to_end(resources: Resources) -> Iterator[None]:
    """Say that the process ends as soon as it is told to, not when its last connection has gone.

    The server waits for open connections first; streams end only when they learn that it does.
    """

    def drain() -> None:
        resources.is_draining = True
        resources.stop.set()

    is_main = threading.current_thread() is threading.main_thread()
    before = {n: signal.getsignal(n) for n in (signal.SIGTERM, signal.SIGINT)} if is_main else {}
    loop = asyncio.get_running_loop()

    def told(number: int, frame: Any) -> None:
        # Not here and now: the interrupted code may hold the very lock that waking the waiters takes.
        loop.call_soon_threadsafe(drain)
        previous = before[signal.Signals(number)]
        if callable(previous):
            previous(number, frame)

    for number in before:
        signal.signal(number, told)
    try:
        yield
    finally:
        drain()
        for number, previous in before.items():
            signal.signal(number, previous or signal.SIG_DFL)


def _open(spec: HubSpec, resources: Resources) -> None:
    tune_allocator()
    settings = resources.settings
    resources.stack.callback(report_errors(settings, f"{spec.name}_hub").close)
    resources.http = make_client(settings.http.client_timeout_s)
    resources.stack.callback(resources.http.close)
    resources.verifier = TokenVerifier(
        settings.issuer,
        settings.auth,
        fetch_keys_over_http(resources.http, settings.hubs.security),
    )
    resources.tokens = service_tokens(settings, spec.name, resources.http)
    if spec.has_database:
        resources.engine = create_engine(settings, spec.name)
        resources.stack.callback(resources.engine.dispose)
        resources.sessionmaker = create_sessionmaker(resources.engine)
        resources.checks["database"] = lambda: _ping(resources.engine)
    watch_process(resources.registry, *process_readings(resources))
    resources.live.watch(settings, lambda: set_log_level(settings.log_level))
    resources.live.watch(settings.http, lambda: _set_timeout(resources.http, settings.http.client_timeout_s))
    for start in spec.start:
        start(resources)
    follow_configuration(resources)


def _set_timeout(http: httpx.Client, seconds: float) -> None:
    http.timeout = httpx.Timeout(seconds)


def follow_configuration(resources: Resources) -> None:
    """Take what is configured for this process's hub in security_hub, now and whenever it changes."""
    settings = resources.settings
    if not settings.follows_configuration:
        return
    client = SecurityHubClient(settings.hubs.security, resources.http, resources.tokens)
    follower = ConfigurationFollower(
        resources.live, client, resources.hub, settings.environment, resources.stop
    )
    follower.start()
    resources.put(follower)
    resources.stack.callback(follower.close)


def process_readings(resources: Resources) -> list[Reading]:
    """Return what a process with such resources can say of itself."""
    found = [*cache_readings(), *consumer_readings(), *outbox_readings(), *report_readings()]
    if resources.engine is not None:
        database = resources.settings.database
        found += pool_readings(resources.engine, database.pool_size + database.max_overflow)
    return found


def open_probe(resources: Resources) -> None:
    """Answer those who watch a process without an API; it is ready while its consumers hold their queues."""
    settings = resources.settings.probe
    if settings.port:
        watch_process(resources.registry, *process_readings(resources))
        server = ProbeServer(settings.host, settings.port, resources.registry, failing_consumers)
        resources.stack.callback(server.close)


def service_tokens(settings: HubSettings, hub: str, http: httpx.Client) -> ServiceTokens:
    """Return the source of a process's own tokens; client ``hub:<name>`` unless told otherwise."""
    client_id = settings.auth.client_id or f"hub:{hub}"
    secret = settings.auth.client_secret.get_secret_value() or derive_secret(settings, f"client:{client_id}")
    return ServiceTokens(http, f"{settings.hubs.security}/oauth/token", client_id, secret)


def _ping(engine: Engine) -> None:
    with engine.connect() as connection:
        connection.execute(text("SELECT 1"))


def _base_router(spec: HubSpec) -> APIRouter:
    router = APIRouter(tags=["process"])
    started = time.time()
    ready: dict[str, Any] = {"at": -1e9, "failing": {}}
    ready_lock = threading.Lock()

    @router.get("/healthz", summary="The process answers; touches nothing else")
    async def healthz(_: Public) -> dict[str, Any]:
        return {"status": "ok", "hub": spec.name, "uptime_s": round(time.time() - started, 1)}

    @router.get("/livez", summary="The event loop turns")
    async def livez(_: Public) -> dict[str, Any]:
        await anyio.lowlevel.checkpoint()
        return {"status": "ok", "pid": os.getpid()}

    @router.get("/readyz", summary="Its own dependencies answer (cached for two seconds)")
    def readyz(request: Request, _: Public) -> Response:
        resources = resources_of(request)
        if resources.is_draining:
            raise Unavailable("the process is shutting down", failing={"process": "draining"})
        with ready_lock:
            if time.monotonic() - ready["at"] > _READY_CACHE_S:
                ready["failing"] = _run_checks(resources.checks)
                ready["at"] = time.monotonic()
            failing = dict(ready["failing"])
        if failing:
            names = ", ".join(sorted(failing))
            raise Unavailable(f"not ready: {names}", failing=failing)
        return Response(
            dumps({"status": "ready", "hub": spec.name, "checks": sorted(resources.checks)}),
            media_type="application/json",
        )

    @router.get("/metrics", summary="Prometheus or OpenMetrics text", openapi_extra=_OPEN_QUERY)
    def metrics(request: Request, _: Public) -> Response:
        encode, media_type = choose_encoder(request.headers.get("accept", ""))
        body = encode(resources_of(request).registry)
        return Response(body, headers={"Content-Type": media_type})

    @router.get("/version", summary="Which code runs here")
    def read_version(_: Public) -> dict[str, str]:
        return {
            "name": "openpolicy",
            "hub": spec.name,
            "version": version("openpolicy"),
            "python": platform.python_version(),
        }

    return router


_OPEN_QUERY = {"x-open-query": True}


def _run_checks(checks: dict[str, Callable[[], None]]) -> dict[str, str]:
    failing = {}
    for name, check in checks.items():
        try:
            check()
        except Exception as error:  # noqa: BLE001 - the name of the dependency is what matters
            failing[name] = f"{type(error).__name__}: {str(error).splitlines()[0][:200]}"
    return failing


def access_rules(dependant: Dependant) -> list[AccessRule]:
    """Return the access rules in a route's dependency tree."""
    found = [dependant.call] if isinstance(dependant.call, AccessRule) else []
    for child in dependant.dependencies:
        found += access_rules(child)
    return found


def route_rules(app: FastAPI) -> list[tuple[str, str, list[AccessRule]]]:
    """Return (method, path template, access rules) of every route of a hub."""
    found: list[tuple[str, str, list[AccessRule]]] = []
    for route in iter_route_contexts(app.routes):
        dependant = getattr(route.original_route, "dependant", None)
        if isinstance(route.original_route, APIRoute) and dependant is not None:
            rules = access_rules(dependant)
            found += [(method, route.path or "", rules) for method in sorted(route.methods or ())]
    return found


def _require_rules(app: FastAPI) -> None:
    for method, path, rules in route_rules(app):
        if not rules:
            raise TypeError(f"{method} {path} states no access rule")
