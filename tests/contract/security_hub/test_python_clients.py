"""authlib, requests-oauthlib and PyJWT, as their documentation tells to use them."""

from __future__ import annotations

from typing import Any

import jwt
import pytest
from authlib.integrations.httpx_client import OAuth2Client
from authlib.oauth2.rfc6749 import OAuth2Token
from oauthlib.oauth2 import BackendApplicationClient, InvalidGrantError
from requests_oauthlib import OAuth2Session

from shared.settings import derive_secret

CALLBACK = "https://app.example.org/callback"
SCOPE = ["openid", "email", "offline_access"]


@pytest.fixture
def client(hub) -> dict[str, Any]:
    return hub.client()


@pytest.fixture
def metadata(hub) -> dict[str, Any]:
    return hub.http.get("/.well-known/openid-configuration").json()


def walk(hub, browser, url: str) -> str:
    browser.sign_in()
    page = browser.open(url.removeprefix(hub.url))
    if browser.left is None:
        browser.submit(page, 0, decision="allow")
    assert browser.left is not None
    return browser.left


def verified(hub, token: str, audience: str) -> dict[str, Any]:
    """What PyJWT makes of a token with nothing but the address of the key set."""
    keys = jwt.PyJWKClient(f"{hub.url}/.well-known/jwks.json")
    key = keys.get_signing_key_from_jwt(token)
    return jwt.decode(token, key, algorithms=["ES256"], audience=audience, issuer=hub.url)


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
def test_authlib_completes_code_pkce_refresh_introspection_and_revocation(
    hub, browser, client, metadata, method: str
) -> None:
    session = OAuth2Client(
        client["client_id"],
        client["client_secret"],
        scope=" ".join(SCOPE),
        redirect_uri=CALLBACK,
        code_challenge_method="S256",
        token_endpoint_auth_method=method,
        trust_env=False,
    )
    verifier = "v" * 60
    url, state = session.create_authorization_url(metadata["authorization_endpoint"], code_verifier=verifier)
    callback = walk(hub, browser, url)
    token = session.fetch_token(
        metadata["token_endpoint"], authorization_response=callback, state=state, code_verifier=verifier
    )
    assert isinstance(token, OAuth2Token)
    assert verified(hub, token["id_token"], client["client_id"])["email"] == "operator@example.org"
    assert session.get(metadata["userinfo_endpoint"]).json()["email"] == "operator@example.org"
    fresh = session.refresh_token(metadata["token_endpoint"], refresh_token=token["refresh_token"])
    assert fresh["access_token"] != token["access_token"]
    seen = session.introspect_token(metadata["introspection_endpoint"], token=fresh["access_token"]).json()
    assert (seen["active"], seen["client_id"]) == (True, client["client_id"])
    revoked = session.revoke_token(metadata["revocation_endpoint"], token=fresh["refresh_token"])
    assert revoked.status_code == 200
    gone = session.introspect_token(metadata["introspection_endpoint"], token=fresh["refresh_token"]).json()
    assert gone == {"active": False}


def test_authlib_gets_client_credentials(hub, metadata) -> None:
    secret = derive_secret(hub.settings, "client:hub:data")
    session = OAuth2Client("hub:data", secret, trust_env=False)
    token = session.fetch_token(
        metadata["token_endpoint"], grant_type="client_credentials", scope="audit:write"
    )
    assert verified(hub, token["access_token"], "openpolicy")["sub"] == "hub:data"


def test_requests_oauthlib_completes_code_pkce_and_refresh(
    hub, browser, client, metadata, monkeypatch
) -> None:
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    session = OAuth2Session(client["client_id"], scope=SCOPE, redirect_uri=CALLBACK, pkce="S256")
    url, _ = session.authorization_url(metadata["authorization_endpoint"])
    callback = walk(hub, browser, url)
    token = session.fetch_token(
        metadata["token_endpoint"], authorization_response=callback, client_secret=client["client_secret"]
    )
    assert verified(hub, token["access_token"], "openpolicy")["client_id"] == client["client_id"]
    assert session.get(metadata["userinfo_endpoint"]).json()["email_verified"]
    auth = (client["client_id"], client["client_secret"])
    fresh = session.refresh_token(metadata["token_endpoint"], auth=auth)
    assert fresh["refresh_token"] != token["refresh_token"]
    with pytest.raises(InvalidGrantError):
        session.refresh_token(metadata["token_endpoint"], refresh_token=token["refresh_token"], auth=auth)


def test_requests_oauthlib_gets_client_credentials_and_learns_of_introspection(
    hub, metadata, monkeypatch
) -> None:
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    service = hub.client("service", scopes=["data:read"])
    auth = (service["client_id"], service["client_secret"])
    session = OAuth2Session(client=BackendApplicationClient(service["client_id"]))
    token = session.fetch_token(metadata["token_endpoint"], auth=auth)
    assert token["scope"] == ["data:read"]
    seen = session.post(
        metadata["introspection_endpoint"],
        data={"token": token["access_token"]},
        auth=auth,
        withhold_token=True,
    )
    assert seen.json()["active"]


def test_pyjwt_verifies_access_tokens_and_refuses_other_audiences(hub) -> None:
    token = hub.client_token("hub:ops")
    assert verified(hub, token, "openpolicy")["scope"].startswith("ops:*")
    with pytest.raises(jwt.InvalidAudienceError):
        verified(hub, token, "somebody-else")
