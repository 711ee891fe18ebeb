"""A port for a process that serves no other: /livez, /readyz and /metrics, for those who watch it."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder

Failing = Callable[[], Mapping[str, str]]
"""Returns what keeps the process from working, by name; empty: it is ready."""


class ProbeServer:
    """Answers in threads of its own from entering the process's work to ``close``."""

    def __init__(self, host: str, port: int, registry: CollectorRegistry, failing: Failing) -> None:
        self._server = ThreadingHTTPServer((host, port), _handler(registry, failing))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, name="probe", daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        """Return the port it listens on."""
        return int(self._server.server_address[1])

    def close(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()


def _handler(registry: CollectorRegistry, failing: Failing) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        """Answers GET; logs nothing."""

        timeout = 10

        def do_GET(self) -> None:
            """Answer one request."""
            path = self.path.partition("?")[0]
            if path == "/metrics":
                encode, media_type = choose_encoder(self.headers.get("accept", ""))
                self._answer(200, media_type, encode(registry))
            elif path in {"/healthz", "/livez"}:
                self._answer(200, "application/json", b'{"status":"ok"}')
            elif path == "/readyz":
                self._ready(dict(failing()))
            else:
                self._problem({"title": "Not found", "status": 404})

        def _ready(self, why: dict[str, str]) -> None:
            if why:
                detail = f"not ready: {', '.join(sorted(why))}"
                self._problem(
                    {"title": "Service unavailable", "status": 503, "detail": detail, "failing": why}
                )
            else:
                self._answer(200, "application/json", b'{"status":"ready"}')

        def _problem(self, problem: dict[str, Any]) -> None:
            body = json.dumps({"type": "about:blank", **problem}).encode()
            self._answer(problem["status"], "application/problem+json", body)

        def _answer(self, status: int, content_type: str, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """Keep probes out of the log."""

    return Handler
