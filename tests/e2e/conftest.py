"""The whole platform as processes, started as its operator starts it."""

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
import pytest

from shared.testing.processes import wait_until

ROOT = Path(__file__).resolve().parents[2]


def port_base() -> int:
    """Six free ports in a row."""
    for base in range(21000 + os.getpid() % 500 * 10, 60000, 10):
        sockets = []
        try:
            for port in range(base, base + 6):
                probe = socket.socket()
                sockets.append(probe)
                probe.bind(("127.0.0.1", port))
            return base
        except OSError:
            continue
        finally:
            for probe in sockets:
                probe.close()
    raise RuntimeError("no six free ports in a row")


class Platform:
    """One installation in a folder; `once` runs it through, `start` keeps it up."""

    def __init__(self, data_dir: Path, env: dict[str, str] | None = None) -> None:
        self.data_dir = data_dir
        self.base = port_base()
        self.env = {**os.environ, "OP_LOG_LEVEL": "INFO", **(env or {})}
        self.popen: subprocess.Popen[str] | None = None
        self.errors = data_dir.parent / f"{data_dir.name}.err"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.base}"

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "services.cli", *arguments, "--port-base", str(self.base), "--data-dir", str(self.data_dir)]

    def once(self, *arguments: str) -> dict[str, Any]:
        done = subprocess.run(
            self.command("up", "--once", "--json", *arguments),
            cwd=ROOT, env=self.env, capture_output=True, text=True, timeout=300, check=False,
        )
        assert done.returncode == 0, done.stderr[-6000:]
        return json.loads(done.stdout)

    def start(self, *arguments: str) -> None:
        with self.errors.open("w") as log:
            self.popen = subprocess.Popen(
                self.command("up", *arguments), cwd=ROOT, env=self.env, stdout=log, stderr=log, text=True
            )
        wait_until(lambda: "Ctrl-C" in self.errors.read_text() or self.popen.poll() is not None, "the platform", timeout=180)
        assert self.popen.poll() is None, self.errors.read_text()[-6000:]

    def run(self, *arguments: str, timeout: float = 180) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(*arguments), cwd=ROOT, env=self.env, capture_output=True, text=True, timeout=timeout, check=False
        )

    def pid(self, component: str) -> int:
        return int((self.data_dir / "run" / f"{component}.pid").read_text())

    def get(self, path: str, **params: Any) -> Any:
        answer = httpx.get(f"{self.url}{path}", params=params, timeout=30, trust_env=False)
        answer.raise_for_status()
        return answer.json()

    def everything(self, collection: str) -> list[dict[str, Any]]:
        rows, url = [], f"{self.url}/api/v1/{collection}?limit=100"
        while url:
            page = httpx.get(url, timeout=30, trust_env=False).raise_for_status().json()
            rows += page["data"]
            url = page["next"] and httpx.URL(self.url).join(page["next"])
        return rows

    def stop(self) -> None:
        if self.popen is not None and self.popen.poll() is None:
            self.popen.send_signal(signal.SIGTERM)
            try:
                self.popen.wait(60)
            except subprocess.TimeoutExpired:
                self.popen.kill()
                self.popen.wait()


@pytest.fixture
def platform(tmp_path):
    found = Platform(tmp_path / "op")
    yield found
    found.stop()
