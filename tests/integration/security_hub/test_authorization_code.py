"""Code and PKCE in a browser without scripts: consent, codes, refresh, introspection, revocation, sign-out."""

from __future__ import annotations

import base64
import hashlib
import secrets
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest

CALLBACK = "https://app.example.org/callback"


def pkce() -> tuple[str, str]:
    verifier = secrets.token_urlsafe(48)
    digest = hashlib.sha256(verifier.encode()).digest()
    return verifier, base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def authorize_url(client: dict[str, Any], challenge: str, **fields: str | None) -> str:
    query = {
        "response_type": "code",
        "client_id": client["client_id"],
        "redirect_uri": CALLBACK,
        "scope": "openid email offline_access",
        "state": "s-1",
        "code_challenge": challenge,
        "code_challenge_method": "S256",
        **fields,
    }
    return "/oauth/authorize?" + urlencode({k: v for k, v in query.items() if v is not None})


def answer_of(url: str | None) -> dict[str, str]:
    assert url is not None
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}


@pytest.fixture(scope="module")
def client(hub) -> dict[str, Any]:
    return hub.client(logout_uris=["https://app.example.org/bye"])


def code_for(hub, browser, client, **fields: str) -> tuple[str, str]:
    """Walk a signed-in browser through consent and return the code and its verifier."""
    verifier, challenge = pkce()
    page = browser.open(authorize_url(client, challenge, **fields))
    if browser.left is None:
        browser.submit(page, 0, decision="allow")
    return answer_of(browser.left)["code"], verifier


def exchange(hub, client, code: str, verifier: str, **fields: str | None) -> httpx.Response:
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": CALLBACK,
        "code_verifier": verifier,
        **fields,
    }
    auth = (client["client_id"], client["client_secret"])
    return hub.http.post("/oauth/token", data={k: v for k, v in form.items() if v is not None}, auth=auth)


def test_a_person_signs_in_consents_and_the_application_gets_tokens(hub, browser) -> None:
    client = hub.client()
    verifier, challenge = pkce()
    page = browser.open(authorize_url(client, challenge, nonce="n-1"))
    assert page.response.url.path == "/signin"
    assert "Bill Watch" in page.text
    page = browser.submit(page, "/signin", login="operator@example.org", password="vermilion-otter-42-canoe")
    assert page.response.url.path == "/oauth/authorize"
    assert "See your e-mail address" in page.text
    assert "app.example.org" in page.text
    browser.submit(page, 0, decision="allow")
    answer = answer_of(browser.left)
    assert (answer["state"], answer["iss"]) == ("s-1", hub.url)
    tokens = exchange(hub, client, answer["code"], verifier).json()
    assert tokens["scope"] == "openid email offline_access"
    me = hub.http.get("/oauth/userinfo", headers=hub.bearer(tokens["access_token"]))
    assert me.json()["email"] == "operator@example.org"
    assert "name" not in me.json()


def test_consent_is_asked_once_and_again_for_more(hub, browser) -> None:
    client = hub.client()
    browser.sign_in()
    code_for(hub, browser, client)
    _, challenge = pkce()
    browser.open(authorize_url(client, challenge))
    assert "code" in answer_of(browser.left)
    page = browser.open(authorize_url(client, challenge, scope="openid email data:read"))
    assert browser.left is None
    assert "Read civic data" in page.text
    browser.open(authorize_url(client, challenge, prompt="consent"))
    assert browser.left is None


