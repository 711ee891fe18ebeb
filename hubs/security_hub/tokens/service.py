"""Access tokens (RFC 9068) and ID tokens (OpenID Connect Core section 2): how they are made and disowned."""

from __future__ import annotations

import base64
import hashlib
import secrets
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal
from urllib.parse import urlsplit

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from sqlalchemy.orm import Session

from hubs.security_hub.keys.service import ALGORITHM, KeyRing
from hubs.security_hub.settings import SecuritySettings
from hubs.security_hub.tokens.errors import BadToken
from hubs.security_hub.tokens.repository import RevokedTokenRepository
from shared.app import Resources
from shared.core.clock import utc_now
from shared.core.ids import new_id

_MAX_TOKEN_CHARS = 8_192
Kind = Literal["user", "service", "key"]


def opaque_token(prefix: str) -> str:
    """Return a random token of 256 bits, named by its prefix so that scanners can find leaked ones."""
    return f"{prefix}_{secrets.token_urlsafe(32)}"


def token_hash(token: str) -> str:
    """Return what is stored in place of a random token (SHA-256; there is nothing to guess)."""
    return hashlib.sha256(token.encode()).hexdigest()


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


@dataclass(frozen=True)
class Grantee:
    """For whom a token is made."""

    subject: str
    client_id: str
    kind: Kind
    scopes: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    session_id: str = ""


class TokenMint:
    """Makes signed tokens with the key that signs now."""

    def __init__(
        self, ring: KeyRing, settings: SecuritySettings, clock: Callable[[], float] = time.time
    ) -> None:
        self._ring = ring
        self._settings = settings
        self._clock = clock

    @property
    def issuer(self) -> str:
        """Return the issuer that the tokens name."""
        return self._settings.issuer

    def access_token(
        self, grantee: Grantee, *, resources: Iterable[str] = (), lifetime_s: int | None = None, **claims: Any
    ) -> tuple[str, int]:
        """Return an access token and its lifetime in seconds; ``resources`` say whom it is for (RFC 8707)."""
        if lifetime_s is None:
            is_service = grantee.kind == "service"
            lifetime_s = self._settings.tokens.service_s if is_service else self._settings.tokens.access_s
        now = int(self._clock())
        body: dict[str, Any] = {
            "iss": self._settings.issuer,
            "sub": grantee.subject,
            "aud": self._audience(resources),
            "client_id": grantee.client_id,
            "scope": " ".join(grantee.scopes),
            "iat": now,
            "exp": now + lifetime_s,
            "jti": str(new_id()),
            "kind": grantee.kind,
            "roles": list(grantee.roles),
            **claims,
        }
        if grantee.session_id:
            body["sid"] = grantee.session_id
        return self._sign(body, "at+jwt"), lifetime_s

    def id_token(
        self,
        grantee: Grantee,
        *,
        nonce: str = "",
        auth_time: datetime | None = None,
        amr: Iterable[str] = (),
        access_token: str = "",
        **claims: Any,
    ) -> str:
        """Return an ID token for the client of the grantee."""
        now = int(self._clock())
        body: dict[str, Any] = {
            "iss": self._settings.issuer,
            "sub": grantee.subject,
            "aud": grantee.client_id,
            "azp": grantee.client_id,
            "iat": now,
            "exp": now + self._settings.tokens.id_s,
            **claims,
        }
        if nonce:
            body["nonce"] = nonce
        if auth_time is not None:
            body["auth_time"] = int(auth_time.timestamp())
        if amr := list(amr):
            body["amr"] = amr
        if grantee.session_id:
            body["sid"] = grantee.session_id
        if access_token:
            half = hashlib.sha256(access_token.encode()).digest()[:16]
            body["at_hash"] = base64.urlsafe_b64encode(half).rstrip(b"=").decode()
        return self._sign(body, "JWT")

    def read(self, token: str, kind: str, *, may_be_expired: bool = False) -> dict[str, Any]:
        """Return the claims of a token of ours, whatever audience it has.

        Raises: BadToken.
        """
        if len(token) > _MAX_TOKEN_CHARS:
            raise BadToken("not a token of ours")
        try:
            keys = KeySet.import_key_set({"keys": self._ring.public_set()["keys"]})
            decoded = jwt.decode(token, keys, algorithms=[ALGORITHM])
            claims = dict(decoded.claims)
            if decoded.header.get("typ") != kind or claims.get("iss") != self._settings.issuer:
                raise BadToken("not a token of ours")
            if not may_be_expired and float(claims["exp"]) <= self._clock():
                raise BadToken("the token has run out")
        except (JoseError, ValueError, KeyError, TypeError, UnicodeError):
            raise BadToken("not a token of ours") from None
        return claims

    def _audience(self, resources: Iterable[str]) -> list[str]:
        """Return the audience: resources asked for, and the platform's own when they are its, or none was
        asked for.

        A token for somebody else's resource must not open our own doors when that resource leaks it.
        """
        asked = list(dict.fromkeys(resources))
        own = self._settings.own_origins
        is_foreign = asked and not any(_origin(resource) in own for resource in asked)
        return asked if is_foreign else [self._settings.auth.audience, *asked]

    def _sign(self, claims: dict[str, Any], kind: str) -> str:
        signer = self._ring.signer()
        header = {"alg": signer.algorithm, "typ": kind, "kid": signer.kid}
        return jwt.encode(header, claims, signer.key, algorithms=[signer.algorithm])


class RevocationService:
    """Disowned access tokens; hubs that verify locally believe a token until it runs out, introspection
    does not.
    """

    def __init__(self, repository: RevokedTokenRepository, now: Callable[[], datetime] = utc_now) -> None:
        self._repository = repository
        self._now = now

    def revoke(self, claims: dict[str, Any]) -> None:
        """Disown the token with these verified claims."""
        self._repository.delete_before(self._now())
        self._repository.add(str(claims["jti"]), datetime.fromtimestamp(int(claims["exp"]), UTC))

    def is_revoked(self, claims: dict[str, Any]) -> bool:
        """Tell whether the token with these claims was disowned."""
        return self._repository.holds(str(claims.get("jti", "")))


def build(session: Session, resources: Resources) -> RevocationService:
    """Return the revocation service for one transaction."""
    del resources
    return RevocationService(RevokedTokenRepository(session))


def open_mint(resources: Resources) -> None:
    """Make the process's mint."""
    settings = SecuritySettings.of(resources.settings)
    resources.put(TokenMint(resources.get(KeyRing), settings))
