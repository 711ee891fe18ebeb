"""Signing up, in and out over HTTP."""

from __future__ import annotations

import base64
import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from shared.auth import TokenVerifier, fetch_keys_over_http
from shared.core.errors import Unauthorized

ADMIN = "operator@example.org"
PASSWORD = "vermilion-otter-42-canoe"


def claims(token: str) -> dict[str, Any]:
    body = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))


def test_a_person_signs_in_and_every_hub_can_verify_the_token_with_the_published_keys(hub) -> None:
    body = hub.signed_in()
    verifier = TokenVerifier(
        hub.url, hub.settings.auth, fetch_keys_over_http(httpx.Client(trust_env=False), hub.url)
    )
    caller = verifier.verify(body["access_token"])
    assert (caller.subject, caller.kind) == (body["user"]["id"], "user")
    assert caller.may("users:admin")
    assert "admin" in caller.roles
    assert caller.claims["sid"] == body["session_id"]


def test_an_access_token_has_the_claims_of_rfc_9068(hub) -> None:
    token = hub.signed_in()["access_token"]
    head = json.loads(base64.urlsafe_b64decode(token.split(".")[0] + "=="))
    assert (head["typ"], head["alg"]) == ("at+jwt", "ES256")
    body = claims(token)
    assert {"iss", "exp", "aud", "sub", "client_id", "iat", "jti", "scope"} <= set(body)
    assert body["iss"] == hub.url
    assert body["exp"] - body["iat"] == hub.settings.tokens.access_s


def test_a_wrong_password_an_unknown_account_and_a_suspended_one_answer_alike(hub) -> None:
    suspended = hub.user("suspended@example.org")
    url = f"/api/v1/users/{suspended['user']['id']}"
    assert hub.http.patch(url, json={"is_active": False}, headers=hub.bearer()).status_code == 200
    answers = [
        hub.login(ADMIN, "not the password at all"),
        hub.login("nobody@example.org", PASSWORD),
        hub.login("suspended@example.org"),
    ]
    bodies = [{k: v for k, v in a.json().items() if k != "request_id"} for a in answers]
    assert [a.status_code for a in answers] == [401] * 3
    assert bodies[0] == bodies[1] == bodies[2]


def test_an_address_is_verified_before_it_can_sign_in(hub) -> None:
    form = {"email": "new@example.org", "password": PASSWORD, "language": "fr", "display_name": "Zoé"}
    assert hub.http.post("/api/v1/auth/register", json=form).status_code == 202
    assert hub.login("new@example.org").status_code == 403
    mail = hub.mails("new@example.org")[-1]
    assert (mail.template, mail.language, mail.values["name"]) == ("verify-address", "fr", "Zoé")
    token = mail.values["url"].partition("token=")[2]
    wrong = {"token": token, "password": "another password entirely"}
    assert hub.http.post("/api/v1/auth/verify", json=wrong).status_code == 401
    assert (
        hub.http.post("/api/v1/auth/verify", json={"token": token, "password": PASSWORD}).status_code == 200
    )
    assert (
        hub.http.post("/api/v1/auth/verify", json={"token": token, "password": PASSWORD}).status_code == 422
    )
    assert hub.login("new@example.org").status_code == 200


def test_a_link_brings_to_life_the_password_of_the_registration_it_came_from(hub) -> None:
    """An attacker registers somebody's address first; the owner's link must not activate the attacker's
    password.
    """
    evil, good = "attacker-chosen-77-pass", "owner-chosen-88-phrase"
    for password in (evil, good, evil):
        hub.http.post("/api/v1/auth/register", json={"email": "owner@example.org", "password": password})
    links = [m.values["url"].partition("token=")[2] for m in hub.mails("owner@example.org")]
    assert hub.http.post("/api/v1/auth/verify", json={"token": links[2], "password": good}).status_code == 401
    assert hub.http.post("/api/v1/auth/verify", json={"token": links[1], "password": good}).status_code == 200
    assert hub.login("owner@example.org", evil).status_code == 401
    assert hub.login("owner@example.org", good).status_code == 200


def test_registering_an_address_that_has_an_account_answers_the_same_and_tells_its_owner(hub) -> None:
    hub.user("taken@example.org")
    fresh = hub.http.post("/api/v1/auth/register", json={"email": "fresh@example.org", "password": PASSWORD})
    taken = hub.http.post("/api/v1/auth/register", json={"email": "Taken@Example.org", "password": PASSWORD})
    assert (taken.status_code, taken.json()) == (fresh.status_code, fresh.json())
    assert hub.mails("taken@example.org")[-1].template == "address-in-use"


@pytest.mark.parametrize(
    ("password", "reason"),
    [
        ("short", "too-short"),
        ("Password2024!", "common"),
        ("qwertyuiop", "sequence"),
        ("weakling-weakling", "personal"),
        ("aaaaaaaaaaaa", "repeat"),
        ("20260101123456", "digits"),
    ],
)
def test_a_password_that_would_be_guessed_is_refused_with_the_reason(hub, password: str, reason: str) -> None:
    form = {"email": "weakling@example.org", "password": password}
    answer = hub.http.post("/api/v1/auth/register", json=form)
    assert (answer.status_code, answer.json()["reason"]) == (422, reason)
    assert hub.mails("weakling@example.org") == []


def test_a_refresh_token_is_exchanged_once_and_its_second_use_ends_the_session(hub) -> None:
    first = hub.signed_in()
    second = hub.http.post("/api/v1/auth/refresh", json={"refresh_token": first["refresh_token"]})
    assert second.status_code == 200
    again = hub.http.post("/api/v1/auth/refresh", json={"refresh_token": first["refresh_token"]})
    assert again.status_code == 401
    thief_or_owner = hub.http.post(
        "/api/v1/auth/refresh", json={"refresh_token": second.json()["refresh_token"]}
    )
    assert thief_or_owner.status_code == 401
    assert "grant.revoked" in hub.actions()


