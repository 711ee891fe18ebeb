"""Service-to-service tokens: what each process may have, and what is refused."""

from __future__ import annotations

import base64
import stat

import httpx
import pytest
from pydantic import SecretStr

from hubs.security_hub.accounts.tasks import PASSWORD_FILE
from hubs.security_hub.clients.platform import PLATFORM_CLIENTS
from shared.app import service_tokens
from shared.auth import TokenVerifier, fetch_keys_over_http
from shared.core.errors import Unauthorized
from shared.settings import derive_secret


def verifier_of(hub) -> TokenVerifier:
    return TokenVerifier(
        hub.url, hub.settings.auth, fetch_keys_over_http(httpx.Client(trust_env=False), hub.url)
    )


@pytest.mark.parametrize("client_id", sorted(PLATFORM_CLIENTS))
def test_each_process_of_the_platform_gets_its_own_scopes(hub, client_id: str) -> None:
    caller = verifier_of(hub).verify(hub.client_token(client_id))
    assert (caller.subject, caller.kind) == (client_id, "service")
    assert caller.scopes == frozenset(PLATFORM_CLIENTS[client_id].scopes)


def test_the_shared_token_source_of_every_hub_gets_its_token(hub) -> None:
    tokens = service_tokens(hub.settings, "business", httpx.Client(trust_env=False))
    assert verifier_of(hub).verify(tokens.get()).may("data:write")


@pytest.mark.parametrize("way", ["basic", "encoded basic", "post"])
def test_credentials_come_in_the_header_or_in_the_body(hub, way: str) -> None:
    secret = derive_secret(hub.settings, "client:hub:data")
    form = {"grant_type": "client_credentials", "scope": "audit:write"}
    headers = {}
    if way == "post":
        form |= {"client_id": "hub:data", "client_secret": secret}
    else:
        name = "hub%3Adata" if way == "encoded basic" else "hub:data"
        headers["Authorization"] = "Basic " + base64.b64encode(f"{name}:{secret}".encode()).decode()
    answer = hub.http.post("/oauth/token", data=form, headers=headers)
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    assert answer.json()["scope"] == "audit:write"


def test_no_process_gets_a_scope_beyond_its_own(hub) -> None:
    form = {"grant_type": "client_credentials", "scope": "data:write"}
    secret = derive_secret(hub.settings, "client:hub:ops")
    answer = hub.http.post("/oauth/token", data=form, auth=("hub:ops", secret))
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_scope")


def test_a_wildcard_of_a_client_covers_its_area_only(hub) -> None:
    secret = derive_secret(hub.settings, "client:hub:business")
    for scope, status in {"jobs:write": 200, "ops:write": 400}.items():
        form = {"grant_type": "client_credentials", "scope": scope}
        assert hub.http.post("/oauth/token", data=form, auth=("hub:business", secret)).status_code == status


@pytest.mark.parametrize(
    ("form", "auth", "status", "error"),
    [
        ({"grant_type": "client_credentials"}, ("hub:data", "wrong"), 401, "invalid_client"),
        ({"grant_type": "client_credentials"}, ("nobody", "wrong"), 401, "invalid_client"),
        ({"grant_type": "client_credentials"}, None, 401, "invalid_client"),
        ({"grant_type": "client_credentials", "client_id": "hub:data"}, None, 401, "invalid_client"),
        ({}, "right", 400, "invalid_request"),
        ({"grant_type": "password"}, "right", 400, "unsupported_grant_type"),
        ({"grant_type": "client_credentials", "scope": 'a"b'}, "right", 400, "invalid_scope"),
        ({"grant_type": "client_credentials", "resource": "not a uri"}, "right", 400, "invalid_target"),
        (
            {"grant_type": "client_credentials", "resource": "https://a.example/#x"},
            "right",
            400,
            "invalid_target",
        ),
        ({"grant_type": "client_credentials", "client_id": "hub:ux"}, "right", 400, "invalid_request"),
        ({"grant_type": "client_credentials", "client_secret": "x"}, "right", 400, "invalid_request"),
    ],
)
def test_bad_token_requests_are_refused_in_the_words_of_rfc_6749(
    hub, form, auth, status: int, error: str
) -> None:
    credentials = ("hub:data", derive_secret(hub.settings, "client:hub:data")) if auth == "right" else auth
    answer = hub.http.post("/oauth/token", data=form, auth=credentials)
    assert (answer.status_code, answer.json()["error"]) == (status, error)
    assert ("www-authenticate" in answer.headers) == (status == 401)