def test_a_refusal_goes_back_as_access_denied(hub, browser) -> None:
    client = hub.client()
    browser.sign_in()
    _, challenge = pkce()
    browser.submit(browser.open(authorize_url(client, challenge)), 0, decision="deny")
    answer = answer_of(browser.left)
    assert (answer["error"], answer["state"], answer["iss"]) == ("access_denied", "s-1", hub.url)


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"code_challenge": None}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge_method": None}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": None}, "invalid_request"),
        ({"scope": "openid jobs:write"}, "invalid_scope"),
        ({"scope": "openid *"}, "invalid_scope"),
        ({"scope": "no-such-scope"}, "invalid_scope"),
        ({"request": "x.y.z"}, "request_not_supported"),
        ({"response_mode": "fragment"}, "invalid_request"),
        ({"prompt": "none login"}, "invalid_request"),
        ({"max_age": "-1"}, "invalid_request"),
        ({"resource": "not-a-uri"}, "invalid_target"),
        ({"prompt": "none"}, "login_required"),
    ],
)
def test_errors_go_back_to_the_application_with_state_and_issuer(hub, browser, client, fields, error) -> None:
    _, challenge = pkce()
    browser.open(
        authorize_url(client, challenge, **fields)
        if "code_challenge" not in fields
        else authorize_url(client, "", **fields)
    )
    assert browser.left is not None
    assert browser.left.startswith(CALLBACK)
    answer = answer_of(browser.left)
    assert (answer["error"], answer["state"], answer["iss"]) == (error, "s-1", hub.url)


@pytest.mark.parametrize(
    "fields",
    [
        {"client_id": "nobody"},
        {"redirect_uri": "https://evil.example.org/callback"},
        {"redirect_uri": "https://app.example.org/callback/"},
        {"redirect_uri": "https://app.example.org/callback?x=1"},
        {"redirect_uri": "https://app.example.org.evil.org/callback"},
        {"redirect_uri": "//app.example.org/callback"},
        {"redirect_uri": "https://app.example.org/callback\r\nX-Evil: 1"},
    ],
)
def test_nobody_is_sent_to_an_address_that_was_not_registered(hub, browser, client, fields) -> None:
    _, challenge = pkce()
    page = browser.open(authorize_url(client, challenge, **fields))
    assert browser.left is None
    assert page.response.status_code == 400
    assert "does not work" in page.text


def test_prompt_none_goes_through_for_somebody_who_consented(hub, browser) -> None:
    client = hub.client()
    browser.sign_in()
    _, challenge = pkce()
    browser.open(authorize_url(client, challenge, prompt="none"))
    assert answer_of(browser.left)["error"] == "consent_required"
    code_for(hub, browser, client)
    browser.open(authorize_url(client, challenge, prompt="none"))
    assert "code" in answer_of(browser.left)


@pytest.mark.parametrize("fields", [{"prompt": "login"}, {"max_age": "0"}])
def test_an_application_can_have_the_person_sign_in_again(hub, browser, fields) -> None:
    client = hub.client()
    browser.sign_in()
    code_for(hub, browser, client)
    _, challenge = pkce()
    page = browser.open(authorize_url(client, challenge, **fields))
    assert page.response.url.path == "/signin"
    browser.submit(page, "/signin", login="operator@example.org", password="vermilion-otter-42-canoe")
    assert "code" in answer_of(browser.left)


@pytest.mark.parametrize(
    "fields",
    [
        {"code_verifier": None},
        {"code_verifier": "x" * 43},
        {"code_verifier": "short"},
        {"redirect_uri": "https://app.example.org/other"},
        {"redirect_uri": None},
        {"code": "opx_nonsense"},
    ],
)
def test_a_code_is_refused_with_the_wrong_proof_and_burnt(hub, browser, client, fields) -> None:
    fields, is_burnt = dict(fields), "code" not in fields
    browser.sign_in()
    code, verifier = code_for(hub, browser, client)
    wrong = exchange(hub, client, fields.pop("code", code), verifier, **fields)
    assert (wrong.status_code, wrong.json()["error"]) == (400, "invalid_grant")
    right = exchange(hub, client, code, verifier)
    assert right.status_code == (400 if is_burnt else 200)


def test_another_application_cannot_use_the_code(hub, browser, client) -> None:
    browser.sign_in()
    code, verifier = code_for(hub, browser, client)
    assert exchange(hub, hub.client(), code, verifier).json()["error"] == "invalid_grant"
    assert exchange(hub, client, code, verifier).status_code == 200


def test_a_code_used_twice_ends_what_its_first_use_gave(hub, browser, client) -> None:
    browser.sign_in()
    code, verifier = code_for(hub, browser, client)
    tokens = exchange(hub, client, code, verifier).json()
    again = exchange(hub, client, code, verifier)
    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")
    form = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    auth = (client["client_id"], client["client_secret"])
    assert hub.http.post("/oauth/token", data=form, auth=auth).json()["error"] == "invalid_grant"


