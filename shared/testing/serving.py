"""An application served over real HTTP by a thread of the test's own process."""

import threading
from typing import Any

import uvicorn

from shared.testing.ports import free_port
from shared.testing.processes import wait_until


class Served:
    """An ASGI application on a loopback port, from entering the block to leaving it."""

    def __init__(self, app: Any, port: int | None = None, http: Any = "auto") -> None:
        self.app = app
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        config = uvicorn.Config(
            app,
            port=self.port,
            http=http,
            log_config=None,
            proxy_headers=False,
            server_header=False,
            timeout_graceful_shutdown=2,
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, name=f"served {self.port}", daemon=True)

    def __enter__(self) -> "Served":
        """Start, and wait until requests are answered. Raises: RuntimeError."""
        self._thread.start()
        wait_until(lambda: self._server.started or not self._thread.is_alive(), what="the application")
        if not self._server.started:
            raise RuntimeError("the application did not start; its log says why")
        return self

    def __exit__(self, *_: object) -> None:
        self._server.should_exit = True
        self._thread.join(30)
