"""A real Open Policy Agent: discovery, the signed bundle, long polling, status, decision log."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from shared.testing.databases import Databases, FreshDatabase
from shared.testing.packages import Unobtainable
from shared.testing.ports import free_port
from shared.testing.processes import Processes, wait_until
from shared.testing.servers import opa_program

URL = "/api/v1/policies"
ROOT = Path(__file__).resolve().parents[3]
SOURCE = """package agent

import rego.v1

default allow := false

allow if input.who in data.agent.who
"""


@pytest.fixture(scope="module")
def hub(open_hub):
    return open_hub(policies={"opa_program": ""})


def with_the_others(database: FreshDatabase) -> None:
    database.migrate("intelligence", "ux")


@pytest.fixture
def door(hub, embedded_databases: Databases, processes: Processes) -> Iterator[str]:
    """The door in front of the hub, with the intelligence hub behind it, as processes."""
    urls = {name: f"http://127.0.0.1:{free_port()}" for name in ("intelligence", "ux")}
    with embedded_databases.fresh(with_the_others) as database:
        env = {
            **database.env(),
            **{f"OP_HUBS__{name.upper()}": url for name, url in urls.items()},
            "OP_HUBS__SECURITY": hub.url,
            "OP_DATA_DIR": str(hub.settings.data_dir),
            "OP_LOG_LEVEL": "WARNING",
        }
        for name, url in urls.items():
            words = ["-m", "uvicorn", "--factory", f"hubs.{name}_hub.app:create_app"]
            port = url.rpartition(":")[2]
            process = processes.python(*words, "--port", port, env=env, cwd=ROOT, name=name)
            process.wait_for_http(f"{url}/readyz", timeout=120)
        yield urls["ux"]
        processes.close()


@pytest.fixture
def opa():
    try:
        return opa_program()
    except Unobtainable as missing:
        pytest.skip(str(missing))


def configuration(hub, url: str = "", **changes: Any) -> dict[str, Any]:
    key = hub.http.get(f"{URL}/bundles/keys", headers=hub.bearer()).json()["data"][0]
    # Its oauth2 plugin wants TLS; an API key of a service account does without.
    scopes = ["policies:read", "policies:report"]
    account = hub.client("service", scopes=scopes)["client_id"]
    form = {"name": "agent", "scopes": scopes}
    made = hub.http.post(f"/api/v1/clients/{account}/api-keys", json=form, headers=hub.bearer()).json()
    credentials = {"bearer": {"token": made["key"]}}
    return {
        "labels": {"site": "contract"},
        "services": {"openpolicy": {"url": url or hub.url, "credentials": credentials}},
        "keys": {key["kid"]: {"key": key["public_pem"], "algorithm": "ES256", "scope": "write"}},
        "discovery": {
            "service": "openpolicy",
            "resource": "bundles/discovery",
            "decision": "config",
            "signing": {"keyid": key["kid"], "scope": "write"},
            "polling": {"min_delay_seconds": 1, "max_delay_seconds": 2},
        },
        "status": {"service": "openpolicy", "trigger": "periodic"},
        **changes,
    }


def start(processes: Processes, opa, folder, config: dict[str, Any]) -> str:
    path = folder / f"opa-{free_port()}.json"
    path.write_text(json.dumps(config))
    port = free_port()
    processes.run(
        opa, "run", "--server", "--addr", f"127.0.0.1:{port}", "--config-file", path, "--log-level", "error",
        "--disable-telemetry", name="opa", env={"HOME": str(folder), "NO_PROXY": "127.0.0.1"},
    )  # fmt: skip
    url = f"http://127.0.0.1:{port}"
    wait_until(lambda: _answers(f"{url}/health"), what="opa", timeout=60)
    return url


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=5, trust_env=False).is_success
    except httpx.HTTPError:
        return False


def decide(url: str, path: str, given: Any) -> Any:
    return httpx.post(f"{url}/v1/data/{path}", json={"input": given}, trust_env=False).json().get("result")


def publish(hub, who: list[str]) -> str:
    """Publish a version that lets these people in, and return the bundle's revision."""
    if hub.http.get(f"{URL}/agent", headers=hub.bearer()).status_code == 404:
        form = {"name": "agent", "title_en": "A", "title_fr": "A", "root": "agent"}
        assert hub.http.post(URL, json=form, headers=hub.bearer()).status_code == 201
    form = {"sources": {"agent.rego": SOURCE}, "data": {"who": who}}
    version = hub.http.post(f"{URL}/agent/versions", json=form, headers=hub.bearer()).json()["version"]
    done = hub.http.post(f"{URL}/agent/versions/{version}/publish", headers=hub.bearer())
    assert done.status_code == 200, done.text
    bundles = hub.http.get(f"{URL}/bundles", headers=hub.bearer()).json()["data"]
    return next(bundle["revision"] for bundle in bundles if bundle["name"] == "platform")


