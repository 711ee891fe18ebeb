"""API keys: made once, exchanged for what both the key and its owner may do, rotated with grace."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from sqlalchemy import text

from shared.clients.security_hub import SecurityHubClient
from shared.core.errors import Forbidden, Unauthorized
from shared.db.session import transaction


class _Tokens:
    def __init__(self, token: str) -> None:
        self._token = token

    def get(self) -> str:
        return self._token

    def forget(self) -> None:
        """Nothing to forget."""


def gateway(hub, client_id: str = "hub:ux") -> SecurityHubClient:
    http = httpx.Client(trust_env=False)
    return SecurityHubClient(hub.url, http, _Tokens(hub.client_token(client_id)))


def make(hub, headers: dict[str, str], **fields: Any) -> httpx.Response:
    form = {"name": "Script", "scopes": ["data:read"], **fields}
    return hub.http.post("/api/v1/api-keys", json=form, headers=headers)


def test_the_gateway_turns_a_key_into_a_short_lived_token(hub) -> None:
    body = hub.user("keys@example.org", roles=("editor",))
    made = make(hub, hub.bearer(body["access_token"]), scopes=["data:write"]).json()
    answer = gateway(hub).exchange_key(made["key"])
    caller = hub.resources.verifier.verify(answer.access_token)
    assert (caller.subject, caller.kind, caller.scopes) == (body["user"]["id"], "key", {"data:write"})
    assert answer.expires_in <= 60
    listed = hub.http.get("/api/v1/api-keys", headers=hub.bearer(body["access_token"])).json()["data"]
    assert listed[0]["last_used_at"]
    assert made["key"].startswith(listed[0]["hint"])
    assert "key" not in listed[0]


def test_a_key_is_stored_as_a_hash_only(hub) -> None:
    headers = hub.bearer(hub.user("hashed@example.org")["access_token"])
    key = make(hub, headers).json()["key"]
    with transaction(hub.resources.sessionmaker) as session:
        rows = session.execute(text("SELECT row_to_json(k)::text FROM security.api_keys k")).scalars().all()
        said = session.execute(text("SELECT body FROM security.outbox")).scalars().all()
    assert not any(key in row for row in rows)
    assert not any(key.encode() in bytes(body) for body in said)


def test_only_the_gateway_may_exchange_keys(hub) -> None:
    headers = hub.bearer(hub.user("not-gateway@example.org")["access_token"])
    key = make(hub, headers).json()["key"]
    with pytest.raises(Forbidden):
        gateway(hub, "hub:data").exchange_key(key)
    assert hub.http.post("/api/v1/keys/exchange", json={"key": key}).status_code == 401


def test_a_key_cannot_do_more_than_its_owner_even_later(hub) -> None:
    body = hub.user("shrinking@example.org", roles=("editor",))
    headers = hub.bearer(body["access_token"])
    assert make(hub, headers, scopes=["jobs:write"]).status_code == 403
    key = make(hub, headers, scopes=["data:read", "data:write"]).json()["key"]
    user = f"/api/v1/users/{body['user']['id']}"
    assert hub.http.patch(user, json={"roles": ["member"]}, headers=hub.bearer()).status_code == 200
    assert gateway(hub).exchange_key(key).scope == "data:read"
    assert hub.http.patch(user, json={"is_active": False}, headers=hub.bearer()).status_code == 200
    with pytest.raises(Unauthorized):
        gateway(hub).exchange_key(key)


def test_a_rotated_key_works_until_its_grace_is_over(hub) -> None:
    headers = hub.bearer(hub.user("rotating@example.org")["access_token"])
    first = make(hub, headers).json()
    second = hub.http.post(f"/api/v1/api-keys/{first['id']}/rotate?grace_s=600", headers=headers).json()
    assert second["scopes"] == first["scopes"]
    for made in (first, second):
        gateway(hub).exchange_key(made["key"])
    third = hub.http.post(f"/api/v1/api-keys/{second['id']}/rotate?grace_s=0", headers=headers).json()
    with pytest.raises(Unauthorized):
        gateway(hub).exchange_key(second["key"])
    gateway(hub).exchange_key(third["key"])


def test_a_revoked_key_and_a_mistyped_one_are_refused_alike(hub) -> None:
    headers = hub.bearer(hub.user("revoking@example.org")["access_token"])
    made = make(hub, headers).json()
    assert hub.http.delete(f"/api/v1/api-keys/{made['id']}", headers=headers).status_code == 204
    mistyped = made["key"][:-1] + ("0" if made["key"][-1] != "0" else "1")
    for key in (made["key"], mistyped, "opk_", "x" * 200, "opk_" + "é" * 46, ""):
        answer = hub.http.post(
            "/api/v1/keys/exchange", json={"key": key}, headers=hub.bearer(hub.client_token("hub:ux"))
        )
        assert (answer.status_code, answer.json()["detail"]) == (401, "the API key is not valid")


def test_keys_of_others_cannot_be_seen_rotated_or_revoked(hub) -> None:
    made = make(hub, hub.bearer(hub.user("owner-a@example.org")["access_token"])).json()
    stranger = hub.bearer(hub.user("owner-b@example.org")["access_token"])
    assert hub.http.get("/api/v1/api-keys", headers=stranger).json()["data"] == []
    assert hub.http.post(f"/api/v1/api-keys/{made['id']}/rotate", headers=stranger).status_code == 404
    assert hub.http.delete(f"/api/v1/api-keys/{made['id']}", headers=stranger).status_code == 404


def test_a_service_account_has_keys_with_its_own_scopes(hub) -> None:
    service = hub.client("service", scopes=["data:read"])
    url = f"/api/v1/clients/{service['client_id']}/api-keys"
    form = {"name": "Nightly", "scopes": ["data:write"]}
    assert hub.http.post(url, json=form, headers=hub.bearer()).status_code == 403
    made = hub.http.post(url, json={**form, "scopes": ["data:read"]}, headers=hub.bearer()).json()
    caller = hub.resources.verifier.verify(gateway(hub).exchange_key(made["key"]).access_token)
    assert caller.subject == service["client_id"]
    hub.http.patch(
        f"/api/v1/clients/{service['client_id']}", json={"is_disabled": True}, headers=hub.bearer()
    )
    with pytest.raises(Unauthorized):
        gateway(hub).exchange_key(made["key"])


def test_a_token_made_from_a_key_makes_no_further_keys(hub) -> None:
    headers = hub.bearer(hub.user("derived@example.org")["access_token"])
    token = gateway(hub).exchange_key(make(hub, headers).json()["key"]).access_token
    assert make(hub, hub.bearer(token)).status_code == 401


@pytest.mark.parametrize("scopes", [["no-such:scope"], ["data"], [], ["data:read", "x"], ["openid"]])
def test_unknown_scopes_are_refused(hub, scopes: list[str]) -> None:
    headers = hub.bearer(hub.signed_in()["access_token"])
    assert make(hub, headers, scopes=scopes).status_code == 422
