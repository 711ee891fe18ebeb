"""The other provider's side of the wire: its metadata, its token endpoint, its keys (OpenID Connect Core
1.0).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from hubs.security_hub.federation.errors import ProviderRefused

ALGORITHMS = ["RS256", "ES256", "PS256", "ES384", "RS384", "RS512"]
_TIMEOUT_S = 10.0
_MAX_BYTES = 512 * 1024
_KEEP_S = 600.0


@dataclass(frozen=True)
class Metadata:
    """Where a provider's endpoints are."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    sends_issuer: bool


class RemoteProviders:
    """Asks providers, remembering their metadata for ten minutes; thread-safe."""

    def __init__(self, http: httpx.Client, clock: Callable[[], float] = time.time) -> None:
        self._http = http
        self._clock = clock
        self._lock = threading.Lock()
        self._known: dict[str, tuple[float, Metadata]] = {}

    def metadata(self, issuer: str) -> Metadata:
        """Return a provider's metadata.

        Raises: ProviderRefused when it does not answer, or answers for another issuer.
        """
        with self._lock:
            kept = self._known.get(issuer)
        if kept is not None and time.monotonic() - kept[0] < _KEEP_S:
            return kept[1]
        found = self._get(f"{issuer}/.well-known/openid-configuration")
        if str(found.get("issuer", "")).rstrip("/") != issuer:
            raise ProviderRefused("the provider speaks for another issuer")
        try:
            metadata = Metadata(
                issuer=str(found["issuer"]),
                authorization_endpoint=str(found["authorization_endpoint"]),
                token_endpoint=str(found["token_endpoint"]),
                jwks_uri=str(found["jwks_uri"]),
                sends_issuer=found.get("authorization_response_iss_parameter_supported") is True,
            )
        except KeyError as missing:
            raise ProviderRefused(f"the provider names no {missing}") from None
        with self._lock:
            self._known[issuer] = (time.monotonic(), metadata)
        return metadata

    def exchange(
        self, metadata: Metadata, client_id: str, secret: str, code: str, verifier: str, redirect_uri: str
    ) -> str:
        """Return the ID token for a code.

        Raises: ProviderRefused.
        """
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect_uri,
            "code_verifier": verifier,
        }
        answer = self._send("POST", metadata.token_endpoint, data=form, auth=(client_id, secret))
        if not isinstance(answer.get("id_token"), str):
            raise ProviderRefused("the provider gave no ID token")
        return str(answer["id_token"])

    def claims(self, metadata: Metadata, client_id: str, id_token: str, nonce: str) -> dict[str, Any]:
        """Return what an ID token says, once it is believed.

        Raises: ProviderRefused.
        """
        keys = self._get(metadata.jwks_uri)
        try:
            usable = [key for key in keys["keys"] if key.get("kty") in ("RSA", "EC")]
            decoded = jwt.decode(id_token, KeySet.import_key_set({"keys": usable}), algorithms=ALGORITHMS)
            registry = jwt.JWTClaimsRegistry(
                now=lambda: int(self._clock()),
                leeway=60,
                iss={"essential": True, "value": metadata.issuer},
                sub={"essential": True},
                aud={"essential": True, "value": client_id},
                exp={"essential": True},
                iat={"essential": True},
                nonce={"essential": True, "value": nonce},
            )
            registry.validate(decoded.claims)
        except (JoseError, ValueError, KeyError, TypeError) as error:
            raise ProviderRefused(f"the ID token is not believed: {error}") from None
        claims = dict(decoded.claims)
        several = isinstance(claims["aud"], list) and len(claims["aud"]) > 1
        if (several or "azp" in claims) and claims.get("azp") != client_id:
            raise ProviderRefused("the ID token was made for another client")
        return claims

    def _get(self, url: str) -> dict[str, Any]:
        return self._send("GET", url)

    def _send(self, method: str, url: str, **words: Any) -> dict[str, Any]:
        try:
            with self._http.stream(
                method, url, timeout=_TIMEOUT_S, follow_redirects=False, **words
            ) as answer:
                body = b""
                for chunk in answer.iter_bytes():
                    body += chunk
                    if len(body) > _MAX_BYTES:
                        raise ProviderRefused("the provider's answer is too large")
                if answer.status_code != 200:
                    raise ProviderRefused(f"the provider answered {answer.status_code}")
                found = httpx.Response(200, content=body).json()
        except (httpx.HTTPError, ValueError) as error:
            raise ProviderRefused(f"the provider cannot be asked: {error}") from None
        if not isinstance(found, dict):
            raise ProviderRefused("the provider's answer is not an object")
        return found
