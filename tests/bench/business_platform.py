"""What the benchmarks of business_hub run on: a real PostgreSQL, data_hub as a process, the importer in this one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
from joserfc import jwt
from joserfc.jwk import ECKey

from hubs.business_hub.importer import open_importer, start_importer
from hubs.business_hub.settings import BusinessSettings, TaskSettings, UploadSettings
from shared.app import Resources
from shared.clients.data_hub import DataHubClient
from shared.settings import HubUrls, RabbitSettings
from shared.testing.databases import Databases, FreshDatabase
from shared.testing.ports import free_port
from shared.testing.processes import answers, wait_until
from shared.testing.servers import RealPostgres


class Issuer:
    """Issues the tokens of services, as security_hub does."""

    def __init__(self) -> None:
        self.key = ECKey.generate_key("P-256", parameters={"kid": "bench"})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()

    def token(self) -> dict[str, Any]:
        """Return the answer of a token endpoint."""
        now = int(time.time())
        claims = {
            "iss": self.url, "aud": "openpolicy", "sub": "hub:business", "iat": now, "exp": now + 3_600,
            "scope": "data:write jobs:read jobs:write",
        }  # fmt: skip
        header = {"alg": "ES256", "typ": "at+jwt", "kid": "bench"}
        text = jwt.encode(header, claims, self.key, algorithms=["ES256"])
        return {"access_token": text, "token_type": "Bearer", "expires_in": 3_600}

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        issuer = self

        class Handler(BaseHTTPRequestHandler):
            """Answers with keys and tokens."""

            def do_GET(self) -> None:
                """Answer with the keys."""
                self._answer({"keys": [issuer.key.as_dict(private=False, kid="bench")]})

            def do_POST(self) -> None:
                """Answer with a token."""
                self.rfile.read(int(self.headers.get("content-length", 0)))
                self._answer(issuer.token())

            def _answer(self, content: dict[str, Any]) -> None:
                body = json.dumps(content).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: Any) -> None:
                """Stay quiet."""

        return Handler


@dataclass
class Platform:
    """A database with both schemas, data_hub over HTTP, and an importer."""

    database: FreshDatabase
    importer: Resources
    canon: DataHubClient
    http: httpx.Client
    """business_hub, as somebody calls it who may do everything."""
    pids: dict[str, int]
    server: RealPostgres
    data_url: str

    def cpu_s(self) -> dict[str, float]:
        """Return the seconds of CPU used so far by the importer, the two hubs and PostgreSQL."""
        return {
            "importer": time.process_time(),
            **{name: _cpu_of(pid) for name, pid in self.pids.items()},
            "postgres": _cpu_of(self.server.pid) + _cpu_of_children(self.server.pid),
        }


def _stat(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


def _cpu_of(pid: int) -> float:
    # Fields 14 to 17 of proc(5): own time, and that of children that have ended.
    return sum(map(int, _stat(pid)[11:15])) / os.sysconf("SC_CLK_TCK")


def _cpu_of_children(parent: int) -> float:
    total = 0.0
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = _stat(int(entry.name))
            except OSError:
                continue
            if int(fields[1]) == parent:
                total += sum(map(int, fields[11:13])) / os.sysconf("SC_CLK_TCK")
    return total


def migrate(database: FreshDatabase) -> None:
    """Bring both schemas to their newest migrations."""
    for hub in ("data", "business"):
        command = [sys.executable, "-m", "shared.db.migrate", hub, "upgrade"]
        subprocess.run(command, env={**os.environ, **database.env()}, check=True, capture_output=True)


@contextmanager
def platform(folder: Path, rabbit_url: str = "") -> Iterator[Platform]:
    """Start everything; ``folder`` is that of imports in place."""
    with ExitStack() as stack:
        server = RealPostgres()
        server.start()
        stack.callback(server.stop)
        database = stack.enter_context(Databases(server).fresh(migrate))
        issuer = Issuer()
        stack.callback(issuer.close)
        data_dir = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="op-bench-")))
        ports = {"data": free_port(), "business": free_port()}
        urls = {hub: f"http://127.0.0.1:{port}" for hub, port in ports.items()}
        env = {
            **os.environ, **database.env(), "OP_DATA_DIR": str(data_dir), "OP_HUBS__SECURITY": issuer.url,
            "OP_HUBS__DATA": urls["data"], "OP_LOG_LEVEL": "WARNING", "OP_RABBIT__URL": rabbit_url,
            "OP_UPLOADS__FOLDER": str(folder), "OP_HTTP__MAX_BODY_BYTES": str(64 * 2**20),
            "OP_FOLLOWS_CONFIGURATION": "false",
        }  # fmt: skip
        pids = {}
        for hub, port in ports.items():
            command = [sys.executable, "-m", "uvicorn", "--factory", f"hubs.{hub}_hub.app:create_app"]
            process = subprocess.Popen([*command, "--port", str(port), "--log-level", "warning"], env=env)
            stack.callback(process.wait)
            stack.callback(process.terminate)
            pids[f"{hub}_hub"] = process.pid
        for hub, url in urls.items():
            wait_until(lambda url=url: answers(f"{url}/readyz"), timeout=240, what=hub)  # type: ignore[misc]
        settings = BusinessSettings(
            data_dir=data_dir,
            database=database.settings().database,
            hubs=HubUrls(security=issuer.url, data=urls["data"]),
            rabbit=RabbitSettings(url=rabbit_url),
            tasks=TaskSettings(runner="importer"),
            uploads=UploadSettings(folder=folder),
        )
        importer = open_importer(settings)
        canon = DataHubClient(urls["data"], importer.http, importer.tokens)
        start_importer(importer, canon)
        stack.callback(importer.stack.close)
        stack.callback(importer.stop.set)
        bearer = {"Authorization": f"Bearer {issuer.token()['access_token']}"}
        http = stack.enter_context(httpx.Client(base_url=urls["business"], headers=bearer, timeout=60))
        yield Platform(database, importer, canon, http, pids, server, urls["data"])
