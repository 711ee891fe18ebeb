"""The processes of one installation and how each begins, all forked from one warmed parent."""

from __future__ import annotations

import gc
import importlib
import os
import signal
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

HUB_PORTS = {"ux": 0, "security": 1, "data": 2, "business": 3, "ops": 4, "intelligence": 5}
"""Offset of each hub's port from the port base (8000)."""
PROBE_PORTS = {"importer": 6, "scraper": 7}
"""Offset of the port on which each process without an API answers those who watch it."""
START_ORDER = ("security", "data", "business", "intelligence", "ops", "ux")
_GRACE_S = 10
_built: dict[str, Any] = {}


@dataclass(frozen=True)
class Component:
    """One process: its name, what it runs, and where it answers (None: no HTTP)."""

    name: str
    run: Callable[[], None]
    port: int | None = None


# By name: what a hub listens with is imported where it serves.
_DOOR_PROTOCOL = "hubs.ux_hub.api_gateway.listening:BoundedProtocol"


def run_hub(name: str, port: int) -> None:
    """Serve one hub on loopback until SIGTERM."""
    import uvicorn

    config = uvicorn.Config(
        _built.get(name) or _app_of(name),
        host=os.environ.get("OP_BIND_HOST", "127.0.0.1"),
        port=port,
        loop="uvloop",
        http=_DOOR_PROTOCOL if name == "ux" else "httptools",
        log_config=None,
        access_log=False,
        server_header=False,
        # The hubs believe the gateway about the client's address; the gateway believes nobody.
        proxy_headers=name != "ux",
        timeout_graceful_shutdown=_GRACE_S,
        timeout_keep_alive=30,
    )
    uvicorn.Server(config).run()


def _app_of(name: str) -> Any:
    return importlib.import_module(f"hubs.{name}_hub.app").create_app()


def _stopped_by_signals() -> threading.Event:
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    return stop


def run_importer(probe_port: int) -> None:
    """Take what the scraper publishes into the record until SIGTERM."""
    os.environ["OP_PROBE__PORT"] = str(probe_port)
    module = importlib.import_module("hubs.business_hub.importer")
    module.run_importer(None, _stopped_by_signals())


def run_scraper(probe_port: int) -> None:
    """Take scrape jobs until SIGTERM."""
    os.environ["OP_SCRAPER__METRICS_PORT"] = str(probe_port)
    module = importlib.import_module("services.scraper.worker")
    module.run_worker(None, _stopped_by_signals())


def run_miniature(port: int) -> None:
    """Serve the miniature Parliament until SIGTERM."""
    from services.miniature import MiniatureServer

    stop = _stopped_by_signals()
    with MiniatureServer(port=port):
        stop.wait()


def warm_up() -> None:
    """Import and build what the children share, so that their pages are one copy.

    Building an app opens nothing; its routes and schemas are most of what a hub would allocate of its own.
    """
    # All that is made here stays: looking for garbage in it again and again takes a fifth of the time.
    gc.disable()
    try:
        _import_and_build()
    finally:
        gc.enable()


def _import_and_build() -> None:
    for module in (
        "uvicorn.protocols.http.httptools_impl",
        "uvicorn.lifespan.on",
        "uvloop",
        "psycopg",
        "sqlalchemy.dialects.postgresql.psycopg",
        "prometheus_client.openmetrics.exposition",
        "shared.messaging.factory",
        "shared.messaging.consumer",
        "shared.outbox.relay",
        *(f"hubs.{name}_hub.app" for name in START_ORDER),
        "hubs.business_hub.importer",
        "services.scraper.worker",
        "anyio._backends._asyncio",
        "anyio.to_thread",
        "uvicorn.loops.uvloop",
        "uvicorn.server",
        "httpcore",
        "h11",
        "certifi",
        "encodings.idna",
        "cryptography.hazmat.primitives.asymmetric.ed25519",
    ):
        importlib.import_module(module)
    for name in START_ORDER:
        _built[name] = _app_of(name)


def components(port_base: int, miniature_port: int | None) -> list[Component]:
    """Return the processes in the order in which they start."""
    found = []
    if miniature_port is not None:
        found.append(Component("miniature", lambda: run_miniature(miniature_port), None))
    for name in START_ORDER:
        port = port_base + HUB_PORTS[name]
        found.append(Component(name, _hub_starter(name, port), port))
    found.append(Component("importer", lambda: run_importer(port_base + PROBE_PORTS["importer"])))
    found.append(Component("scraper", lambda: run_scraper(port_base + PROBE_PORTS["scraper"])))
    return found


def _hub_starter(name: str, port: int) -> Callable[[], None]:
    return lambda: run_hub(name, port)
