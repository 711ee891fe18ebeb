"""Policies over HTTP: refused with their place, tested, reviewed, published, brought back, tried on the
log.
"""

from __future__ import annotations

import gzip
import io
import json
import tarfile
import threading
import time
from typing import Any

import httpx
import pytest
from joserfc import jws
from joserfc.jwk import ECKey

from hubs.security_hub.policy.tasks import PLATFORM_POLICIES, publish_platform_policies, shipped
from shared.testing.packages import Unobtainable
from shared.testing.servers import opa_program

URL = "/api/v1/policies"
GOOD = """package {package}

import rego.v1

default allow := false

allow if {{
	input.kind == "service"
	some scope in input.scopes
	startswith(scope, "data:")
}}

limit := data.{package}.most
"""
TESTS = """package {package}_test

import rego.v1

import data.{package} as subject

test_a_service_may if subject.allow with input as {{"kind": "service", "scopes": ["data:read"]}}

test_others_may_not if {{
	not subject.allow with input as {{"kind": "user", "scopes": ["data:read"]}}
}}

test_nobody_may_not if not subject.allow with input as {{}}

test_the_limit_is_read if subject.limit == 10
"""


def opa() -> str:
    try:
        return str(opa_program())
    except Unobtainable as missing:
        pytest.skip(str(missing))


@pytest.fixture(scope="module", params=["embedded", "opa"])
def engine(request, open_hub):
    """A hub with each engine; the rules are the same."""
    program = "" if request.param == "embedded" else opa()
    return open_hub(policies={"opa_program": program}), request.param


_numbers = iter(range(10_000))


def make(hub, **fields: Any) -> tuple[str, str]:
    number = next(_numbers)
    root = f"pol{number}"
    form = {
        "name": f"policy-{number}",
        "title_en": "P",
        "title_fr": "P",
        "root": root,
        "bundle": f"b{number}",
        **fields,
    }
    answer = hub.http.post(URL, json=form, headers=hub.bearer())
    assert answer.status_code == 201, answer.text
    return form["name"], root


def content(root: str, source: str = GOOD, tests: str = TESTS, **fields: Any) -> dict[str, Any]:
    package = root.replace("/", ".")
    form: dict[str, Any] = {"sources": {"main.rego": source.format(package=package)}, "data": {"most": 10}}
    if tests:
        form["tests"] = {"main_test.rego": tests.format(package=package)}
    return {**form, **fields}


def add(hub, name: str, form: dict[str, Any], headers: dict[str, str] | None = None) -> httpx.Response:
    return hub.http.post(f"{URL}/{name}/versions", json=form, headers=headers or hub.bearer())


def act(
    hub, name: str, version: int, verb: str, headers: dict[str, str] | None = None, **body: Any
) -> httpx.Response:
    url = f"{URL}/{name}/versions/{version}/{verb}"
    return hub.http.post(url, json=body or None, headers=headers or hub.bearer())


def unpack(body: bytes) -> dict[str, bytes]:
    with tarfile.open(fileobj=io.BytesIO(gzip.decompress(body))) as tar:
        return {entry.name: tar.extractfile(entry).read() for entry in tar}  # type: ignore[union-attr]


def test_a_policy_is_tested_published_and_served(engine) -> None:
    hub, kind = engine
    name, root = make(hub)
    assert add(hub, name, content(root)).json()["version"] == 1
    report = act(hub, name, 1, "test").json()
    assert (report["engine"], report["passed"], report["failed"]) == (kind, 4, 0)
    assert (report["coverage"] is not None) is (kind == "opa")
    assert act(hub, name, 1, "publish").json()["state"] == "published"
    files = unpack(hub.http.get(f"/bundles/b{root[3:]}", headers=hub.bearer(hub.client_token("opa"))).content)
    assert set(files) == {".manifest", ".signatures.json", f"{root}/main.rego", f"{root}/data.json"}
    assert json.loads(files[".manifest"])["roots"] == [root]
    assert json.loads(files[f"{root}/data.json"]) == {"most": 10}


