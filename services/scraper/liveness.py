"""Signs of life of a worker: a heartbeat file, and /metrics, /livez, /readyz on an optional port."""

from __future__ import annotations

import json
import os
import socket
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from prometheus_client import CollectorRegistry, Gauge, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from shared.core.clock import utc_now

State = Callable[[], dict[str, Any]]


class Heartbeat:
    """Writes what the worker does to ``<work>/workers/<host>-<pid>.json``; removes it at the end."""

    def __init__(self, folder: Path, state: State) -> None:
        self._path = folder / "workers" / f"{socket.gethostname()}-{os.getpid()}.json"
        self._state = state

    def beat(self) -> None:
        """Write the file anew."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        aside = self._path.with_suffix(".new")
        content = {"pid": os.getpid(), "at": utc_now().isoformat(), **self._state()}
        aside.write_text(json.dumps(content), encoding="utf-8")
        aside.replace(self._path)

    def end(self) -> None:
        """Remove the file."""
        self._path.unlink(missing_ok=True)


class MetricsServer:
    """Serves the worker's numbers; ``is_connected`` decides readiness."""

    def __init__(self, host: str, port: int, state: State) -> None:
        self._server = ThreadingHTTPServer((host, port), _handler(state))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, name="metrics", daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        """Return the port it listens on."""
        return int(self._server.server_address[1])

    def close(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()


def _metrics(state: dict[str, Any]) -> bytes:
    numbers = CollectorRegistry()
    for name, about, key in (
        ("openpolicy_scraper_jobs_handled", "Jobs seen through since the start.", "handled"),
        ("openpolicy_scraper_child_deaths", "Child processes that died since the start.", "deaths"),
        ("openpolicy_scraper_busy", "1 while a job runs.", "is_busy"),
        ("openpolicy_scraper_connected", "1 while the worker consumes the queue.", "is_connected"),
    ):
        Gauge(name, about, registry=numbers).set(float(state[key]))
    return generate_latest(numbers)


def _handler(state: State) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        """Answers GET; logs nothing."""

        def do_GET(self) -> None:
            """Answer one request."""
            now = state()
            if self.path == "/metrics":
                self._answer(200, CONTENT_TYPE_LATEST, _metrics(now))
            elif self.path in {"/healthz", "/livez"}:
                self._answer(200, "application/json", b'{"status":"ok"}')
            elif self.path == "/readyz":
                status = 200 if now["is_connected"] else 503
                self._answer(status, "application/json", json.dumps({"bus": now["is_connected"]}).encode())
            else:
                self._answer(404, "application/json", b'{"title":"Not found","status":404}')

        def _answer(self, status: int, content_type: str, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """Keep probes out of the log."""

    return Handler