def test_refresh_rotates_narrows_and_notices_reuse(hub, browser, client) -> None:
    browser.sign_in()
    tokens = exchange(hub, client, *code_for(hub, browser, client)).json()
    auth = (client["client_id"], client["client_secret"])

    def refresh(token: str, **fields: str) -> httpx.Response:
        form = {"grant_type": "refresh_token", "refresh_token": token, **fields}
        return hub.http.post("/oauth/token", data=form, auth=auth)

    assert refresh(tokens["refresh_token"], scope="openid data:read").json()["error"] == "invalid_scope"
    narrow = refresh(tokens["refresh_token"], scope="openid").json()
    assert narrow["scope"] == "openid"
    wide = refresh(narrow["refresh_token"]).json()
    assert wide["scope"] == "openid email offline_access"
    assert refresh(narrow["refresh_token"]).json()["error"] == "invalid_grant"
    assert refresh(wide["refresh_token"]).json()["error"] == "invalid_grant"


def test_another_application_cannot_use_or_see_the_refresh_token(hub, browser, client) -> None:
    browser.sign_in()
    tokens = exchange(hub, client, *code_for(hub, browser, client)).json()
    other = hub.client()
    auth = (other["client_id"], other["client_secret"])
    form = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    assert hub.http.post("/oauth/token", data=form, auth=auth).json()["error"] == "invalid_grant"
    for name in ("access_token", "refresh_token"):
        seen = hub.http.post("/oauth/introspect", data={"token": tokens[name]}, auth=auth).json()
        assert seen == {"active": False}
        assert hub.http.post("/oauth/revoke", data={"token": tokens[name]}, auth=auth).status_code == 200
    own = (client["client_id"], client["client_secret"])
    assert hub.http.post("/oauth/introspect", data={"token": tokens["refresh_token"]}, auth=own).json()[
        "active"
    ]


def test_introspection_tells_what_a_token_is_worth_until_it_is_revoked(hub, browser, client) -> None:
    browser.sign_in()
    tokens = exchange(hub, client, *code_for(hub, browser, client)).json()
    auth = (client["client_id"], client["client_secret"])

    def seen(token: str) -> dict[str, Any]:
        return hub.http.post("/oauth/introspect", data={"token": token}, auth=auth).json()

    access = seen(tokens["access_token"])
    assert access["active"]
    assert (access["client_id"], access["token_type"], access["iss"]) == (
        client["client_id"],
        "Bearer",
        hub.url,
    )
    assert seen("junk") == {"active": False}
    for name in ("access_token", "refresh_token"):
        assert hub.http.post("/oauth/revoke", data={"token": tokens[name]}, auth=auth).status_code == 200
        assert seen(tokens[name]) == {"active": False}
    refused = hub.http.get("/oauth/userinfo", headers=hub.bearer(tokens["access_token"]))
    assert refused.status_code == 401


def test_tokens_within_a_session_end_with_it_and_offline_ones_outlive_it(hub, browser, client) -> None:
    browser.sign_in()
    bound = exchange(hub, client, *code_for(hub, browser, client, scope="openid email")).json()
    offline = exchange(hub, client, *code_for(hub, browser, client)).json()
    page = browser.open("/oauth/logout")
    assert "Do you want to sign out" in page.text
    assert "You are signed out" in browser.submit(page).text
    auth = (client["client_id"], client["client_secret"])
    for tokens, status in ((bound, 400), (offline, 200)):
        form = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
        assert hub.http.post("/oauth/token", data=form, auth=auth).status_code == status


def test_an_application_signs_the_person_out_with_an_id_token(hub, browser, client) -> None:
    browser.sign_in()
    tokens = exchange(hub, client, *code_for(hub, browser, client)).json()
    query = urlencode(
        {
            "id_token_hint": tokens["id_token"],
            "post_logout_redirect_uri": "https://app.example.org/bye",
            "state": "x y&z",
        }
    )
    browser.open(f"/oauth/logout?{query}")
    assert browser.left == "https://app.example.org/bye?state=x+y%26z"
    assert browser.open("/signin/account").response.url.path == "/signin"


