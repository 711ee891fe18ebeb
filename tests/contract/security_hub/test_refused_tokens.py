"""Tokens that a hub must refuse, sent over HTTP to a hub that published its keys."""

from __future__ import annotations

import base64
import json
import time
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from hubs.security_hub.keys.service import KeyRing


def part(token: str, number: int) -> dict[str, Any]:
    text = token.split(".")[number]
    return json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))


@pytest.fixture(scope="module")
def true_token(hub) -> str:
    return hub.signed_in()["access_token"]


def status(hub, token: str) -> int:
    return hub.http.get("/api/v1/auth/me", headers={"Authorization": f"Bearer {token}"}).status_code


def signed(hub, claims: dict[str, Any], **header: Any) -> str:
    """A token signed with the hub's own key, as only the hub could."""
    signer = hub.resources.get(KeyRing).signer()
    pem = signer.key.as_pem(private=True)
    return jwt.encode(claims, pem, algorithm="ES256", headers={"typ": "at+jwt", "kid": signer.kid, **header})


def test_the_true_token_and_one_signed_like_it_are_taken(hub, true_token) -> None:
    assert status(hub, true_token) == 200
    assert status(hub, signed(hub, part(true_token, 1))) == 200


def test_alg_none_is_refused(hub, true_token) -> None:
    made = jwt.encode(
        part(true_token, 1), "", algorithm="none", headers={"typ": "at+jwt", **_kid(true_token)}
    )
    assert status(hub, made) == 401


def test_the_published_key_is_no_shared_secret(hub, true_token) -> None:
    published = hub.http.get("/.well-known/jwks.json").json()["keys"][0]
    # PyJWT would not even sign with a whole JWK; its coordinates stand for what a naive server might use.
    secret = published["x"] + published["y"]
    made = jwt.encode(
        part(true_token, 1), secret, algorithm="HS256", headers={"typ": "at+jwt", **_kid(true_token)}
    )
    assert status(hub, made) == 401


def test_an_rsa_signature_is_refused_although_it_is_a_good_one(hub, true_token) -> None:
    key = rsa.generate_private_key(65_537, 2_048)
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    for kid in (part(true_token, 0)["kid"], "foreign"):
        made = jwt.encode(part(true_token, 1), pem, algorithm="RS256", headers={"typ": "at+jwt", "kid": kid})
        assert status(hub, made) == 401


def test_a_foreign_key_is_refused_under_a_known_and_an_unknown_id(hub, true_token) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    for kid in (part(true_token, 0)["kid"], "foreign"):
        made = jwt.encode(part(true_token, 1), pem, algorithm="ES256", headers={"typ": "at+jwt", "kid": kid})
        assert status(hub, made) == 401


@pytest.mark.parametrize(
    "changes",
    [
        {"exp": 1},
        {"iat": time.time() + 3_600, "exp": time.time() + 7_200},
        {"nbf": time.time() + 3_600},
        {"aud": "elsewhere"},
        {"iss": "https://evil.example"},
    ],
)
def test_expired_future_and_foreign_tokens_are_refused_although_the_signature_is_ours(
    hub, true_token, changes
) -> None:
    claims = {
        **part(true_token, 1),
        **{name: int(v) if isinstance(v, float) else v for name, v in changes.items()},
    }
    assert status(hub, signed(hub, claims)) == 401


def test_an_id_token_opens_no_door(hub, true_token) -> None:
    assert status(hub, signed(hub, part(true_token, 1), typ="JWT")) == 401


def test_a_refusal_says_what_rfc_6750_says(hub) -> None:
    answer = hub.http.get("/api/v1/auth/me", headers={"Authorization": "Bearer junk"})
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, 'Bearer error="invalid_token"')
    poor = hub.client_token("hub:data", scope="audit:write")
    answer = hub.http.get("/api/v1/users", headers=hub.bearer(poor))
    assert answer.status_code == 403
    assert answer.headers["www-authenticate"] == 'Bearer error="insufficient_scope", scope="users:read"'


def _kid(token: str) -> dict[str, str]:
    return {"kid": part(token, 0)["kid"]}
