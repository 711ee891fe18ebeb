"""Configuration: schemas, scopes, versions, secrets, YAML, and changes as they happen."""

from __future__ import annotations

import json
import threading
from typing import Any

import httpx
import pytest
import yaml
from sqlalchemy import text

from hubs.security_hub.config.service import build
from hubs.security_hub.vault.service import Vault
from shared.db.session import transaction

URL = "/api/v1/config"
MASK = "••••••••"


def define(hub, key: str, schema: dict[str, Any], default: Any = None, **fields: Any) -> httpx.Response:
    form = {"title_en": key, "title_fr": key, "schema": schema, "default": default, **fields}
    return hub.http.put(f"{URL}/keys/{key}", json=form, headers=hub.bearer())


def put(hub, key: str, value: Any, **fields: Any) -> httpx.Response:
    return hub.http.put(f"{URL}/{key}", json={"value": value, **fields}, headers=hub.bearer())


def value(hub, key: str, **params: str) -> Any:
    return hub.http.get(f"{URL}/{key}", params=params, headers=hub.bearer()).json()


def test_the_more_special_scope_holds(hub) -> None:
    define(hub, "data.page-size", {"type": "integer", "minimum": 1, "maximum": 500}, 50)
    assert (value(hub, "data.page-size")["value"], value(hub, "data.page-size")["source"]) == (50, "default")
    put(hub, "data.page-size", 60)
    put(hub, "data.page-size", 70, environment="embedded")
    put(hub, "data.page-size", 80, environment="production")
    held = {
        env: value(hub, "data.page-size", environment=env)["value"] for env in ("embedded", "production", "x")
    }
    assert held == {"embedded": 70, "production": 80, "x": 60}
    assert (
        hub.http.delete(f"{URL}/data.page-size?environment=embedded", headers=hub.bearer()).status_code == 204
    )
    assert value(hub, "data.page-size")["source"] == "everywhere"


@pytest.mark.parametrize("bad", [0, 501, "60", 1.5, None, [1], True])
def test_a_value_that_does_not_fit_is_refused_and_nothing_stored(hub, bad: Any) -> None:
    define(hub, "data.limit", {"type": "integer", "minimum": 1, "maximum": 500}, 50)
    answer = put(hub, "data.limit", bad)
    assert answer.status_code == 422
    assert value(hub, "data.limit")["version"] == 0


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "nonsense"},
        {"$ref": "https://evil.example/schema.json"},
        {"properties": {"a": {"$ref": "file:///etc/passwd"}}},
        {"pattern": "("},
        {"minimum": "x"},
        json.loads('{"items":' * 40 + "{}" + "}" * 40),
    ],
)
def test_what_is_no_schema_is_refused(hub, schema: dict[str, Any]) -> None:
    assert define(hub, "data.bad", schema, 1).status_code == 422
    assert hub.http.get(f"{URL}/data.bad", headers=hub.bearer()).status_code == 404


def test_a_default_must_fit_and_a_new_schema_must_fit_what_is_set(hub) -> None:
    assert define(hub, "data.mode", {"enum": ["fast", "exact"]}, "slow").status_code == 422
    define(hub, "data.mode", {"enum": ["fast", "exact"]}, "fast")
    put(hub, "data.mode", "exact")
    assert define(hub, "data.mode", {"enum": ["fast"]}, "fast").status_code == 409


def test_every_change_is_a_version_with_who_and_why_and_can_be_compared_and_brought_back(hub) -> None:
    define(hub, "ops.levels", {"type": "object"}, {})
    put(hub, "ops.levels", {"a": 1, "b": {"c": 2}}, reason="first")
    put(hub, "ops.levels", {"a": 1, "b": {"c": 3}, "d/e": True}, reason="second")
    versions = hub.http.get(f"{URL}/ops.levels/versions", headers=hub.bearer()).json()["data"]
    assert [(v["version"], v["reason"], v["changed_by"]) for v in versions] == [
        (2, "second", "cli"),
        (1, "first", "cli"),
    ]
    diff = hub.http.get(f"{URL}/ops.levels/diff?from_version=1&to_version=2", headers=hub.bearer()).json()
    assert diff["differences"] == [
        {"pointer": "/b/c", "before": 2, "after": 3},
        {"pointer": "/d~1e", "before": None, "after": True},
    ]
    back = hub.http.post(f"{URL}/ops.levels/rollback", json={"version": 1}, headers=hub.bearer()).json()
    assert (back["value"], back["version"]) == ({"a": 1, "b": {"c": 2}}, 3)
    assert (
        hub.http.post(f"{URL}/ops.levels/rollback", json={"version": 9}, headers=hub.bearer()).status_code
        == 404
    )


