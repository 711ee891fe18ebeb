"""A security hub in a process of its own on a temporary embedded PostgreSQL, for the benchmarks."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
import psutil

from shared.db.prepare import upgrade_schemas
from shared.settings import HubSettings, HubUrls, derive_secret
from shared.testing.databases import Databases
from shared.testing.embedded import TemporaryEmbedded
from shared.testing.ports import free_port
from shared.testing.processes import Processes

ROOT = Path(__file__).resolve().parents[2]


@dataclass
class Platform:
    """The hub's address, its process, and the settings with which its secrets derive."""

    url: str
    process: psutil.Process
    settings: HubSettings
    http: httpx.Client

    def token(self, client_id: str = "hub:data") -> str:
        """Return a token of one of the platform's processes."""
        secret = derive_secret(self.settings, f"client:{client_id}")
        form = {"grant_type": "client_credentials"}
        answer = self.http.post("/oauth/token", data=form, auth=(client_id, secret))
        return str(answer.raise_for_status().json()["access_token"])

    def administrator(self) -> tuple[str, str]:
        """Return the first administrator's address and password."""
        email, password = (self.settings.data_dir / "admin-password").read_text().split()
        return email, password


@contextmanager
def platform(**environment: str) -> Iterator[Platform]:
    """Start the hub; everything is gone when the block ends."""
    server = TemporaryEmbedded()
    try:
        server.start()
        with (
            Databases(server).fresh() as database,
            TemporaryDirectory() as folder,
            Processes() as processes,
        ):
            port = free_port()
            url = f"http://127.0.0.1:{port}"
            settings = database.settings(data_dir=Path(folder), hubs=HubUrls(security=url))
            upgrade_schemas(settings, "security")
            env = {
                **database.env(),
                "OP_DATA_DIR": folder,
                "OP_HUBS__SECURITY": url,
                "OP_LOG_LEVEL": "WARNING",
                "OP_THROTTLE__PAIR": "1000000",
                "OP_THROTTLE__ADDRESS": "1000000",
                **environment,
            }
            words = ["-m", "uvicorn", "--factory", "hubs.security_hub.app:create_app", "--port", str(port)]
            hub = processes.run(
                sys.executable, *words, "--no-access-log", env={**os.environ, **env}, cwd=ROOT
            )
            hub.wait_for_http(f"{url}/readyz", timeout=120)
            with httpx.Client(base_url=url, trust_env=False, timeout=60) as http:
                yield Platform(url, psutil.Process(hub.pid), settings, http)
    finally:
        server.stop()
