"""The client with which a process calls others."""

from __future__ import annotations

import threading

import httpx


def make_client(timeout_s: float) -> httpx.Client:
    """Return a client with one time limit (seconds) for each step of a call.

    The certificates of the world's authorities (2 MiB, 20 ms) are read when something is called over TLS for
    the first time: within a platform nothing is. Proxies and certificates of the environment are not heeded.
    """
    return httpx.Client(
        timeout=timeout_s,
        trust_env=False,
        # For plain HTTP alone; whatever is https goes to the other one.
        transport=httpx.HTTPTransport(verify=False, trust_env=False),
        mounts={"https://": _OverTls()},
    )


class _OverTls(httpx.BaseTransport):
    """A transport that verifies whom it talks to, made at first use."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._made: httpx.HTTPTransport | None = None

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request."""
        with self._lock:
            if self._made is None:
                self._made = httpx.HTTPTransport(trust_env=False)
            made = self._made
        return made.handle_request(request)

    def close(self) -> None:
        """Close what was made."""
        if self._made is not None:
            self._made.close()