@pytest.mark.parametrize(
    ("source", "row", "part"),
    [
        ("package {package}\n\nallow if http.send({{}})\n", 3, "http.send"),
        ("package {package}\n\nallow if opa.runtime()\n", 3, "opa.runtime"),
        ("package {package}\n\nallow if nosuch(1)\n", 3, "nosuch"),
        ("package {package}\n\nallow {{ input.x }}\n", 3, "`if` keyword"),
        ("package {package}\n\nallow if {{\n\tx ==\n}}\n", 4, ""),
        ("package elsewhere\n\nallow := true\n", 1, "outside"),
    ],
)
def test_a_bad_policy_is_refused_with_file_row_and_column_and_nothing_kept(engine, source, row, part) -> None:
    hub, kind = engine
    name, root = make(hub)
    answer = add(hub, name, content(root, source, ""))
    assert answer.status_code == 422, answer.text
    first = answer.json()["errors"][0]
    assert first["file"] == "main.rego"
    assert abs(first["row"] - row) <= (1 if kind == "opa" else 0)
    assert first["col"] >= 1
    assert part in first["message"]
    assert hub.http.get(f"{URL}/{name}/versions", headers=hub.bearer()).json()["data"] == []
    checked = hub.http.post(
        f"{URL}/validate?root={root}", json=content(root, source, ""), headers=hub.bearer()
    )
    assert (checked.status_code, checked.json()["is_valid"]) == (200, False)


def test_a_policy_whose_tests_fail_is_not_published(engine) -> None:
    hub, _ = engine
    name, root = make(hub)
    add(hub, name, content(root, tests=TESTS.replace("limit == 10", "limit == 11")))
    refused = act(hub, name, 1, "publish")
    assert (refused.status_code, refused.json()["report"]["failed"]) == (422, 1)
    assert hub.http.get(f"{URL}/{name}", headers=hub.bearer()).json()["published_version"] is None


def test_a_policy_that_never_ends_is_stopped(engine) -> None:
    hub, kind = engine
    name, root = make(hub)
    endless = "package {package}\n\nx := count({{1 | some i in numbers.range(1, 4000); some j in numbers.range(1, 4000); i == j}})\n"
    tests = "package {package}_test\n\nimport data.{package} as subject\n\ntest_x if subject.x == 1\n"
    add(hub, name, content(root, endless, tests))
    began = time.monotonic()
    answer = act(hub, name, 1, "test")
    assert time.monotonic() - began < 40
    assert answer.status_code in (200, 422), kind
    if answer.status_code == 200:
        assert answer.json()["failed"] == 1
    assert hub.http.get("/healthz").status_code == 200


def test_logged_decisions_show_what_would_have_changed(engine) -> None:
    hub, _ = engine
    name, root = make(hub)
    add(hub, name, content(root))
    act(hub, name, 1, "publish")
    wider = GOOD.replace('input.kind == "service"', 'input.kind in {{"service", "key"}}')
    add(hub, name, content(root, wider))
    service, key = {"kind": "service", "scopes": ["data:x"]}, {"kind": "key", "scopes": ["data:x"]}
    decisions = [
        {"decision_id": "1", "input": service, "result": {"allow": True, "limit": 10, "most": 10}},
        {"decision_id": "2", "input": key, "result": {"allow": False, "limit": 10, "most": 10}},
        {"decision_id": "3", "input": key, "has_result": False},
        {"decision_id": "4", "input": {}, "result": {"allow": True, "limit": 10, "most": 10}},
        {"decision_id": "5", "input": {}, "result": {"allow": False, "limit": 5, "most": 10}},
    ]
    report = act(hub, name, 2, "impact", path=root, decisions=decisions).json()
    counts = {
        k: report[k] for k in ("compared", "unchanged", "newly_allowed", "newly_denied", "otherwise_changed")
    }
    assert counts == {
        "compared": 5,
        "unchanged": 1,
        "newly_allowed": 2,
        "newly_denied": 1,
        "otherwise_changed": 1,
    }
    assert [example["decision_id"] for example in report["examples"]] == ["2", "3", "4", "5"]


