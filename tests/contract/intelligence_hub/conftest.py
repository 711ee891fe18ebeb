"""intelligence_hub over a real socket, with security_hub's bundle and a token for whoever asks."""

from __future__ import annotations

# isort: off
from hubs.intelligence_hub.app import create_app
# isort: on

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import httpx
import psycopg
import pytest

from shared.auth import Principal
from shared.db.dsn import libpq_dsn
from shared.testing.databases import FreshDatabase
from shared.testing.processes import wait_until
from shared.testing.serving import Served
from tests.contract.intelligence_hub.security import Security, platform_modules


def prepare(database: FreshDatabase) -> None:
    database.migrate("intelligence")


class AnyToken:
    """Verifies every token as one that may do everything: who may is security_hub's matter, tested there."""

    def recall(self, _token: str) -> None:
        """Say nothing without a look at the token."""

    def verify(self, token: str) -> Principal:
        scopes = frozenset() if token == "nothing" else frozenset({"*"})
        return Principal(subject="someone", kind="service", scopes=scopes)


class Hub:
    def __init__(self, served: Served, database: FreshDatabase) -> None:
        self.url = served.url
        self.port = served.port
        self.app = served.app
        self.dsn = libpq_dsn(database.admin_url)
        self.http = httpx.Client(
            base_url=served.url, headers={"Authorization": "Bearer x"}, trust_env=False, timeout=30
        )


@pytest.fixture(scope="module")
def security() -> Iterator[Security]:
    found = Security()
    found.publish(platform_modules())
    yield found
    found.close()


@pytest.fixture(scope="module")
def running(embedded_databases, security: Security, tmp_path_factory) -> Iterator[Hub]:
    with embedded_databases.fresh(prepare) as database:
        folder: Path = tmp_path_factory.mktemp("intelligence")
        urls = {"security": security.url, "data": "http://127.0.0.1:9"}
        app = create_app(database.settings(data_dir=folder, hubs=urls))
        with Served(app) as served:
            app.state.resources.verifier = AnyToken()
            found = Hub(served, database)
            wait_until(lambda: found.http.get("/health").status_code == 200, what="the policies")
            yield found
            found.http.close()


@pytest.fixture
def hub(running: Hub) -> Hub:
    """The running hub without any logged decision; decisions are logged in order, so a last one is waited for."""
    path = f"marker/{uuid4().hex}"
    running.http.post(f"/v1/data/{path}", json={}).raise_for_status()
    wait_until(
        lambda: running.http.get("/api/v1/decisions", params={"path": path}).json()["data"], what="the log"
    )
    with psycopg.connect(running.dsn, autocommit=True) as admin:
        admin.execute("DELETE FROM intelligence.decision_log")
    return running
