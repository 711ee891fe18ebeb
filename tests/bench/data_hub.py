"""A data_hub in a process of its own on a real PostgreSQL, for the benchmarks that talk to it."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPResponse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import orjson
import psycopg
from joserfc import jwt
from joserfc.jwk import ECKey

from shared.core.clock import utc_now
from shared.core.ids import new_id
from shared.core.memory import process_tree, tree_mib
from shared.testing.databases import Databases, FreshDatabase
from shared.testing.ports import free_port
from shared.testing.processes import Process, Processes, wait_until
from shared.testing.servers import RealPostgres
from tests.bench.image_packages import hide_others

# docs of the deployment: 1 GiB for PostgreSQL.
POSTGRES = {
    "shared_buffers": "256MB", "effective_cache_size": "640MB", "maintenance_work_mem": "64MB",
    "work_mem": "4MB", "random_page_cost": "1.1", "checkpoint_completion_target": "0.9",
    "max_connections": "60", "jit": "off", "max_parallel_workers_per_gather": "0",
    "max_parallel_maintenance_workers": "0", "max_wal_size": "1GB", "autovacuum_max_workers": "2",
    "fsync": "on",
}  # fmt: skip
KEY = ECKey.generate_key("P-256", parameters={"kid": "bench"})


def migrate(database: FreshDatabase) -> None:
    """Bring the schema of data_hub to its newest migration."""
    subprocess.run(
        [sys.executable, "-m", "shared.db.migrate", "data", "upgrade"],
        env={**os.environ, **database.env()},
        check=True,
    )


class _Keys(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = json.dumps({"keys": [KEY.as_dict(private=False, kid="bench")]}).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@dataclass
class BenchHub:
    """A running hub, its database, and who may write to it."""

    url: str
    dsn: str
    http: httpx.Client
    issuer: str
    start: Callable[[], Process]
    process: Process
    environment: Mapping[str, str]
    """How another hub reaches the database server."""
    _plain: HTTPConnection | None = None

    @property
    def pid(self) -> int:
        """Return the hub's process id, another one after a restart."""
        return self.process.pid

    def restart(self) -> None:
        """End the hub and start it again on the same database and the same index."""
        self.process.terminate()
        self.process, self._plain = self.start(), None

    def wait_until_idle(self, timeout: float = 300) -> float:
        """Wait until the hub does nothing of its own accord, merges of the index over; return the seconds."""
        began = time.perf_counter()

        def is_idle() -> bool:
            before = self.cpu_s()
            time.sleep(2)
            return self.cpu_s() - before < 0.1

        wait_until(is_idle, timeout=timeout, what="an idle hub")
        return time.perf_counter() - began

    def headers(self) -> dict[str, str]:
        """Return the headers of a write."""
        now = int(time.time())
        claims = {
            "iss": self.issuer, "aud": "openpolicy", "sub": "bench", "iat": now, "exp": now + 3_000, "scope": "data:*",
        }  # fmt: skip
        token = jwt.encode(
            {"alg": "ES256", "typ": "at+jwt", "kid": "bench"}, claims, KEY, algorithms=["ES256"]
        )
        return {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}

    def get(self, path: str) -> bytes:
        """Read a path over one kept connection of the standard library: httpx alone costs a millisecond."""
        answer, body = self._read(path)
        if answer.status != 200:
            raise RuntimeError(f"{path}: {answer.status} {body[:300]!r}")
        return body

    def _read(self, path: str) -> tuple[HTTPResponse, bytes]:
        for is_first in (True, False):
            if self._plain is None:
                self._plain = HTTPConnection(self.url.removeprefix("http://"), timeout=600)
            try:
                self._plain.request("GET", path)
                answer = self._plain.getresponse()
                return answer, answer.read()
            except ConnectionError:
                # The server closes what was idle for some seconds.
                self._plain = None
                if not is_first:
                    raise
        raise AssertionError

    def cpu_s(self) -> float:
        """Return the seconds of processor time that the hub and its search process have taken."""
        ticks = 0
        for pid in process_tree(self.pid):
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            ticks += int(fields[11]) + int(fields[12])
        return ticks / os.sysconf("SC_CLK_TCK")

    def memory_mib(self) -> float:
        """Return the memory (PSS) of the hub and its search process."""
        return tree_mib(self.pid)

    def load(self, bodies: Sequence[bytes]) -> tuple[float, dict[str, int]]:
        """Send batches one after the other; return the seconds and the counts."""
        counts: dict[str, int] = {}
        headers = self.headers()
        began = time.perf_counter()
        for body in bodies:
            answer = self.http.post(
                f"{self.url}/api/v1/batches",
                content=body,
                headers={**headers, "Idempotency-Key": str(new_id())},
            )
            answer.raise_for_status()
            for name, count in answer.json()["report"].items():
                counts[name] = counts.get(name, 0) + count
        return time.perf_counter() - began, {name: count for name, count in counts.items() if count}

    def wait_for_index(self, timeout: float = 600) -> float:
        """Wait until the index holds every change; return the seconds."""
        return wait_for_index(self.http, self.url, timeout)