def test_a_real_agent_pulls_the_signed_bundle_decides_reports_and_hears_of_changes(
    hub, opa, processes, tmp_path
) -> None:
    publish(hub, ["ada"])
    url = start(processes, opa, tmp_path, configuration(hub))
    wait_until(lambda: decide(url, "agent/allow", {"who": "ada"}) is True, what="the bundle", timeout=60)
    assert decide(url, "agent/allow", {"who": "bob"}) is False
    question = {
        "subject": {"scopes": [], "kind": "user"},
        "request": {"method": "GET", "route": "/api/v1/audit"},
    }
    found = decide(url, "openpolicy/gateway", question)
    assert (found["allow"], found["reason"]) == (False, "this needs the scope audit:read")

    revision = publish(hub, ["ada", "bob"])
    # Its next poll without waiting would be a minute away.
    wait_until(lambda: decide(url, "agent/allow", {"who": "bob"}) is True, what="the change", timeout=25)

    def reported() -> bool:
        agents = hub.http.get(f"{URL}/agents", headers=hub.bearer()).json()["data"]
        mine = [agent for agent in agents if agent["labels"].get("site") == "contract"]
        return any(agent["revisions"].get("platform") == revision and agent["is_current"] for agent in mine)

    wait_until(reported, what="the status report", timeout=60)


def test_a_real_agent_refuses_a_bundle_that_somebody_else_signed(
    hub, opa, processes, tmp_path, open_hub
) -> None:
    publish(hub, ["ada"])
    other = open_hub(policies={"opa_program": ""})
    theirs = other.http.get(f"{URL}/bundles/keys", headers=other.bearer()).json()["data"][0]
    config = configuration(hub)
    kid = next(iter(config["keys"]))
    config["keys"][kid]["key"] = theirs["public_pem"]
    url = start(processes, opa, tmp_path, config)
    time.sleep(4)
    assert decide(url, "agent/allow", {"who": "ada"}) is None
    assert not httpx.get(f"{url}/health?plugins", trust_env=False).is_success


def test_a_decision_names_the_revision_of_the_bundle_it_came_from(hub, opa, processes, tmp_path) -> None:
    revision = publish(hub, ["ada"])
    url = start(processes, opa, tmp_path, configuration(hub, decision_logs={"console": True}))
    wait_until(lambda: decide(url, "agent/allow", {"who": "ada"}) is True, what="the bundle", timeout=60)
    answer = httpx.post(
        f"{url}/v1/data/agent/allow?provenance=true", json={"input": {}}, trust_env=False
    ).json()
    assert answer["provenance"]["bundles"]["platform"]["revision"] == revision
    assert answer["decision_id"]


def test_a_real_agent_needs_one_address_and_one_key_and_its_decisions_are_logged(
    hub, opa, processes, tmp_path, door: str
) -> None:
    revision = publish(hub, ["ada"])
    url = start(processes, opa, tmp_path, configuration(hub, door))
    wait_until(lambda: decide(url, "agent/allow", {"who": "ada"}) is True, what="the bundle", timeout=60)
    question = {"who": "bob", "password": "tell-nobody-9", "note": "Élise"}
    asked = httpx.post(f"{url}/v1/data/agent/allow", json={"input": question}, trust_env=False).json()
    assert asked["result"] is False
    reader = hub.bearer(hub.client_token("cli"))

    def logged() -> dict[str, Any] | None:
        answer = httpx.get(
            f"{door}/api/v1/decisions?path=agent/allow", headers=reader, trust_env=False, timeout=30
        )
        rows = answer.json().get("data", [])
        return next((row for row in rows if row["decision_id"] == asked["decision_id"]), None)

    wait_until(logged, what="the decision in the log", timeout=60)
    row = logged()
    assert row is not None
    assert (row["result"], row["is_defined"], row["path"]) == (False, True, "agent/allow")
    assert row["input"] == {"who": "bob", "note": "Élise"}
    assert row["erased"] == ["/input/password"]
    assert revision in row["revision"].split(",")

    def reported() -> bool:
        agents = hub.http.get(f"{URL}/agents", headers=hub.bearer()).json()["data"]
        return any(agent["revisions"].get("platform") == revision and agent["is_current"] for agent in agents)

    wait_until(reported, what="the status report through the door", timeout=60)
    changed = publish(hub, ["ada", "bob"])
    wait_until(lambda: decide(url, "agent/allow", {"who": "bob"}) is True, what="the change", timeout=60)
    assert changed != revision