def test_of_many_simultaneous_uses_of_a_refresh_token_one_at_most_succeeds(hub) -> None:
    token = hub.signed_in()["refresh_token"]
    with ThreadPoolExecutor(8) as pool:
        codes = list(
            pool.map(
                lambda _: hub.http.post("/api/v1/auth/refresh", json={"refresh_token": token}).status_code,
                range(8),
            )
        )
    assert codes.count(200) <= 1
    assert set(codes) <= {200, 401}


def test_signing_out_ends_the_session_at_once_and_its_refresh_token_with_it(hub) -> None:
    body = hub.signed_in()
    me = {"Authorization": f"Bearer {body['access_token']}"}
    assert hub.http.get("/api/v1/auth/me", headers=me).json()["email"] == ADMIN
    assert hub.http.post("/api/v1/auth/logout", headers=me).status_code == 204
    assert hub.http.get("/api/v1/auth/me", headers=me).status_code == 401
    refused = hub.http.post("/api/v1/auth/refresh", json={"refresh_token": body["refresh_token"]})
    assert refused.status_code == 401


def test_signing_out_everywhere_ends_all_sessions(hub) -> None:
    hub.user("everywhere@example.org")
    first, second = hub.signed_in("everywhere@example.org"), hub.signed_in("everywhere@example.org")
    hub.http.post("/api/v1/auth/logout/all", headers=hub.bearer(first["access_token"]))
    for body in (first, second):
        assert hub.http.get("/api/v1/auth/me", headers=hub.bearer(body["access_token"])).status_code == 401


def test_a_forgotten_password_is_reset_by_mail_and_every_session_ends(hub) -> None:
    body = hub.user("forgetful@example.org")
    for login in ("forgetful@example.org", "nobody-here@example.org"):
        assert hub.http.post("/api/v1/auth/forgot-password", json={"login": login}).status_code == 202
    assert hub.mails("nobody-here@example.org") == []
    token = hub.mails("forgetful@example.org")[-1].values["url"].partition("token=")[2]
    weak = hub.http.post("/api/v1/auth/reset-password", json={"token": token, "password": "Password2024!"})
    assert weak.status_code == 422
    new = "a-brand-new-91-phrase"
    done = hub.http.post("/api/v1/auth/reset-password", json={"token": token, "password": new})
    assert done.status_code == 204
    assert hub.login("forgetful@example.org").status_code == 401
    assert hub.login("forgetful@example.org", new).status_code == 200
    assert hub.http.get("/api/v1/auth/me", headers=hub.bearer(body["access_token"])).status_code == 401
    assert hub.mails("forgetful@example.org")[-1].template == "password-changed"


def test_a_changed_password_needs_the_old_one_and_ends_the_other_sessions(hub) -> None:
    hub.user("changer@example.org")
    here, there = hub.signed_in("changer@example.org"), hub.signed_in("changer@example.org")
    new = "another-fine-73-phrase"
    form = {"current_password": "wrong wrong wrong", "new_password": new}
    assert (
        hub.http.post(
            "/api/v1/auth/password", json=form, headers=hub.bearer(here["access_token"])
        ).status_code
        == 401
    )
    form["current_password"] = PASSWORD
    assert (
        hub.http.post(
            "/api/v1/auth/password", json=form, headers=hub.bearer(here["access_token"])
        ).status_code
        == 204
    )
    assert hub.http.get("/api/v1/auth/me", headers=hub.bearer(here["access_token"])).status_code == 200
    assert hub.http.get("/api/v1/auth/me", headers=hub.bearer(there["access_token"])).status_code == 401
    assert hub.login("changer@example.org", new).status_code == 200


def test_a_deleted_account_leaves_nothing_that_names_the_person(hub) -> None:
    body = hub.user("leaver@example.org", display_name="Leaver")
    headers = hub.bearer(body["access_token"])
    assert (
        hub.http.post("/api/v1/auth/me/delete", json={"password": PASSWORD}, headers=headers).status_code
        == 204
    )
    assert hub.login("leaver@example.org").status_code == 401
    assert hub.user("leaver@example.org")["user"]["id"] != body["user"]["id"]


def test_a_service_token_is_no_person(hub) -> None:
    assert hub.http.get("/api/v1/auth/me", headers=hub.bearer()).status_code == 401


def test_a_password_never_comes_back_in_an_error(hub) -> None:
    secret = "should-never-be-echoed-123"
    answer = hub.http.post("/api/v1/auth/login", json={"login": "", "password": secret, "surplus": secret})
    assert answer.status_code == 422
    assert secret not in answer.text


def test_no_token_is_accepted_after_its_key_was_disowned_and_new_ones_are_at_once(open_hub) -> None:
    hub = open_hub()
    email, password = (hub.settings.data_dir / "admin-password").read_text().split()
    token = hub.signed_in(email, password)["access_token"]
    verifier = TokenVerifier(
        hub.url, hub.settings.auth, fetch_keys_over_http(httpx.Client(trust_env=False), hub.url)
    )
    kid = json.loads(base64.urlsafe_b64decode(token.split(".")[0] + "=="))["kid"]
    assert hub.http.post(f"/api/v1/signing-keys/{kid}/revoke", headers=hub.bearer()).status_code == 200
    hub.tokens.clear()
    with pytest.raises(Unauthorized):
        verifier.verify(token)
    fresh = hub.signed_in(email, password)["access_token"]
    verifier.verify(fresh)
    assert hub.http.get("/api/v1/auth/me", headers=hub.bearer(fresh)).status_code == 200
