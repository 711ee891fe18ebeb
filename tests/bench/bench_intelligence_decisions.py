"""Decisions through HTTP, embedded and with an OPA server: p50 and p99 at 500 a second, and the most there is.

Questions go out when they are due, whatever became of those before (open loop), and no two are the same. The
processor time of whoever asks is printed too: both share the machine.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from collections import deque
from contextlib import ExitStack
from itertools import count

import psutil
import uvloop

from shared.db.prepare import upgrade_schemas
from shared.testing.ports import free_port
from shared.testing.processes import Processes
from shared.testing.servers import RealOpa
from tests.bench.security_platform import ROOT, Platform, platform

SECONDS, A_SECOND, CONNECTIONS, CALLERS = 6, 500, 32, 8
PATH = "/v1/data/openpolicy/gateway/allow"
_numbers = count()


def question(token: str) -> bytes:
    """Return a whole request; the caller in it is a new one each time."""
    subject = {"id": f"user-{next(_numbers)}", "kind": "user", "client_id": ""}
    subject["scopes"] = ["users:read", "data:*"]  # type: ignore[assignment]
    asked = {"method": "GET", "route": "/api/v1/users", "hub": "security"}
    body = json.dumps({"input": {"subject": subject, "request": asked}}).encode()
    head = f"POST {PATH} HTTP/1.1\r\nHost: hub\r\nAuthorization: Bearer {token}\r\n"
    return f"{head}Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


class Line(asyncio.Protocol):
    """One kept connection; small answers of a known shape, nothing more."""

    def __init__(self, asker: Asker) -> None:
        self._asker = asker
        self.due = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Note the transport."""
        self.transport: asyncio.Transport = transport  # type: ignore[assignment]
        self._held = b""

    def data_received(self, data: bytes) -> None:
        """Take the answer when it is whole, and see that it is yes."""
        self._held += data
        head, _, body = self._held.partition(b"\r\n\r\n")
        at = head.find(b"content-length: ") + len(b"content-length: ")
        if not body or len(body) < int(head[at : at + 6].partition(b"\r")[0]):
            return
        assert b'"result":true' in body, self._held
        self._held = b""
        self._asker.answered(self)


class Asker:
    """Sends what is due over whichever connection is free."""

    def __init__(self, port: int, token: str) -> None:
        self._port = port
        self._token = token
        self._free: deque[Line] = deque()
        self._due: deque[float] = deque()
        self.taken: list[float] = []
        self.until = 0.0
        self._total = 0
        self._all_came = asyncio.Event()

    async def connect(self, lines: int) -> None:
        """Open the connections."""
        loop = asyncio.get_running_loop()
        for _ in range(lines):
            _, line = await loop.create_connection(lambda: Line(self), "127.0.0.1", self._port)
            self._free.append(line)

    def ask(self, due: float) -> None:
        """Ask now if a connection is free, else as soon as one is; the wait counts."""
        if self._free:
            self._send(self._free.popleft(), due)
        else:
            self._due.append(due)

    def _send(self, line: Line, due: float) -> None:
        line.due = due
        line.transport.write(question(self._token))

    def answered(self, line: Line) -> None:
        """Note the time; use the connection again."""
        now = time.perf_counter()
        self.taken.append((now - line.due) * 1000)
        if len(self.taken) == self._total:
            self._all_came.set()
        if self._due:
            self._send(line, self._due.popleft())
        elif now < self.until:
            self._send(line, now)
        else:
            self._free.append(line)

    async def paced(self, seconds: float) -> list[float]:
        """Return milliseconds from when each question was due to its answer, sorted."""
        self.taken, number, start = [], 0, time.perf_counter() + 0.1
        total = int(seconds * A_SECOND)
        while number < total:
            now = time.perf_counter()
            while number < total and start + number / A_SECOND <= now:
                self.ask(start + number / A_SECOND)
                number += 1
            await asyncio.sleep(max(0.0, start + number / A_SECOND - time.perf_counter()))
        self._total = total
        if len(self.taken) < total:
            self._all_came.clear()
            await self._all_came.wait()
        return sorted(self.taken)

    async def most(self, seconds: float) -> float:
        """Return decisions per second when each of a few callers asks again at once."""
        self.taken, begun = [], time.perf_counter()
        self.until = begun + seconds
        for _ in range(CALLERS):
            self.ask(time.perf_counter())
        await asyncio.sleep(seconds)
        rate = len(self.taken) / (time.perf_counter() - begun)
        await asyncio.sleep(0.2)
        return rate


async def drive(what: str, port: int, token: str, hub: psutil.Process) -> None:
    """Ask, and print what came of it."""
    asker = Asker(port, token)
    await asker.connect(CONNECTIONS)
    await asker.paced(1)
    used, own = sum(hub.cpu_times()[:2]), time.process_time()
    taken = await asker.paced(SECONDS)
    paced_ms = (sum(hub.cpu_times()[:2]) - used) * 1000 / len(taken)
    own_ms = (time.process_time() - own) * 1000 / len(taken)
    used = sum(hub.cpu_times()[:2])
    rate = await asker.most(5)
    most_ms = (sum(hub.cpu_times()[:2]) - used) * 1000 / max(1, len(asker.taken))
    p50, p99 = (taken[int(len(taken) * share)] for share in (0.5, 0.99))
    print(
        f"   {what:10} at {A_SECOND}/s: p50 {p50:6.2f} ms, p99 {p99:6.2f} ms; most {rate:6,.0f}/s", flush=True
    )
    print(
        f"   {'':10} processor time a decision: hub {paced_ms:.2f} ms at {A_SECOND}/s, {most_ms:.2f} ms at"
        f" most; whoever asks {own_ms:.2f} ms",
        flush=True,
    )


def measure(what: str, security: Platform, **environment: str) -> None:
    """Start a hub as the image does and print what it does."""
    port = free_port()
    upgrade_schemas(security.settings, "intelligence")
    database = security.settings.database
    env = {
        **os.environ,
        "OP_DATABASE__URL": database.url,
        "OP_DATABASE__ROLE_PASSWORD": database.role_password.get_secret_value(),
        "OP_DATA_DIR": str(security.settings.data_dir),
        "OP_HUBS__SECURITY": security.url,
        "OP_HUBS__DATA": "http://127.0.0.1:9",
        "OP_LOG_LEVEL": "WARNING",
        **environment,
    }
    words = ["-m", "uvicorn", "--factory", "hubs.intelligence_hub.app:create_app", "--port", str(port)]
    with Processes() as processes:
        hub = processes.run(sys.executable, *words, "--no-access-log", env=env, cwd=ROOT)
        hub.wait_for_http(f"http://127.0.0.1:{port}/health", timeout=120)
        uvloop.run(drive(what, port, security.token("hub:ux"), psutil.Process(hub.pid)))


def main() -> None:
    """Print the figures."""
    with ExitStack() as stack:
        security = stack.enter_context(platform())
        measure("embedded", security)
        opa = RealOpa()
        opa.start()
        stack.callback(opa.stop)
        measure("OPA", security, OP_OPA__URL=opa.url)


if __name__ == "__main__":
    main()
