"""A real data_hub in the test's process, on the embedded PostgreSQL or a real one."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from joserfc import jwt
from joserfc.jwk import ECKey
from sqlalchemy import Engine, event

from hubs.data_hub.app import create_app
from hubs.data_hub.base import Model
from hubs.data_hub.database.service.feeding import CHANGE_CHANNEL
from hubs.data_hub.search.asked import AskedTerms
from hubs.data_hub.search.keeper import IndexKeeper
from hubs.data_hub.settings import DataHubSettings
from shared.app import Resources
from shared.auth import TokenVerifier
from shared.core.clock import utc_now
from shared.core.ids import new_id
from shared.testing.databases import Databases, FreshDatabase
from shared.testing.processes import wait_until

KEY = ECKey.generate_key("P-256", parameters={"kid": "test"})


def migrate(database: FreshDatabase) -> None:
    """Bring the schema of data_hub to its newest migration."""
    database.migrate("data")


def source(url: str = "https://www.ourcommons.ca/members/en/search/xml", **changes: Any) -> dict[str, Any]:
    return {
        "url": url,
        "retrieved_at": "2026-01-05T12:00:00Z",
        "sha256": "a" * 64,
        "parser": "ourcommons-members/1",
        "licence": "https://www.ourcommons.ca/en/important-notices",
        **changes,
    }


def person(number: int, name: str = "Ruby Sahota", **changes: Any) -> dict[str, Any]:
    given, _, family = name.partition(" ")
    return {
        "key": f"ca/house/person/{number}",
        "name": name,
        "given_name": given,
        "family_name": family,
        "identifiers": [{"scheme": "ourcommons.ca/person", "value": str(number)}],
        "sources": [source()],
        **changes,
    }


def membership(
    number: int, party: str = "Liberal", start: str = "2025-04-28", **changes: Any
) -> dict[str, Any]:
    return {
        "key": f"ca/house/membership/{number}-{start}",
        "person_key": f"ca/house/person/{number}",
        "organization_key": "ca/house",
        "role_en": "Member of Parliament",
        "role_fr": "Député",
        "party": party,
        "area": "Brampton North—Caledon",
        "province": "Ontario",
        "start_date": start,
        "sources": [source()],
        **changes,
    }


def bill(number: str = "C-2", session: str = "45-1", **changes: Any) -> dict[str, Any]:
    return {
        "key": f"ca/bill/{session}/{number.lower()}",
        "session": session,
        "number": number,
        "title_en": "An Act respecting the security of the border",
        "title_fr": "Loi concernant la sécurité de la frontière",
        "chamber": "house",
        "introduced_on": "2025-06-03",
        "latest_activity_on": "2025-06-20",
        "sources": [source(f"https://www.parl.ca/legisinfo/en/bill/{session}/{number.lower()}/json")],
        **changes,
    }


def ballot(number: int, option: str = "yes", party: str = "Liberal", **changes: Any) -> dict[str, Any]:
    return {
        "person_key": f"ca/house/person/{number}",
        "name": f"Member {number}",
        "option": option,
        "party": party,
        "constituency": "Somewhere",
        **changes,
    }


def vote(number: int = 12, ballots: Sequence[dict[str, Any]] = (), **changes: Any) -> dict[str, Any]:
    return {
        "key": f"ca/house/vote/45-1/{number}",
        "organization_key": "ca/house",
        "session": "45-1",
        "number": number,
        "date": "2025-06-16",
        "subject_en": "2nd reading of Bill C-2",
        "subject_fr": "2e lecture du projet de loi C-2",
        "result": "pass",
        "ballots": list(ballots),
        "sources": [source(f"https://www.ourcommons.ca/members/en/votes/45/1/{number}/xml")],
        **changes,
    }


class Hub:
    """A running data_hub and how a test talks to it."""

    def __init__(self, http: TestClient) -> None:
        self.http = http
        self.resources: Resources = http.app.state.resources  # type: ignore[attr-defined]
        self.folder = self.resources.settings.data_dir

    def token(self, scope: str = "data:write", subject: str = "hub:business") -> str:
        now = int(time.time())
        claims = {
            "iss": self.resources.settings.issuer,
            "aud": "openpolicy",
            "sub": subject,
            "iat": now,
            "exp": now + 600,
            "scope": scope,
        }
        return jwt.encode({"alg": "ES256", "typ": "at+jwt", "kid": "test"}, claims, KEY, algorithms=["ES256"])

    def headers(self, scope: str = "data:write", **more: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token(scope)}", **more}

    def post(self, path: str, body: Any, key: str | None = None, **options: Any) -> Any:
        headers = self.headers(**{"Idempotency-Key": key or str(new_id())})
        return self.http.post(path, json=body, headers=headers, **options)

    def batch(
        self, kind: str, *records: dict[str, Any], run_id: Any = None, source_id: str = "test"
    ) -> dict[str, Any]:
        return {
            "run_id": str(run_id or new_id()),
            "source_id": source_id,
            "kind": kind,
            "observed_at": utc_now().isoformat(),
            "records": list(records),
        }

    def load(self, kind: str, *records: dict[str, Any], **options: Any) -> dict[str, int]:
        answer = self.post("/api/v1/batches", self.batch(kind, *records, **options))
        assert answer.status_code == 200, answer.text
        return {name: count for name, count in answer.json()["report"].items() if count}

    def close(self, run_id: Any, *complete: tuple[str, str], source_id: str = "test") -> dict[str, int]:
        body = {
            "run_id": str(run_id),
            "source_id": source_id,
            "observed_at": utc_now().isoformat(),
            "complete": [{"kind": kind, "prefix": prefix} for kind, prefix in complete],
        }
        answer = self.post("/api/v1/runs/close", body)
        assert answer.status_code == 200, answer.text
        return answer.json()["tombstoned"]

    def get(self, path: str, status: int = 200, **params: Any) -> Any:
        answer = self.http.get(path, params=params or None, follow_redirects=False)
        assert answer.status_code == status, answer.text
        return answer.json()

    def changes(self, after: int = 0) -> list[dict[str, Any]]:
        return self.get("/api/v1/changes", after=after)["data"]

    def position(self) -> int:
        return self.get("/api/v1/changes", after="now")["meta"]["position"]

    def empty(self) -> None:
        """Forget all that a test left: rows, files, the index."""
        keeper = self.resources.get(IndexKeeper)
        assert keeper.wait_for(self.position(), 30), keeper.state
        self.resources.get(AskedTerms).write_down()
        deletions = "; ".join(f"DELETE FROM {table}" for table in reversed(Model.metadata.sorted_tables))
        with self.resources.engine.begin() as connection:
            connection.exec_driver_sql(deletions)
        for kept in ("storage", "archive", "exports"):
            for path in (self.folder / kept).glob("*/*"):
                shutil.rmtree(path) if path.is_dir() else path.unlink()
        if keeper.documents:
            keeper.ask_rebuild()
            with self.resources.engine.begin() as connection:
                connection.exec_driver_sql("SELECT pg_notify(%s, '')", (CHANGE_CHANNEL,))
            wait_until(lambda: not keeper.documents, timeout=30, what="the empty index")

    def search(self, q: str, status: int = 200, **params: Any) -> Any:
        """Search what has been committed so far."""
        assert self.resources.get(IndexKeeper).wait_for(self.position(), 30), self.resources.get(
            IndexKeeper
        ).state
        return self.get("/api/v1/search", status, q=q, **params)

    @contextmanager
    def queries(self) -> Iterator[list[str]]:
        """Collect the statements that the hub's requests send."""
        engine: Engine = self.resources.engine
        seen: list[str] = []

        def note(_c: Any, _cursor: Any, statement: str, *_: Any) -> None:
            # The hub's own threads (the index, the relay, the keepers) ask now and then, whoever else does.
            if threading.current_thread().name == "AnyIO worker thread":
                seen.append(statement)

        event.listen(engine, "before_cursor_execute", note)
        try:
            yield seen
        finally:
            event.remove(engine, "before_cursor_execute", note)