def test_signing_out_leads_to_registered_addresses_only(hub, browser, client) -> None:
    browser.sign_in()
    query = urlencode({"client_id": client["client_id"], "post_logout_redirect_uri": "https://evil.example/"})
    page = browser.open(f"/oauth/logout?{query}")
    browser.submit(page)
    assert browser.left is None


def test_a_public_application_needs_no_secret_and_may_use_any_loopback_port(hub, browser) -> None:
    client = hub.client("public", redirect_uris=["http://127.0.0.1/callback"])
    assert client["client_secret"] is None
    browser.sign_in()
    verifier, challenge = pkce()
    uri = "http://127.0.0.1:53219/callback"
    page = browser.open(authorize_url(client, challenge, redirect_uri=uri))
    browser.submit(page, 0, decision="allow")
    assert browser.left is not None
    assert browser.left.startswith(uri)
    form = {
        "grant_type": "authorization_code",
        "client_id": client["client_id"],
        "code": answer_of(browser.left)["code"],
        "redirect_uri": uri,
        "code_verifier": verifier,
    }
    assert hub.http.post("/oauth/token", data=form).status_code == 200
    introspect = hub.http.post("/oauth/introspect", data={"token": "x", "client_id": client["client_id"]})
    assert introspect.status_code == 401


def test_an_application_gets_no_more_than_the_person_has(hub, browser) -> None:
    client = hub.client(scopes=["openid", "jobs:write", "data:read"])
    hub.user("citizen@example.org")
    browser.sign_in("citizen@example.org")
    tokens = exchange(
        hub, client, *code_for(hub, browser, client, scope="openid jobs:write data:read")
    ).json()
    assert tokens["scope"] == "openid data:read"


def test_roles_are_told_to_our_own_applications_only(hub, browser, client) -> None:
    browser.sign_in()
    token = exchange(hub, client, *code_for(hub, browser, client)).json()["access_token"]
    assert hub.resources.verifier.verify(token).roles == frozenset()


@pytest.mark.parametrize(
    ("resource", "audience"),
    [
        ("https://mcp.elsewhere.example/mcp", ["https://mcp.elsewhere.example/mcp"]),
        ("http://127.0.0.1:8000/mcp", ["openpolicy", "http://127.0.0.1:8000/mcp"]),
    ],
)
def test_a_token_for_somebody_elses_resource_does_not_open_our_doors(
    hub, browser, client, resource, audience
) -> None:
    browser.sign_in()
    tokens = exchange(hub, client, *code_for(hub, browser, client, resource=resource)).json()
    auth = (client["client_id"], client["client_secret"])
    seen = hub.http.post("/oauth/introspect", data={"token": tokens["access_token"]}, auth=auth).json()
    assert seen["aud"] == audience
    status = hub.http.get("/oauth/userinfo", headers=hub.bearer(tokens["access_token"])).status_code
    assert status == (200 if "openpolicy" in audience else 401)


def test_a_resource_that_was_not_authorized_is_refused_at_the_token_endpoint(hub, browser, client) -> None:
    browser.sign_in()
    code, verifier = code_for(hub, browser, client)
    refused = exchange(hub, client, code, verifier, resource="https://other.example/")
    assert refused.json()["error"] == "invalid_target"


def test_a_withdrawn_application_can_no_longer_refresh_and_asks_again(hub, browser) -> None:
    client = hub.client()
    browser.sign_in()
    tokens = exchange(hub, client, *code_for(hub, browser, client)).json()
    page = browser.open("/signin/account")
    assert "Bill Watch" in page.text
    browser.submit(page, f"/grants/{client['client_id']}")
    form = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    auth = (client["client_id"], client["client_secret"])
    assert hub.http.post("/oauth/token", data=form, auth=auth).status_code == 400
    _, challenge = pkce()
    browser.open(authorize_url(client, challenge))
    assert browser.left is None