def wait_for_index(http: httpx.Client, url: str, timeout: float = 600) -> float:
    """Wait until the index of the data_hub at an address holds every change; return the seconds."""
    began = time.perf_counter()

    def caught_up() -> bool:
        position = http.get(f"{url}/api/v1/changes?after=now").json()["meta"]["position"]
        state = http.get(f"{url}/api/v1/search/index").json()
        return bool(state["status"] == "ready" and state["position"] >= position)

    wait_until(caught_up, timeout=timeout, what="the index")
    return time.perf_counter() - began


@contextmanager
def bench_hub() -> Iterator[BenchHub]:
    """Start PostgreSQL 15 and a hub on it; stop both."""
    server = RealPostgres()
    keys = ThreadingHTTPServer(("127.0.0.1", 0), _Keys)
    threading.Thread(target=keys.serve_forever, daemon=True).start()
    try:
        server.start()
        with psycopg.connect(_plain(server.admin_url), autocommit=True) as admin:
            for name, value in POSTGRES.items():
                admin.execute(f"ALTER SYSTEM SET {name} = '{value}'")
        server.end(signal.SIGINT)
        server.start()
        with (
            Databases(server).fresh(migrate) as database,
            tempfile.TemporaryDirectory() as folder,
            Processes() as run,
        ):
            port = free_port()
            issuer = f"http://127.0.0.1:{keys.server_port}"
            environment = {
                **database.env(), "OP_DATA_DIR": folder, "OP_LOG_LEVEL": "ERROR", "OP_HUBS__SECURITY": issuer,
                "OP_EXPORTS_EVERY_HOURS": "0",
            }  # fmt: skip
            # With the packages of its image: others come along when they are there (a terminal's, a crawler's).
            environment |= hide_others("hub", Path(folder) / "packages")
            url = f"http://127.0.0.1:{port}"
            with httpx.Client(timeout=600) as http:

                def is_up() -> bool:
                    try:
                        return http.get(f"{url}/readyz").status_code == 200
                    except httpx.HTTPError:
                        return False

                def start() -> Process:
                    process = run.python(
                        "-m", "uvicorn", "--factory", "hubs.data_hub.app:create_app", "--port", str(port), "--log-level",
                        "error", "--no-access-log", env=environment, cwd=Path.cwd(),
                    )  # fmt: skip
                    wait_until(is_up, timeout=60, what="data_hub")
                    return process

                yield BenchHub(
                    url, _plain(database.url("data")), http, issuer, start, start(), database.env()
                )
    finally:
        keys.shutdown()
        server.stop()


def _plain(url: Any) -> str:
    return str(url.set(drivername="postgresql").render_as_string(hide_password=False))


def batches(
    kind: str, rows: Sequence[dict[str, Any]], size: int, run_id: Any, source_id: str = "bench"
) -> list[bytes]:
    """Return rows as the bodies of batches."""
    return [
        orjson.dumps(
            {
                "run_id": str(run_id), "source_id": source_id, "kind": kind, "observed_at": utc_now(),
                "records": rows[start : start + size],
            }
        )
        for start in range(0, len(rows), size)
    ]  # fmt: skip


