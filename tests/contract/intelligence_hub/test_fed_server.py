"""An Open Policy Agent of the platform's own: the hub puts the verified policies into it and keeps them there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from hubs.intelligence_hub.opa.backends.server import OpaServerEngine
from hubs.intelligence_hub.opa.errors import BadPolicy, EngineAway
from hubs.intelligence_hub.opa.following import BundleFollower
from shared.clients.security_hub import SecurityHubClient
from tests.contract.intelligence_hub.security import Security, platform_modules
from tests.contract.intelligence_hub.test_decisions import ALLOWED, DENIED

PATH = ("openpolicy", "gateway", "allow")
OPEN = {"a/a.rego": "package a\n\nimport rego.v1\n\nx := data.limits.most\n"}


def forget(url: str) -> None:
    """Make the server as empty as a restart does."""
    with httpx.Client(base_url=url, trust_env=False) as client:
        for policy in client.get("/v1/policies").json()["result"]:
            client.delete(f"/v1/policies/{policy['id']}").raise_for_status()
        for key in client.get("/v1/data").json()["result"]:
            client.delete(f"/v1/data/{key}")


@pytest.fixture
def engine(opa_server) -> Iterator[OpaServerEngine]:
    forget(opa_server.url)
    yield OpaServerEngine(opa_server.url)
    forget(opa_server.url)


@pytest.fixture
def follower(engine: OpaServerEngine, tmp_path: Path) -> Iterator[tuple[BundleFollower, Security]]:
    security = Security()
    http = httpx.Client(trust_env=False)
    yield BundleFollower(engine, SecurityHubClient(security.url, http, None), tmp_path / "b", b"s"), security
    http.close()
    security.close()


def test_the_verified_bundle_decides_in_the_server(engine, follower) -> None:
    following, security = follower
    assert not engine.evaluate(PATH, ALLOWED).is_defined
    revision = security.publish({**platform_modules(), **OPEN}, {"limits": {"most": 7}})
    assert following.pull()
    assert engine.evaluate(PATH, ALLOWED).value is True
    assert engine.evaluate(PATH, DENIED).value is False
    answer = engine.evaluate(("a", "x"), {})
    assert answer.value == 7
    assert answer.provenance["bundles"]["platform"]["revision"] == revision


def test_what_a_newer_set_leaves_out_is_gone(engine) -> None:
    engine.load({**OPEN, "b.rego": "package b\n\ny := 1\n"}, {"limits": {"most": 7}}, "1")
    assert engine.evaluate(("b", "y"), {}).value == 1
    engine.load({**OPEN}, {"limits": {"most": 8}}, "2")
    assert engine.evaluate(("a", "x"), {}).value == 8
    assert not engine.evaluate(("b", "y"), {}).is_defined


def test_a_server_that_was_restarted_is_given_its_policies_again(engine, opa_server) -> None:
    engine.load(OPEN, {"limits": {"most": 7}}, "1")
    forget(opa_server.url)
    assert engine.evaluate(("a", "x"), {}).value == 7
    forget(opa_server.url)
    engine._looked_at = 0.0
    engine.health()
    assert httpx.get(f"{opa_server.url}/v1/data/a/x", trust_env=False).json()["result"] == 7


def test_a_set_that_does_not_compile_is_refused(engine) -> None:
    with pytest.raises(BadPolicy, match="refuses"):
        engine.load({"c.rego": "package c\n\nimport rego.v1\n\nx := y\n"}, {}, "3")
    assert engine.revision == ""


def test_a_server_that_is_away_is_tried_again_with_the_same_bundle(engine, follower) -> None:
    following, security = follower
    security.publish({**platform_modules(), **OPEN}, {"limits": {"most": 7}})
    port, engine._port = engine._port, 1
    with pytest.raises(EngineAway):
        following.pull()
    engine._port, engine._own.client = port, None
    assert following.pull()
    assert engine.evaluate(("a", "x"), {}).value == 7
