"""OPA's own clients against the decision API, unmodified: opa-python-client, and the npm package."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from opa_client import create_opa_client
from opa_client.errors import (
    DeleteDataError,
    DeletePolicyError,
    PatchDataError,
    PolicyNotFoundError,
    RegoParseError,
)

from shared.testing.node import node_folder, run_node
from shared.testing.packages import Unobtainable
from tests.contract.intelligence_hub.conftest import Hub
from tests.contract.intelligence_hub.test_decisions import ALLOWED, DENIED

HERE = Path(__file__).parent
PACKAGE = "openpolicy.gateway"


@pytest.fixture(scope="module")
def client(running: Hub):
    with create_opa_client(
        host="127.0.0.1", port=running.port, headers={"Authorization": "Bearer x"}, timeout=10
    ) as found:
        yield found


def test_opa_python_client_finds_the_server_well(client) -> None:
    assert client.check_health()
    assert client.check_health({"bundles": True})
    assert client.wait_for_ready(timeout=5)
    assert client.get_config()["result"]["default_decision"] == "/system/main"
    assert client.get_status()["result"]["bundles"]["platform"]["active_revision"]
    assert "policy_decision" in client.get_metrics()


def test_opa_python_client_asks_rules(client) -> None:
    assert client.query_rule(ALLOWED, PACKAGE, "allow")["result"] is True
    assert client.query_rule(DENIED, PACKAGE, "allow")["result"] is False
    assert client.query_rule(DENIED, PACKAGE)["result"]["reason"] == "this needs the scope users:admin"
    assert "result" not in client.query_rule({}, "no.such", "document")
    assert client.query_rule(ALLOWED, PACKAGE, "allow", {"explain": "full", "metrics": True})["metrics"]


def test_opa_python_client_asks_many_at_once_and_ad_hoc(client) -> None:
    assert client.bulk_query_rule([ALLOWED, DENIED], PACKAGE, "allow") == [True, False]
    assert client.bulk_query_rule({"a": DENIED, "b": ALLOWED}, PACKAGE, "allow") == {"a": False, "b": True}
    found = client.ad_hoc_query("x := data.openpolicy.gateway.allow", input_data=ALLOWED)
    assert found == {"result": [{"x": True}]}
    assert client.ad_hoc_query("data.openpolicy.gateway.allow", input_data=DENIED) == {}


def test_opa_python_client_reads_policies_and_data(client, tmp_path: Path) -> None:
    name = "openpolicy/gateway/gateway.rego"
    assert name in client.get_policies_list()
    assert "package openpolicy.gateway" in client.get_policy(name)["result"]["raw"]
    assert name in client.get_policies_info()
    assert client.policy_to_file(name, str(tmp_path))
    assert "for_people" in client.get_data("openpolicy/gateway")["result"]
    assert "openpolicy" in client.get_data()["result"]
    with pytest.raises(PolicyNotFoundError):
        client.get_policy("no.rego")
    with pytest.raises(PolicyNotFoundError):
        client.get_data("no/such")


def test_opa_python_client_is_told_that_the_bundle_owns_policies_and_data(client) -> None:
    with pytest.raises(RegoParseError, match="owned by bundle"):
        client.update_policy_from_string("package a\n", "a.rego")
    with pytest.raises(RegoParseError, match="owned by bundle"):
        client.update_or_create_data({"a": 1}, "openpolicy")
    with pytest.raises(PatchDataError, match="owned by bundle"):
        client.patch_data("openpolicy", [{"op": "add", "path": "/a", "value": 1}])
    with pytest.raises(DeleteDataError, match="owned by bundle"):
        client.delete_data("openpolicy")
    with pytest.raises(DeletePolicyError, match="owned by bundle"):
        client.delete_policy("openpolicy/gateway/gateway.rego")


def test_the_npm_client_asks_singly_in_batches_and_by_default(hub: Hub, pytestconfig) -> None:
    try:
        folder = node_folder(pytestconfig.rootpath, HERE.parent / "node" / "intelligence")
    except Unobtainable as missing:
        pytest.skip(str(missing))
    said = json.loads(
        run_node(folder, HERE / "opa_client.mjs", hub.url, json.dumps({"allowed": ALLOWED, "denied": DENIED}))
    )
    assert said["single"] == [True, False]
    assert said["document"] == "this needs the scope users:admin"
    assert said["converted"] == {"may": False}
    assert said["undefined"] is None
    assert said["batch"] == {"a": True, "b": False}
    assert "404" in said["default_error"]
