"""business_hub on a real database and the embedded broker, beside a record kept in memory."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from fastapi.testclient import TestClient
from joserfc import jwt
from joserfc.jwk import ECKey

from hubs.business_hub.app import create_app
from hubs.business_hub.etl.consumers import QUEUE, ImportWorker
from hubs.business_hub.importer import open_importer, start_importer
from hubs.business_hub.settings import BusinessSettings, JobSettings
from shared.app import Resources
from shared.auth import TokenVerifier
from shared.contracts.civic import SourceRef
from shared.contracts.events.scraping import (
    BATCH_CLASSES,
    CompleteSet,
    ScrapeFinishedV1,
    ScrapeProblem,
    ScrapeStartedV1,
)
from shared.contracts.people import PersonRecord
from shared.core.clock import utc_now
from shared.core.ids import new_id
from shared.http.json import dumps
from shared.settings import RabbitSettings
from shared.testing.databases import FreshDatabase
from shared.testing.processes import wait_until
from tests.integration.business_hub.memory_canon import MemoryCanon

SOURCES = """
[[jurisdiction]]
id = "ca"
ocd_id = "ocd-jurisdiction/country:ca/legislature"
name_en = "Parliament of Canada"
name_fr = "Parlement du Canada"
level = "federal"
[[jurisdiction.source]]
id = "ca-federal-mps"
title_en = "Members"
title_fr = "Députés"
kinds = ["person"]
schedule = "0 9 * * *"
expect = { person = [3, 400] }
status = "active"
timeout_s = 1800.0
[[jurisdiction.source]]
id = "ca-federal-bills"
title_en = "Bills"
title_fr = "Projets de loi"
kinds = ["bill"]
"""


def migrate(database: FreshDatabase) -> None:
    """Bring the schema to the newest migration."""
    database.migrate("business")


class Bench:
    """The hub, an importer in threads, and a scraper that the test plays itself."""

    def __init__(
        self, client: TestClient, canon: MemoryCanon, key: ECKey, settings: BusinessSettings
    ) -> None:
        self.client = client
        self.canon = canon
        self.settings = settings
        self.hub: Resources = client.app.state.resources
        self._key = key
        self.importer: Resources | None = None

    def token(self, *scopes: str, subject: str = "ann") -> dict[str, str]:
        now = int(time.time())
        claims = {
            "iss": self.settings.issuer, "aud": "openpolicy", "sub": subject, "iat": now, "exp": now + 600,
            "scope": " ".join(scopes),
        }  # fmt: skip
        header = {"alg": "ES256", "typ": "at+jwt", "kid": "test"}
        return {"Authorization": f"Bearer {jwt.encode(header, claims, self._key, algorithms=['ES256'])}"}

    @property
    def writer(self) -> dict[str, str]:
        return self.token("jobs:read", "jobs:write")

    def create(self, source: str = "ca-federal-mps", **body: Any) -> dict[str, Any]:
        answer = self.client.post("/api/v1/jobs", json={"source_id": source, **body}, headers=self.writer)
        assert answer.status_code == 201, answer.text
        return answer.json()

    def job(self, job_id: str) -> dict[str, Any]:
        return self.client.get(f"/api/v1/jobs/{job_id}", headers=self.writer).json()

    def wait_for(self, job_id: str, *states: str) -> dict[str, Any]:
        wait_until(lambda: self.job(job_id)["state"] in states, timeout=30, what=f"a job {states}")
        return self.job(job_id)

    def start_importer(self) -> ImportWorker:
        """Start the importer's threads with the record in memory behind them."""
        self.importer = open_importer(self.settings)
        # Its own thread would declare it a moment later, and what is published meanwhile would reach nobody.
        self.hub.bus.declare(QUEUE)
        return start_importer(self.importer, self.canon)

    def stop_importer(self) -> None:
        if self.importer is not None:
            self.importer.stop.set()
            self.importer.stack.close()
            self.importer = None

    def scrape(
        self,
        job: dict[str, Any],
        people: Sequence[PersonRecord],
        *,
        outcome: str = "succeeded",
        run_id: UUID | None = None,
        counts: dict[str, int] | None = None,
        is_complete: bool = True,
        problems: tuple[ScrapeProblem, ...] = (),
        size: int = 50,
        is_dry_run: bool = False,
    ) -> UUID:
        """Publish what a worker would publish for a job."""
        run_id = run_id or new_id()
        head = {"producer": "scraper", "job_id": job["id"], "run_id": run_id, "source_id": job["source_id"]}
        self.hub.bus.publish([ScrapeStartedV1(**head, worker="test")])
        batches = [people[at : at + size] for at in range(0, len(people), size)]
        self.hub.bus.publish(
            [
                BATCH_CLASSES["person"](**head, batch=n, records=tuple(batch))
                for n, batch in enumerate(batches)
            ]
        )
        found = {"person": len({one.key for one in people})} if people else {}
        now = utc_now()
        self.hub.bus.publish(
            [
                ScrapeFinishedV1(
                    **head,
                    outcome=outcome,
                    counts=found if counts is None else counts,
                    complete=(CompleteSet(kind="person", prefix="ca/house/person/"),) if is_complete else (),
                    problems=problems,
                    pages=1,
                    started_at=now,
                    finished_at=now,
                    is_dry_run=is_dry_run,
                )
            ]
        )
        return run_id