def test_both_engines_pass_the_platforms_own_tests(engine) -> None:
    hub, _ = engine
    for name, (_, _, root) in PLATFORM_POLICIES.items():
        policy = hub.http.get(f"{URL}/{name}", headers=hub.bearer()).json()
        assert (policy["published_version"], policy["root"]) == (1, root)
        detail = hub.http.get(f"{URL}/{name}/versions/1", headers=hub.bearer()).json()
        assert detail["sources"] == shipped(root).sources
        assert detail["test_report"]["passed"] >= 4
        assert detail["test_report"]["failed"] == 0


def test_nobody_reviews_their_own_work_and_nothing_unreviewed_is_published(open_hub) -> None:
    hub = open_hub(policies={"needs_review": True, "opa_program": ""})
    author = hub.bearer(hub.user("author@example.org", roles=("policy-author",))["access_token"])
    other = hub.bearer(hub.user("publisher@example.org", roles=("policy-publisher",))["access_token"])
    name, root = make(hub)
    assert add(hub, name, content(root), author).status_code == 201
    assert act(hub, name, 1, "publish", other).status_code == 409
    assert act(hub, name, 1, "submit", author).json()["state"] == "in-review"
    assert act(hub, name, 1, "review", author, is_approved=True).status_code == 403
    assert act(hub, name, 1, "publish", other).status_code == 409
    assert act(hub, name, 1, "review", other, is_approved=False, note="why?").json()["state"] == "rejected"
    assert act(hub, name, 1, "publish", other).status_code == 409
    act(hub, name, 1, "submit", author)
    assert act(hub, name, 1, "review", other, is_approved=True).json()["state"] == "approved"
    assert act(hub, name, 1, "publish", author).status_code == 403
    assert act(hub, name, 1, "publish", other).json()["published_by"]
    assert {"policy.submitted", "policy.rejected", "policy.approved", "policy.published"} <= set(
        hub.actions()
    )


def test_a_former_version_comes_back_and_a_policy_is_retired(hub) -> None:
    name, root = make(hub)
    add(hub, name, content(root))
    act(hub, name, 1, "publish")
    add(hub, name, content(root, GOOD.replace("data:", "jobs:"), ""))
    act(hub, name, 2, "publish")
    bundle = f"/bundles/b{root[3:]}"
    headers = hub.bearer(hub.client_token("opa"))
    assert b"jobs:" in unpack(hub.http.get(bundle, headers=headers).content)[f"{root}/main.rego"]
    assert act(hub, name, 1, "rollback").json()["state"] == "published"
    assert b"data:" in unpack(hub.http.get(bundle, headers=headers).content)[f"{root}/main.rego"]
    diff = hub.http.get(f"{URL}/{name}/diff?from_version=1&to_version=2", headers=hub.bearer()).json()
    assert '+\tstartswith(scope, "jobs:")' in diff["files"]["main.rego"]
    assert hub.http.post(f"{URL}/{name}/retire", headers=hub.bearer()).json()["published_version"] is None
    assert f"{root}/main.rego" not in unpack(hub.http.get(bundle, headers=headers).content)


@pytest.mark.parametrize("other", ["{}", "{}/inner", "outer"])
def test_a_root_belongs_to_one_policy(hub, other: str) -> None:
    number = next(_numbers)
    root = f"outer{number}/inner"
    make(hub, root=root)
    taken = other.format(root) if "{}" in other else f"outer{number}"
    form = {"name": f"clash-{number}", "title_en": "x", "title_fr": "x", "root": taken}
    assert hub.http.post(URL, json=form, headers=hub.bearer()).status_code == 409