def test_a_change_that_expects_another_version_is_refused(hub) -> None:
    define(hub, "ops.race", {"type": "integer"}, 0)
    assert put(hub, "ops.race", 1, expected_version=0).status_code == 200
    refused = put(hub, "ops.race", 2, expected_version=0)
    assert (refused.status_code, refused.json()["version"]) == (412, 1)
    assert put(hub, "ops.race", 2, expected_version=1).json()["version"] == 2


def test_a_secret_is_sealed_masked_and_shown_to_its_own_hub_only(hub) -> None:
    define(hub, "data.s3.secret", {"type": "string", "minLength": 8}, is_secret=True)
    answer = put(hub, "data.s3.secret", "hunter2-hunter2", reason="setup")
    assert answer.json()["value"] == MASK
    assert value(hub, "data.s3.secret")["value"] == MASK
    assert "hunter2" not in hub.http.get(f"{URL}/data.s3.secret/versions", headers=hub.bearer()).text
    with transaction(hub.resources.sessionmaker) as session:
        for table in ("config_values", "config_versions", "outbox"):
            rows = (
                session.execute(text(f"SELECT row_to_json(t)::text FROM security.{table} t")).scalars().all()
            )
            assert not any("hunter2" in row for row in rows), table

    def seen(client_id: str) -> dict[str, Any]:
        found = hub.http.get(
            URL, params={"service": "data"}, headers=hub.bearer(hub.client_token(client_id))
        ).json()
        return {item["key"]: item["value"] for item in found["data"]}

    assert seen("hub:data")["data.s3.secret"] == "hunter2-hunter2"
    assert seen("hub:business")["data.s3.secret"] == MASK
    assert put(hub, "data.s3.secret", MASK).status_code == 422


def test_a_secret_may_be_a_reference_and_has_no_default(hub) -> None:
    assert define(hub, "data.smtp.secret", {"type": "string"}, "changeme", is_secret=True).status_code == 422
    define(hub, "data.smtp.secret", {"type": "string"}, is_secret=True)
    put(hub, "data.smtp.secret", {"ref": "env:SMTP_PASSWORD"})
    read = value(hub, "data.smtp.secret")
    assert (read["value"], read["is_reference"]) == ({"ref": "env:SMTP_PASSWORD"}, True)
    assert put(hub, "data.smtp.secret", {"ref": "http://evil.example"}).status_code == 422


def test_secrets_are_sealed_anew_with_a_new_key(hub) -> None:
    define(hub, "ux.token", {"type": "string"}, is_secret=True)
    put(hub, "ux.token", "a-kept-secret")
    hub.resources.get(Vault).rotate()
    with transaction(hub.resources.sessionmaker) as session:
        assert build(session, hub.resources).reseal() >= 2
    headers = hub.bearer(hub.client_token("hub:ux"))
    found = hub.http.get(URL, params={"service": "ux"}, headers=headers).json()["data"]
    assert {item["key"]: item["value"] for item in found}["ux.token"] == "a-kept-secret"


def test_people_have_values_of_their_own_where_that_is_meant(hub) -> None:
    define(hub, "ux.theme", {"enum": ["light", "dark"]}, "light", is_personal=True)
    define(hub, "ux.banner", {"type": "string"}, "")
    mine = hub.bearer(hub.user("themed@example.org")["access_token"])
    other = hub.bearer(hub.user("plain@example.org")["access_token"])
    assert (
        hub.http.put(f"{URL}/mine/ux.theme", json={"value": "dark"}, headers=mine).json()["source"]
        == "person"
    )
    assert hub.http.put(f"{URL}/mine/ux.banner", json={"value": "x"}, headers=mine).status_code == 422

    def theme(headers: dict[str, str]) -> str:
        found = hub.http.get(f"{URL}/mine", headers=headers).json()["data"]
        assert {item["key"] for item in found} == {"ux.theme"}
        return found[0]["value"]

    assert (theme(mine), theme(other)) == ("dark", "light")
    assert value(hub, "ux.theme")["value"] == "light"
    assert hub.http.delete(f"{URL}/mine/ux.theme", headers=mine).status_code == 204
    assert theme(mine) == "light"


