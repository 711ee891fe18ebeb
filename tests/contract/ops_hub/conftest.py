"""ops_hub over a real socket, with a token for whoever asks."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
from sqlalchemy import text

from hubs.ops_hub.app import create_app
from hubs.ops_hub.error_reporting.intake import Intake, Limits
from hubs.ops_hub.monitoring.alerts import AlertBook
from hubs.ops_hub.settings import OpsSettings
from shared.auth import Principal
from shared.db.session import transaction
from shared.settings import HubSettings
from shared.testing.databases import FreshDatabase
from shared.testing.ports import free_port
from shared.testing.serving import Served


def prepare(database: FreshDatabase) -> None:
    database.migrate("ops")


class AnyToken:
    """Verifies every token as an operator: who may is security_hub's matter, tested there."""

    def recall(self, _token: str) -> None:
        """Say nothing without a look at the token."""

    def verify(self, _token: str) -> Principal:
        return Principal(subject="operator", kind="user", scopes=frozenset({"*"}))


class Ops:
    def __init__(self, url: str, app) -> None:
        self.url = url
        self.app = app
        self.http = httpx.Client(
            base_url=url, headers={"Authorization": "Bearer x"}, trust_env=False, timeout=20
        )

    def empty(self) -> None:
        """Forget reports, alerts, silences and what was counted."""
        resources = self.app.state.resources
        with transaction(resources.sessionmaker) as session:
            session.execute(
                text("TRUNCATE ops.error_event, ops.error_issue, ops.error_monitor, ops.alert, ops.silence")
            )
        book = resources.get(AlertBook)
        book.set_silences([])
        book._firing.clear()
        book._unwritten.clear()
        intake = resources.get(Intake)
        intake.accepted = intake.dropped = intake.skipped = intake.stored = 0
        intake.refill(Limits())

    def dsn(self, project: int = 1) -> str:
        rows = self.http.get("/api/v1/errors/projects").raise_for_status().json()
        key = next(row["dsn"] for row in rows if row["id"] == project).split("//")[1].split("@")[0]
        return f"http://{key}@{self.url.removeprefix('http://')}/{project}"

    def issues(self, **params) -> list[dict]:
        return self.http.get("/api/v1/errors/issues", params=params).raise_for_status().json()["data"]

    def events(self, issue: str) -> list[dict]:
        return self.http.get(f"/api/v1/errors/issues/{issue}/events").raise_for_status().json()["data"]


@pytest.fixture(scope="module")
def ops_server(embedded_databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ops]:
    """One ops_hub for the tests of a module; each begins with empty tables (`ops`)."""
    with embedded_databases.fresh(prepare) as database:
        port = free_port()
        common = database.settings(
            data_dir=tmp_path_factory.mktemp("ops"), hubs={"ops": f"http://127.0.0.1:{port}"}
        )
        # The other hubs are not there, and nobody shall be woken for it.
        quiet = {"ops": {"start_grace_s": 3_600}}
        app = create_app(OpsSettings(**{n: getattr(common, n) for n in HubSettings.model_fields}, **quiet))
        with Served(app, port) as served:
            app.state.resources.verifier = AnyToken()
            found = Ops(served.url, app)
            yield found
            found.http.close()


@pytest.fixture
def ops(ops_server: Ops) -> Ops:
    """The module's ops_hub without reports, alerts or silences of an earlier test."""
    ops_server.empty()
    return ops_server