def test_a_bundle_is_signed_stable_and_costs_a_304(hub) -> None:
    name, root = make(hub)
    add(hub, name, content(root, data={"most": 10, "é": "\u2028 ü", "n": 1.0, "big": 2**53}))
    act(hub, name, 1, "publish")
    bundle, headers = f"/bundles/b{root[3:]}", hub.bearer(hub.client_token("opa"))
    first = hub.http.get(bundle, headers=headers)
    assert first.content == hub.http.get(f"{bundle}.tar.gz", headers=headers).content
    again = hub.http.get(bundle, headers={**headers, "If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.headers["etag"]) == (304, first.headers["etag"])
    files = unpack(first.content)
    token = json.loads(files[".signatures.json"])["signatures"][0]
    key = hub.http.get(f"{URL}/bundles/keys", headers=headers).json()["data"][0]
    payload = json.loads(
        jws.deserialize_compact(token, ECKey.import_key(key["public_pem"]), algorithms=["ES256"]).payload
    )
    assert {file["name"] for file in payload["files"]} == set(files) - {".signatures.json"}
    assert payload["scope"] == "write"


def test_an_agent_that_waits_hears_of_a_change_at_once(hub) -> None:
    name, root = make(hub)
    add(hub, name, content(root))
    act(hub, name, 1, "publish")
    bundle, headers = f"{hub.url}/bundles/b{root[3:]}", hub.bearer(hub.client_token("opa"))
    etag = httpx.get(bundle, headers=headers, trust_env=False).headers["etag"]
    waiting = {**headers, "If-None-Match": etag, "Prefer": "modes=snapshot,delta;wait=20"}
    quiet = httpx.get(bundle, headers={**waiting, "Prefer": "modes=snapshot;wait=1"}, trust_env=False)
    assert (quiet.status_code, quiet.headers["content-type"]) == (
        304,
        "application/vnd.openpolicyagent.bundles",
    )
    seen: list[httpx.Response] = []
    began = time.monotonic()
    listener = threading.Thread(
        target=lambda: seen.append(httpx.get(bundle, headers=waiting, timeout=40, trust_env=False))
    )
    listener.start()
    time.sleep(0.5)
    add(hub, name, content(root, GOOD.replace("data:", "jobs:"), ""))
    act(hub, name, 2, "publish")
    listener.join(40)
    assert seen[0].status_code == 200
    assert time.monotonic() - began < 15
    assert b"jobs:" in unpack(seen[0].content)[f"{root}/main.rego"]


def test_bundles_are_for_agents_and_unknown_ones_are_404(hub) -> None:
    assert hub.http.get("/bundles/platform").status_code == 401
    assert (
        hub.http.get("/bundles/platform", headers=hub.bearer(hub.client_token("hub:data"))).status_code == 403
    )
    assert hub.http.get("/bundles/nosuch", headers=hub.bearer(hub.client_token("opa"))).status_code == 404


def test_agents_report_themselves_and_are_listed_with_what_they_lack(hub) -> None:
    served = hub.http.get(f"{URL}/bundles", headers=hub.bearer()).json()["data"]
    revision = next(bundle["revision"] for bundle in served if bundle["name"] == "platform")
    reports = {
        "good": {"platform": {"active_revision": revision}},
        "late": {"platform": {"active_revision": "old", "code": "bundle_error", "message": "bad signature"}},
    }
    agent = hub.bearer(hub.client_token("opa"))
    for agent_id, bundles in reports.items():
        status = {"labels": {"id": agent_id, "version": "1.9.0"}, "bundles": bundles, "plugins": {}}
        assert hub.http.post("/status", json=status, headers=agent).status_code == 204
    assert hub.http.post("/status/site-1", json={"labels": {}}, headers=agent).status_code == 422
    assert (
        hub.http.post("/status", json=status, headers=hub.bearer(hub.client_token("hub:data"))).status_code
        == 403
    )
    agents = {a["agent_id"]: a for a in hub.http.get(f"{URL}/agents", headers=hub.bearer()).json()["data"]}
    assert (agents["good"]["is_current"], agents["late"]["is_current"]) == (True, False)
    assert agents["late"]["problems"] == {"platform": "bad signature"}


def test_an_operators_own_platform_policy_is_not_overwritten_by_a_release(open_hub) -> None:
    hub = open_hub(policies={"opa_program": ""})
    form = shipped("openpolicy/records").model_dump()
    form["sources"]["records.rego"] += "\nextra := 1\n"
    assert add(hub, "platform-records", form).status_code == 201
    act(hub, "platform-records", 2, "publish")
    publish_platform_policies(hub.resources)
    policy = hub.http.get(f"{URL}/platform-records", headers=hub.bearer()).json()
    assert policy["published_version"] == 2
