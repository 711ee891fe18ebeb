"""intelligence_hub over a real socket, with a token for whoever asks."""

from __future__ import annotations

# isort: off
from hubs.intelligence_hub.app import create_app
# isort: on

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from shared.auth import Principal
from shared.db.prepare import upgrade_schemas
from shared.testing.databases import FreshDatabase
from shared.testing.serving import Served


def prepare(database: FreshDatabase) -> None:
    upgrade_schemas(database.settings(), "intelligence")


class AnyToken:
    """Verifies every token as one that may do everything: who may is security_hub's matter, tested there."""

    def verify(self, token: str) -> Principal:
        scopes = frozenset() if token == "nothing" else frozenset({"*"})
        return Principal(subject="someone", kind="service", scopes=scopes)


class Hub:
    def __init__(self, served: Served) -> None:
        self.url = served.url
        self.port = served.port
        self.app = served.app
        self.http = httpx.Client(
            base_url=served.url, headers={"Authorization": "Bearer x"}, trust_env=False, timeout=30
        )


@pytest.fixture
def hub(embedded_databases, tmp_path: Path) -> Iterator[Hub]:
    with embedded_databases.fresh(prepare) as database:
        app = create_app(database.settings(data_dir=tmp_path))
        with Served(app) as served:
            app.state.resources.verifier = AnyToken()
            found = Hub(served)
            yield found
            found.http.close()