@contextmanager
def running(database: FreshDatabase, folder: Path, **changes: Any) -> Iterator[Hub]:
    plain = database.settings(data_dir=folder)
    settings = DataHubSettings.model_validate(
        {**plain.model_dump(), "log_level": "ERROR", "exports_policy": "", **changes}
    )
    with TestClient(create_app(settings)) as http:
        public = {"keys": [KEY.as_dict(private=False, kid="test")]}
        resources = http.app.state.resources  # type: ignore[attr-defined]
        resources.verifier = TokenVerifier(settings.issuer, settings.auth, lambda: public)
        yield Hub(http)


@pytest.fixture
def database(embedded_databases: Databases) -> Iterator[FreshDatabase]:
    """An empty, migrated database of the test's own, for a hub that it starts itself."""
    with embedded_databases.fresh(migrate) as fresh:
        yield fresh


@pytest.fixture(scope="package")
def embedded_hub(embedded_databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    """The hub on the embedded server that serves every test."""
    with embedded_databases.fresh(migrate) as made, running(made, tmp_path_factory.mktemp("hub")) as found:
        yield found


@pytest.fixture(scope="package")
def server_hub(server_databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    """The hub on the real server that serves every test."""
    with server_databases.fresh(migrate) as made, running(made, tmp_path_factory.mktemp("hub")) as found:
        yield found


@pytest.fixture
def hub(request: pytest.FixtureRequest) -> Hub:
    """A hub that holds nothing."""
    found: Hub = request.getfixturevalue(f"{getattr(request, 'param', 'embedded')}_hub")
    found.empty()
    return found


both_servers = pytest.mark.parametrize("hub", ["embedded", "server"], indirect=True)