def source(url: str) -> list[dict[str, str]]:
    """Return the provenance of a record."""
    return [
        {
            "url": url,
            "retrieved_at": "2026-01-01T00:00:00Z",
            "sha256": "a" * 64,
            "parser": "bench/1",
            "licence": "OGL",
        }
    ]


PARTIES = ("Liberal", "Conservative", "Bloc Québécois", "NDP", "Green Party")


def make_people(count: int) -> list[dict[str, Any]]:
    """Return people with contacts and identifiers."""
    return [
        {
            "key": f"ca/house/person/{80_000 + n}", "name": f"Jean-François Tremblay {n}", "given_name": "Jean-François",
            "family_name": f"Tremblay {n}", "identifiers": [{"scheme": "ourcommons.ca/person", "value": str(80_000 + n)}],
            "contacts": [{"type": "email", "value": f"p{n}@parl.gc.ca"}, {"type": "voice", "value": f"613-{n:07}", "note": "legislature"}],
            "sources": source("https://www.ourcommons.ca/members/en/search/xml"),
        }
        for n in range(count)
    ]  # fmt: skip


def make_bills(count: int) -> list[dict[str, Any]]:
    """Return bills with six stages and a sponsor each."""
    return [
        {
            "key": f"ca/bill/{38 + n // 1_000}-1/c-{n % 1_000 + 1}", "session": f"{38 + n // 1_000}-1", "number": f"C-{n % 1_000 + 1}",
            "title_en": f"An Act respecting the regulation of matters of kind {n}",
            "title_fr": f"Loi concernant la réglementation des affaires de la sorte {n}", "chamber": "house",
            "introduced_on": f"20{10 + n % 15}-06-{n % 28 + 1:02}", "latest_activity_on": f"20{10 + n % 15}-07-{n % 28 + 1:02}",
            "status_code": "HouseAt2ndReading", "status_en": "At second reading", "status_fr": "À l'étape de la deuxième lecture",
            "sponsors": [{"person_key": f"ca/house/person/{80_000 + n % 2_000}", "name": f"Jean-François Tremblay {n % 2_000}"}],
            "stages": [
                {"chamber": "house", "code": f"s{k}", "name_en": "First reading", "name_fr": "Première lecture", "date": "2025-06-01"}
                for k in range(6)
            ],
            "sources": source(f"https://www.parl.ca/legisinfo/en/bill/{n}/json"),
        }
        for n in range(count)
    ]  # fmt: skip


def make_votes(count: int, ballots: int, members: int = 2_000) -> list[dict[str, Any]]:
    """Return recorded votes with their ballots."""
    chance = random.Random(7)
    found = []
    for n in range(count):
        first = (n // 200 * 50) % max(1, members - ballots)
        found.append(
            {
                "key": f"ca/house/vote/{38 + n // 200}-1/{n % 200 + 1}",
                "organization_key": "ca/house",
                "session": f"{38 + n // 200}-1",
                "number": n % 200 + 1,
                "date": f"20{10 + n % 15}-06-{n % 28 + 1:02}",
                "result": "pass",
                "subject_en": f"2nd reading of Bill C-{n % 1_000}",
                "subject_fr": f"2e lecture du projet de loi C-{n % 1_000}",
                "bill_key": f"ca/bill/{38 + n // 200}-1/c-{n % 1_000 + 1}",
                "ballots": [
                    {
                        "person_key": f"ca/house/person/{80_000 + first + k}",
                        "name": f"Jean-François Tremblay {first + k}",
                        "option": "yes" if chance.random() < (0.95 if k % 5 < 2 else 0.1) else "no",
                        "constituency": f"Circonscription {k}",
                        "party": PARTIES[k % 5],
                    }
                    for k in range(ballots)
                ],
                "sources": source(f"https://www.ourcommons.ca/members/en/votes/{n}/xml"),
            }
        )
    return found  # fmt: skip