def test_yaml_goes_out_and_comes_back(hub) -> None:
    define(hub, "business.retries", {"type": "integer"}, 3)
    define(hub, "business.key", {"type": "string"}, is_secret=True)
    put(hub, "business.retries", 5)
    put(hub, "business.retries", 7, environment="production")
    put(hub, "business.key", "not-to-leave")
    exported = hub.http.get(f"{URL}/export", headers=hub.bearer()).text
    assert "not-to-leave" not in exported
    document = yaml.safe_load(exported)
    assert document["environments"]["production"]["business.retries"] == 7
    assert exported == hub.http.get(f"{URL}/export", headers=hub.bearer()).text
    document["environments"] = {"all": {"business.retries": 9}, "staging": {"business.retries": 1}}

    def load(**params: Any) -> httpx.Response:
        headers = {**hub.bearer(), "Content-Type": "application/yaml"}
        return hub.http.post(
            f"{URL}/import", content=yaml.safe_dump(document), params=params, headers=headers
        )

    dry = load(dry_run=True).json()
    assert (dry["created"], dry["skipped"]) == (["business.retries@staging"], ["business.retries"])
    assert value(hub, "business.retries", environment="staging")["value"] == 5
    done = load(overwrite=True).json()
    assert (done["created"], done["changed"]) == (["business.retries@staging"], ["business.retries"])
    assert load(overwrite=True).json()["unchanged"] == ["business.retries", "business.retries@staging"]
    document["environments"]["all"]["business.unknown"] = 1
    document["environments"]["all"]["business.retries"] = 99
    refused = load(overwrite=True)
    assert refused.status_code == 422
    assert value(hub, "business.retries", environment="x")["value"] == 9


@pytest.mark.parametrize(
    "document",
    [
        "a: &a [x]\nb: [*a, *a]",
        "!!python/object/apply:os.system ['true']",
        "openpolicy_config: 1\nenvironments: {all: {a.b: 1, a.b: 2}}",
        "openpolicy_config: 2\nenvironments: {}",
        "- just\n- a list",
        "openpolicy_config: 1\nenvironments: {'../x': {a.b: 1}}",
        "{" * 5_000,
        "\x00",
    ],
)
def test_a_hostile_document_is_refused(hub, document: str) -> None:
    headers = {**hub.bearer(), "Content-Type": "application/yaml"}
    answer = hub.http.post(f"{URL}/import", content=document, headers=headers)
    assert answer.status_code == 422, answer.text


def test_polling_costs_a_304_until_something_changes(hub) -> None:
    define(hub, "ops.poll", {"type": "integer"}, 1)
    first = hub.http.get(URL, headers=hub.bearer())
    again = {**hub.bearer(), "If-None-Match": first.headers["etag"]}
    assert hub.http.get(URL, headers=again).status_code == 304
    put(hub, "ops.poll", 2)
    assert hub.http.get(URL, headers=again).status_code == 200
    number = first.json()["number"]
    changes = hub.http.get(f"{URL}/changes?after={number}", headers=hub.bearer()).json()["data"]
    assert [(change["key"], change["value"]) for change in changes] == [("ops.poll", 2)]


def test_a_change_is_streamed_as_it_happens(hub) -> None:
    define(hub, "ops.stream", {"type": "integer"}, 1)
    seen: list[int] = []
    arrived = threading.Event()

    def listen() -> None:
        with httpx.stream(
            "GET", f"{hub.url}{URL}/stream", headers=hub.bearer(), timeout=60, trust_env=False
        ) as answer:
            assert answer.headers["content-type"].startswith("text/event-stream")
            for line in answer.iter_lines():
                if line.startswith("data: "):
                    seen.append(json.loads(line[6:])["number"])
                    arrived.set()
                    if len(seen) == 2:
                        return

    listener = threading.Thread(target=listen)
    listener.start()
    assert arrived.wait(30)
    put(hub, "ops.stream", 2)
    listener.join(30)
    assert not listener.is_alive()
    assert seen[1] > seen[0]


def test_configuration_is_for_those_who_may(hub) -> None:
    headers = hub.bearer(hub.user("config-curious@example.org")["access_token"])
    assert hub.http.get(URL, headers=headers).status_code == 403
    reader = hub.bearer(hub.client_token("hub:data"))
    assert hub.http.put(f"{URL}/data.x", json={"value": 1}, headers=reader).status_code == 403