def test_a_parameter_that_comes_twice_is_refused(hub) -> None:
    answer = hub.http.post(
        "/oauth/token",
        content="grant_type=client_credentials&grant_type=client_credentials",
        headers={"Content-Type": "application/x-www-form-urlencoded"},
        auth=("hub:data", derive_secret(hub.settings, "client:hub:data")),
    )
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


def test_a_resource_joins_the_audience(hub) -> None:
    token = hub.client_token("hub:data", resource=f"{hub.url}/mcp")
    assert verifier_of(hub).verify(token).claims["aud"] == ["openpolicy", f"{hub.url}/mcp"]


def test_the_first_administrator_gets_a_random_password_in_a_private_file(hub) -> None:
    path = hub.settings.data_dir / PASSWORD_FILE
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    email, password = path.read_text().split()
    assert "admin" in hub.signed_in(email, password)["user"]["roles"]


def test_production_has_no_administrator_by_itself_and_no_derived_secrets(open_hub) -> None:
    own = "x" * 40
    hub = open_hub(
        environment="production",
        secret=SecretStr("p" * 64),
        rabbit={"url": "amqp://op:op@127.0.0.1:9/"},
        platform_clients={"hub:data": own},
    )
    assert not (hub.settings.data_dir / PASSWORD_FILE).exists()
    form = {"grant_type": "client_credentials"}
    derived = derive_secret(hub.settings, "client:cli")
    assert hub.http.post("/oauth/token", data=form, auth=("cli", derived)).status_code == 401
    derived = derive_secret(hub.settings, "client:hub:data")
    assert hub.http.post("/oauth/token", data=form, auth=("hub:data", derived)).status_code == 401
    assert hub.http.post("/oauth/token", data=form, auth=("hub:data", own)).status_code == 200
    with pytest.raises(Unauthorized):
        service_tokens(hub.settings, "business", httpx.Client(trust_env=False)).get()


def test_discovery_names_endpoints_under_the_issuer(hub) -> None:
    first = hub.http.get("/.well-known/openid-configuration")
    assert first.json() == hub.http.get("/.well-known/oauth-authorization-server").json()
    metadata = first.json()
    assert metadata["issuer"] == hub.url
    assert all(
        url.startswith(f"{hub.url}/")
        for name, url in metadata.items()
        if name.endswith(("_endpoint", "_uri"))
    )
    again = hub.http.get(
        "/.well-known/openid-configuration", headers={"If-None-Match": first.headers["etag"]}
    )
    assert again.status_code == 304


def test_a_client_secret_rotates_with_a_grace_period(hub) -> None:
    client = hub.client("service", scopes=["data:read"])
    new = hub.http.post(
        f"/api/v1/clients/{client['client_id']}/secret?grace_s=60", headers=hub.bearer()
    ).json()
    form = {"grant_type": "client_credentials"}
    for secret in (client["client_secret"], new["client_secret"]):
        assert hub.http.post("/oauth/token", data=form, auth=(client["client_id"], secret)).status_code == 200
    last = hub.http.post(
        f"/api/v1/clients/{client['client_id']}/secret?grace_s=0", headers=hub.bearer()
    ).json()
    auth = (client["client_id"], new["client_secret"])
    assert hub.http.post("/oauth/token", data=form, auth=auth).status_code == 401
    hub.http.patch(f"/api/v1/clients/{client['client_id']}", json={"is_disabled": True}, headers=hub.bearer())
    auth = (client["client_id"], last["client_secret"])
    assert hub.http.post("/oauth/token", data=form, auth=auth).status_code == 401
