"""ops_hub over a real socket, with a token for whoever asks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from hubs.ops_hub.app import create_app
from shared.auth import Principal
from shared.db.prepare import upgrade_schemas
from shared.testing.databases import FreshDatabase
from shared.testing.ports import free_port
from shared.testing.serving import Served


def prepare(database: FreshDatabase) -> None:
    upgrade_schemas(database.settings(), "ops")


class AnyToken:
    """Verifies every token as an operator: who may is security_hub's matter, tested there."""

    def verify(self, _token: str) -> Principal:
        return Principal(subject="operator", kind="user", scopes=frozenset({"*"}))


class Ops:
    def __init__(self, url: str, app) -> None:
        self.url = url
        self.app = app
        self.http = httpx.Client(
            base_url=url, headers={"Authorization": "Bearer x"}, trust_env=False, timeout=20
        )

    def dsn(self, project: int = 1) -> str:
        rows = self.http.get("/api/v1/errors/projects").raise_for_status().json()
        key = next(row["dsn"] for row in rows if row["id"] == project).split("//")[1].split("@")[0]
        return f"http://{key}@{self.url.removeprefix('http://')}/{project}"

    def issues(self, **params) -> list[dict]:
        return self.http.get("/api/v1/errors/issues", params=params).raise_for_status().json()["data"]

    def events(self, issue: str) -> list[dict]:
        return self.http.get(f"/api/v1/errors/issues/{issue}/events").raise_for_status().json()["data"]


@pytest.fixture
def ops(embedded_databases, tmp_path: Path) -> Iterator[Ops]:
    with embedded_databases.fresh(prepare) as database:
        port = free_port()
        settings = database.settings(data_dir=tmp_path, hubs={"ops": f"http://127.0.0.1:{port}"})
        app = create_app(settings)
        with Served(app, port) as served:
            app.state.resources.verifier = AnyToken()
            found = Ops(served.url, app)
            yield found
            found.http.close()
