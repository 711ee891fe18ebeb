"""The real data_hub behind its client."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient
from joserfc import jwt
from joserfc.jwk import ECKey

from hubs.data_hub.app import create_app
from shared.auth import TokenVerifier
from shared.clients.data_hub import DataHubClient
from shared.testing.databases import FreshDatabase


def migrate(database: FreshDatabase) -> None:
    """Bring the schema of data_hub to its newest migration."""
    database.migrate("data")


class Tokens:
    """The tokens of business_hub, signed by the test."""

    def __init__(self, issuer: str) -> None:
        self.key = ECKey.generate_key("P-256", parameters={"kid": "test"})
        self.issuer = issuer

    def get(self) -> str:
        now = int(time.time())
        claims = {
            "iss": self.issuer,
            "aud": "openpolicy",
            "sub": "hub:business",
            "iat": now,
            "exp": now + 600,
            "scope": "data:write",
        }
        header = {"alg": "ES256", "typ": "at+jwt", "kid": "test"}
        return jwt.encode(header, claims, self.key, algorithms=["ES256"])

    def forget(self) -> None:
        """Nothing is kept."""


@pytest.fixture
def data_hub(embedded_databases, tmp_path) -> Iterator[DataHubClient]:
    with embedded_databases.fresh(migrate) as database:
        settings = database.settings(data_dir=tmp_path)
        tokens = Tokens(settings.issuer)
        with TestClient(create_app(settings)) as http:
            public = {"keys": [tokens.key.as_dict(private=False, kid="test")]}
            http.app.state.resources.verifier = TokenVerifier(settings.issuer, settings.auth, lambda: public)
            yield DataHubClient("http://testserver", http, tokens)
