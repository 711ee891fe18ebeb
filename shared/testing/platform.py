"""A whole installation as processes, started as its operator does: for end-to-end tests and benchmarks."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx

from shared.testing.processes import ProcessFailed, wait_until

_ROOT = Path(__file__).resolve().parents[2]
_ONCE_TIMEOUT_S = 300
_READY_TIMEOUT_S = 180
_STOP_TIMEOUT_S = 60


_claims: list[socket.socket] = []


def port_base() -> int:
    """Return the first of eight free ports in a row, for one caller alone while this process lives."""
    for base in range(21_000 + os.getpid() % 500 * 10, 32_000, 10):
        # An installation listens some seconds later only: until then, a datagram socket claims the ports.
        claim = socket.socket(type=socket.SOCK_DGRAM)
        sockets: list[socket.socket] = []
        try:
            claim.bind(("127.0.0.1", base))
            for port in range(base, base + 8):
                probe = socket.socket()
                sockets.append(probe)
                probe.bind(("127.0.0.1", port))
        except OSError:
            claim.close()
            continue
        finally:
            for probe in sockets:
                probe.close()
        _claims.append(claim)
        return base
    raise ProcessFailed("no eight free ports in a row")


class Platform:
    """One installation in a folder; ``once`` runs it through, ``start`` keeps it up until ``stop``."""

    def __init__(self, data_dir: Path, env: dict[str, str] | None = None) -> None:
        self.data_dir = data_dir
        self.base = port_base()
        self.env = {**os.environ, **(env or {})}
        self.popen: subprocess.Popen[str] | None = None
        self.log = data_dir.with_suffix(".log")

    @property
    def url(self) -> str:
        """Return the gateway's address."""
        return f"http://127.0.0.1:{self.base}"

    def command(self, *arguments: str) -> list[str]:
        """Return a command line of ``openpolicy`` for this installation."""
        place = ["--port-base", str(self.base), "--data-dir", str(self.data_dir)]
        return [sys.executable, "-m", "services.cli", *arguments, *place]

    def run(self, *arguments: str, timeout_s: float = _ONCE_TIMEOUT_S) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        return subprocess.run(
            self.command(*arguments),
            cwd=_ROOT,
            env=self.env,
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
        )

    def once(self, *arguments: str) -> dict[str, Any]:
        """Run ``up --once --json`` and return its summary. Raises: ProcessFailed."""
        done = self.run("up", "--once", "--json", *arguments)
        if done.returncode:
            raise ProcessFailed(f"up ended with {done.returncode}:\n{done.stderr[-6000:]}")
        summary: dict[str, Any] = json.loads(done.stdout)
        return summary

    def start(self, *arguments: str) -> None:
        """Start ``up`` and wait until it stays. Raises: ProcessFailed."""
        with self.log.open("w") as log:
            self.popen = subprocess.Popen(
                self.command("up", *arguments), cwd=_ROOT, env=self.env, stdout=log, stderr=log, text=True
            )
        wait_until(
            lambda: "Ctrl-C" in self.log.read_text() or self.has_ended,
            timeout=_READY_TIMEOUT_S,
            what="the platform",
        )
        if self.has_ended:
            raise ProcessFailed(self.log.read_text()[-6000:])

    @property
    def has_ended(self) -> bool:
        """Tell whether the supervisor is not running."""
        return self.popen is None or self.popen.poll() is not None

    def pid(self, component: str) -> int:
        """Return the process id of a component."""
        return int((self.data_dir / "run" / f"{component}.pid").read_text())

    def kill(self, component: str) -> None:
        """Kill a component with SIGKILL, whatever it is doing."""
        os.kill(self.pid(component), signal.SIGKILL)

    def get(self, path: str, **params: Any) -> Any:
        """Return the decoded answer of a GET through the gateway."""
        answer = httpx.get(f"{self.url}{path}", params=params, timeout=30, trust_env=False)
        answer.raise_for_status()
        return answer.json()

    def everything(self, collection: str) -> list[dict[str, Any]]:
        """Return all rows of a collection, following ``next``."""
        rows: list[dict[str, Any]] = []
        url: httpx.URL | None = httpx.URL(f"{self.url}/api/v1/{collection}?limit=100")
        while url:
            page = httpx.get(url, timeout=30, trust_env=False).raise_for_status().json()
            rows += page["data"]
            url = httpx.URL(self.url).join(page["next"]) if page["next"] else None
        return rows

    def stop(self) -> None:
        """End everything in order; kill what does not end."""
        if self.popen is None or self.has_ended:
            return
        self.popen.send_signal(signal.SIGTERM)
        try:
            self.popen.wait(_STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self.popen.kill()
            self.popen.wait()
