"""OFREP through its own clients: the Python provider and both npm providers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from openfeature import api
from openfeature.contrib.provider.ofrep import OFREPProvider
from openfeature.evaluation_context import EvaluationContext
from openfeature.exception import ErrorCode
from openfeature.flag_evaluation import Reason

from shared.testing.node import node_folder, run_node
from shared.testing.packages import Unobtainable

HERE = Path(__file__).parent
SCRIPT = HERE / "ofrep.mjs"
PRO = {"attribute": "plan", "op": "eq", "value": "pro"}
FLAGS: dict[str, dict[str, Any]] = {
    "contract-bool": {"on": True, "off": False},
    "contract-string": {"on": "Québec", "off": ""},
    "contract-number": {"on": 1.5, "off": 0},
    "contract-object": {"on": {"limit": 10, "tags": ["a"]}, "off": {}},
}


def write_flags(hub) -> None:
    for key, variants in FLAGS.items():
        rules = [{"name": "pro", "when": PRO, "variant": "on"}]
        definition = {"variants": variants, "default": "off", "off": "off", "rules": rules}
        form = {"title_en": key, "title_fr": key, "definition": definition}
        assert hub.http.put(f"/api/v1/flags/{key}", json=form, headers=hub.bearer()).status_code == 200
    split = {"variants": {"on": True, "off": False}, "default": "off", "off": "off"}
    split["rules"] = [{"split": {"on": 100, "off": 0}}]  # type: ignore[assignment]
    form = {"title_en": "split", "title_fr": "split", "definition": split}
    assert hub.http.put("/api/v1/flags/contract-split", json=form, headers=hub.bearer()).status_code == 200


@pytest.fixture(scope="module")
def flagged(hub):
    write_flags(hub)
    return hub


@pytest.fixture(scope="session")
def node(pytestconfig: pytest.Config) -> Path:
    try:
        return node_folder(pytestconfig.rootpath, HERE.parent / "node" / "security")
    except Unobtainable as missing:
        pytest.skip(str(missing))


def provider(hub) -> OFREPProvider:
    return OFREPProvider(hub.url, headers_factory=hub.bearer)


def test_the_python_provider_evaluates_every_type(flagged, monkeypatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    api.set_provider(provider(flagged))
    client = api.get_client()
    pro = EvaluationContext("u1", {"plan": "pro"})
    assert client.get_string_value("contract-string", "?", pro) == "Québec"
    assert client.get_float_value("contract-number", 0.0, pro) == 1.5
    assert client.get_object_value("contract-object", {}, pro) == {"limit": 10, "tags": ["a"]}
    found = client.get_boolean_details("contract-bool", False, pro)
    assert (found.value, found.variant, found.reason) == (True, "on", Reason.TARGETING_MATCH)
    assert found.flag_metadata == {"version": 1, "rule": "pro"}
    other = client.get_boolean_details("contract-bool", True, EvaluationContext("u2"))
    assert (other.value, other.reason) == (False, Reason.STATIC)
    assert client.get_boolean_details("contract-split", False, pro).reason == Reason.SPLIT


def test_the_python_provider_understands_failures(flagged, monkeypatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    api.set_provider(provider(flagged))
    client = api.get_client()
    missing = client.get_boolean_details("no-such-flag", True)
    assert (missing.value, missing.error_code) == (True, ErrorCode.FLAG_NOT_FOUND)
    keyless = client.get_boolean_details("contract-split", False)
    assert keyless.error_code == ErrorCode.TARGETING_KEY_MISSING
    mistaken = client.get_string_details("contract-bool", "x", EvaluationContext("u1"))
    assert mistaken.error_code == ErrorCode.TYPE_MISMATCH


def test_the_python_provider_heeds_429(open_hub, monkeypatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    limited = open_hub(flags={"per_minute": 3})
    write_flags(limited)
    api.set_provider(provider(limited))
    client = api.get_client()
    found = [client.get_boolean_details("contract-bool", True, EvaluationContext("u")) for _ in range(5)]
    assert [details.error_code for details in found] == [
        None,
        None,
        None,
        ErrorCode.GENERAL,
        ErrorCode.GENERAL,
    ]


def test_the_npm_server_provider_evaluates_and_understands_failures(flagged, node) -> None:
    found = json.loads(run_node(node, SCRIPT, "server", flagged.url, flagged.client_token()))
    assert (found["bool"]["value"], found["bool"]["reason"]) == (True, "TARGETING_MATCH")
    assert (found["string"], found["number"]) == ("Québec", 1.5)
    assert found["object"] == {"limit": 10, "tags": ["a"]}
    assert found["other"] is False
    assert (found["missing"]["value"], found["missing"]["errorCode"]) == (True, "FLAG_NOT_FOUND")
    assert found["keyless"]["errorCode"] == "TARGETING_KEY_MISSING"


def test_the_npm_server_provider_heeds_429(open_hub, node) -> None:
    limited = open_hub(flags={"per_minute": 3})
    write_flags(limited)
    found = json.loads(run_node(node, SCRIPT, "limited", limited.url, limited.client_token()))
    # After the first 429 nothing more is asked until Retry-After is over.
    assert found["calls"] == [200, 200, 200, 429]
    assert found["last"]["errorCode"] == "GENERAL"


def test_the_npm_web_provider_fetches_in_bulk_and_polls_with_304(flagged, node) -> None:
    found = json.loads(run_node(node, SCRIPT, "web", flagged.url, flagged.client_token()))
    assert found["before"]["value"] is True
    assert found["calls"][0] == 200
    assert 304 in found["calls"][1:]
    assert set(found["calls"][1:]) == {304}