def people(count: int, **changes: str) -> list[PersonRecord]:
    """Members with keys 0..count-1; ``changes`` maps a number (as k3=...) to another name."""
    source = SourceRef(
        url="https://www.ourcommons.ca/Members/en/search/XML",
        retrieved_at=utc_now(),
        sha256="0" * 64,
        parser="test/1",
    )
    return [
        PersonRecord(key=f"ca/house/person/{n}", name=changes.get(f"k{n}", f"Member {n}"), sources=(source,))
        for n in range(count)
    ]


@pytest.fixture
def make_people() -> Callable[..., list[PersonRecord]]:
    return people


@contextmanager
def running(databases, tmp_path: Path, **changes: Any) -> Iterator[Bench]:
    """Start the hub on a fresh database; ``changes`` are settings."""
    key = ECKey.generate_key("P-256", parameters={"kid": "test"})
    sources = tmp_path / "sources.toml"
    sources.write_text(SOURCES)
    with databases.fresh(migrate) as database:
        settings = BusinessSettings(
            data_dir=tmp_path / "data",
            database=database.settings().database,
            sources_file=sources,
            jobs=JobSettings(keeper_interval_s=0.5),
            **changes,
        )
        with TestClient(create_app(settings), raise_server_exceptions=False) as client:
            resources: Resources = client.app.state.resources
            resources.verifier = TokenVerifier(
                settings.issuer, settings.auth, lambda: {"keys": [key.as_dict(private=False, kid="test")]}
            )
            found = Bench(client, MemoryCanon(), key, settings)
            try:
                yield found
            finally:
                found.stop_importer()


@pytest.fixture
def bench(embedded_databases, tmp_path) -> Iterator[Bench]:
    """The hub on the embedded broker."""
    with running(embedded_databases, tmp_path) as found:
        yield found


@pytest.fixture
def make_bench_on_rabbit(request, embedded_databases, tmp_path) -> Iterator[Callable[[], Bench]]:
    """Start the hub on a real RabbitMQ when called, in a virtual host of its own."""
    with ExitStack() as stack:

        def make() -> Bench:
            server = request.getfixturevalue("rabbitmq_server")
            management = httpx.Client(base_url=server.management_url, timeout=30)
            stack.callback(management.close)
            name = f"test-{new_id()}"
            management.put(f"/api/vhosts/{name}").raise_for_status()
            management.put(
                f"/api/permissions/{name}/guest", json={"configure": ".*", "write": ".*", "read": ".*"}
            ).raise_for_status()
            url = f"{server.url.rpartition('/')[0]}/{name}"
            stack.callback(management.delete, f"/api/vhosts/{name}")
            folder = tmp_path / "rabbit"
            folder.mkdir()
            return stack.enter_context(running(embedded_databases, folder, rabbit=RabbitSettings(url=url)))

        yield make


class TokenIssuer:
    """Keys and tokens over HTTP, as security_hub gives them to the other hubs."""

    def __init__(self) -> None:
        self._key = ECKey.generate_key("P-256", parameters={"kid": "test"})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def token(self) -> str:
        now = int(time.time())
        claims = {
            "iss": self.url, "aud": "openpolicy", "sub": "hub:business", "iat": now, "exp": now + 36_000,
            "scope": "data:write jobs:read jobs:write",
        }  # fmt: skip
        header = {"alg": "ES256", "typ": "at+jwt", "kid": "test"}
        return jwt.encode(header, claims, self._key, algorithms=["ES256"])

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        issuer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self._answer({"keys": [issuer._key.as_dict(private=False, kid="test")]})

            def do_POST(self) -> None:
                self.rfile.read(int(self.headers.get("content-length", 0)))
                self._answer({"access_token": issuer.token(), "token_type": "Bearer", "expires_in": 36_000})

            def _answer(self, content: dict[str, Any]) -> None:
                body = dumps(content)
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: Any) -> None:
                """Stay quiet."""

        return Handler


@pytest.fixture(scope="module")
def token_issuer() -> Iterator[TokenIssuer]:
    issuer = TokenIssuer()
    yield issuer
    issuer.close()
