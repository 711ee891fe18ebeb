"""What the provider refuses, as the client libraries see it: authlib and requests-oauthlib unmodified."""

from __future__ import annotations

from typing import Any

import pytest
from authlib.integrations.base_client.errors import OAuthError
from authlib.integrations.httpx_client import OAuth2Client
from oauthlib.oauth2 import InvalidGrantError, OAuth2Error
from requests_oauthlib import OAuth2Session

CALLBACK = "https://app.example.org/callback"
VERIFIER = "v" * 60


@pytest.fixture(scope="module")
def metadata(hub) -> dict[str, Any]:
    return hub.http.get("/.well-known/openid-configuration").json()


@pytest.fixture
def client(hub) -> dict[str, Any]:
    return hub.client()


@pytest.fixture
def session(client):
    with OAuth2Client(
        client["client_id"],
        client["client_secret"],
        scope="openid email offline_access",
        redirect_uri=CALLBACK,
        code_challenge_method="S256",
        trust_env=False,
    ) as made:
        yield made


def walk(hub, browser, url: str) -> str:
    """Sign in, agree, and return where the browser was sent with the answer."""
    browser.sign_in()
    page = browser.open(url.removeprefix(hub.url))
    if browser.left is None:
        browser.submit(page, 0, decision="allow")
    assert browser.left is not None
    return browser.left


def begun(hub, browser, session, metadata) -> dict[str, Any]:
    """An answered authorization, as the keyword arguments that complete it."""
    url, state = session.create_authorization_url(metadata["authorization_endpoint"], code_verifier=VERIFIER)
    return {"authorization_response": walk(hub, browser, url), "state": state}


def test_a_plain_challenge_is_refused_with_an_answer_that_the_library_understands(
    hub, browser, client, metadata, monkeypatch
) -> None:
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")
    session = OAuth2Session(client["client_id"], scope=["openid"], redirect_uri=CALLBACK, pkce="plain")
    url, _ = session.authorization_url(metadata["authorization_endpoint"])
    browser.sign_in()
    browser.open(url.removeprefix(hub.url))
    assert browser.left is not None
    with pytest.raises(OAuth2Error) as refused:
        session.fetch_token(metadata["token_endpoint"], authorization_response=browser.left)
    assert refused.value.error == "invalid_request"


def test_an_authorization_without_a_challenge_is_refused(hub, browser, client, metadata, monkeypatch) -> None:
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")
    session = OAuth2Session(client["client_id"], scope=["openid"], redirect_uri=CALLBACK)
    url, _ = session.authorization_url(metadata["authorization_endpoint"])
    browser.sign_in()
    browser.open(url.removeprefix(hub.url))
    assert browser.left is not None
    with pytest.raises(OAuth2Error) as refused:
        session.fetch_token(metadata["token_endpoint"], authorization_response=browser.left)
    assert refused.value.error == "invalid_request"


@pytest.mark.parametrize("verifier", [None, "w" * 60, ""])
def test_a_code_without_its_verifier_is_refused(hub, browser, session, metadata, verifier) -> None:
    answer = begun(hub, browser, session, metadata)
    given = {} if verifier is None else {"code_verifier": verifier}
    with pytest.raises(OAuthError) as refused:
        session.fetch_token(metadata["token_endpoint"], **answer, **given)
    assert refused.value.error in ("invalid_grant", "invalid_request")


def test_a_replayed_code_is_refused_and_ends_what_it_gave_before(hub, browser, session, metadata) -> None:
    answer = begun(hub, browser, session, metadata)
    first = dict(session.fetch_token(metadata["token_endpoint"], **answer, code_verifier=VERIFIER))
    with pytest.raises(OAuthError, match="invalid_grant"):
        session.fetch_token(metadata["token_endpoint"], **answer, code_verifier=VERIFIER)
    for kind in ("access_token", "refresh_token"):
        seen = session.introspect_token(metadata["introspection_endpoint"], token=first[kind])
        assert seen.json() == {"active": False}


def test_a_replayed_refresh_token_is_refused_and_ends_its_whole_family(
    hub, browser, session, metadata
) -> None:
    answer = begun(hub, browser, session, metadata)
    url = metadata["token_endpoint"]
    first = dict(session.fetch_token(url, **answer, code_verifier=VERIFIER))
    second = dict(session.refresh_token(url, refresh_token=first["refresh_token"]))
    with pytest.raises(OAuthError, match="invalid_grant"):
        session.refresh_token(url, refresh_token=first["refresh_token"])
    with pytest.raises(OAuthError, match="invalid_grant"):
        session.refresh_token(url, refresh_token=second["refresh_token"])


def test_a_browser_is_not_sent_to_an_address_that_was_not_registered(hub, browser, session, metadata) -> None:
    url, _ = session.create_authorization_url(
        metadata["authorization_endpoint"],
        code_verifier=VERIFIER,
        redirect_uri="https://evil.example/callback",
    )
    browser.sign_in()
    page = browser.open(url.removeprefix(hub.url))
    assert browser.left is None
    assert page.response.status_code == 400


def test_a_code_is_refused_with_another_address_than_it_was_asked_for(
    hub, browser, session, metadata
) -> None:
    answer = begun(hub, browser, session, metadata)
    with pytest.raises(OAuthError, match="invalid_grant"):
        session.fetch_token(
            metadata["token_endpoint"],
            **answer,
            code_verifier=VERIFIER,
            redirect_uri="https://app.example.org/other",
        )


def test_a_revoked_refresh_token_is_of_no_use_to_requests_oauthlib(
    hub, browser, client, metadata, monkeypatch
) -> None:
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    scope = ["openid", "email", "offline_access"]
    session = OAuth2Session(client["client_id"], scope=scope, redirect_uri=CALLBACK, pkce="S256")
    url, _ = session.authorization_url(metadata["authorization_endpoint"])
    callback = walk(hub, browser, url)
    token = session.fetch_token(
        metadata["token_endpoint"], authorization_response=callback, client_secret=client["client_secret"]
    )
    auth = (client["client_id"], client["client_secret"])
    request = session._client.prepare_token_revocation_request(
        metadata["revocation_endpoint"].replace("http://", "https://"), token["refresh_token"]
    )
    _, headers, body = request
    done = session.post(
        metadata["revocation_endpoint"], data=body, headers=headers, auth=auth, withhold_token=True
    )
    assert done.status_code == 200
    with pytest.raises(InvalidGrantError):
        session.refresh_token(metadata["token_endpoint"], auth=auth)
