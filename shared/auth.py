"""Who is calling, and may they: tokens verified locally against the cached key set; access rules as types."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Annotated, Any, Protocol

import httpx
from fastapi import Depends, Request
from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from starlette.concurrency import run_in_threadpool

from shared.contracts.http.tokens import TokenRead
from shared.core.errors import Forbidden, Unauthorized, Unavailable
from shared.http.lean import spare_first_pydantic
from shared.logging import get_logger
from shared.settings import AuthSettings

spare_first_pydantic()
log = get_logger(__name__)

ALGORITHMS = ["ES256"]
_RETRY_S = 5.0
"""Seconds until keys that could not be had are asked for again."""
_REFETCH_PAUSE_S = 1.0
"""Seconds between two looks for a key that is not known: tokens of nobody must not make us ask each time."""
_MAX_TOKEN_CHARS = 8_192
_MAX_VERIFIED = 4_096


@dataclass(frozen=True)
class Principal:
    """Who makes a request; ``scopes`` is what the token allows, never more than the account may."""

    subject: str
    client_id: str = ""
    kind: str = "anonymous"
    """anonymous, user, service or key."""
    scopes: frozenset[str] = frozenset()
    roles: frozenset[str] = frozenset()
    claims: dict[str, Any] = field(default_factory=dict, compare=False)

    @property
    def is_anonymous(self) -> bool:
        """Tell whether nobody in particular is calling."""
        return self.kind == "anonymous"

    def may(self, scope: str) -> bool:
        """Tell whether this scope, its area's ``:*`` or ``*`` is among the scopes."""
        area = scope.partition(":")[0]
        return bool(self.scopes & {scope, f"{area}:*", "*"})


ANONYMOUS = Principal(subject="anonymous")


class KeySource(Protocol):
    """Where public keys come from."""

    def __call__(self) -> dict[str, Any]:
        """Return a JWK Set.

        Raises: Unavailable when it cannot be had.
        """
        ...


@dataclass(frozen=True)
class _Held:
    """The key set as it was fetched last."""

    keys: KeySet | None = None
    kids: frozenset[str] = frozenset()
    raw: dict[str, Any] = field(default_factory=dict)
    fetched_at: float = -1e9


@dataclass(frozen=True, slots=True)
class _Verified:
    """A token whose signature was checked, and with which keys."""

    principal: Principal
    expires_at: float
    kid: str
    keys: KeySet


class TokenVerifier:
    """Verify RFC 9068 access tokens without asking anybody, but for the keys now and then."""

    def __init__(
        self,
        issuer: str,
        settings: AuthSettings,
        fetch_keys: KeySource,
        clock: Callable[[], float] = time.time,
        refetch_pause_s: float = _REFETCH_PAUSE_S,
    ) -> None:
        self._issuer = issuer
        self._settings = settings
        self._fetch_keys = fetch_keys
        self._clock = clock
        self._refetch_pause_s = refetch_pause_s
        self._lock = threading.Lock()
        self._held = _Held()
        self._verified: dict[bytes, _Verified] = {}
        self._verified_lock = threading.Lock()
        self._registry = jwt.JWTClaimsRegistry(
            now=lambda: int(self._clock()),
            leeway=int(settings.leeway_s),
            iss={"essential": True, "value": issuer},
            sub={"essential": True},
            exp={"essential": True},
            iat={"essential": True},
        )

    def with_keys(self, fetch_keys: KeySource, max_age_s: float) -> TokenVerifier:
        """Return a like verifier that keeps keys for so many seconds; an unknown one is asked for at once."""
        settings = self._settings.model_copy(update={"jwks_max_age_s": max_age_s})
        return TokenVerifier(self._issuer, settings, fetch_keys, self._clock, refetch_pause_s=0.0)

    def recall(self, token: str) -> Principal | None:
        """Return the principal of a token that was verified before, by keys that still stand; never waits."""
        known, held = self._verified.get(_digest(token)), self._held
        # The signature was checked before; what may have changed since is the time and the key set.
        if known is None or self._clock() > known.expires_at + self._settings.leeway_s:
            return None
        is_fresh = time.monotonic() - held.fetched_at < self._settings.jwks_max_age_s
        return known.principal if is_fresh and held.keys is known.keys and known.kid in held.kids else None

    def verify(self, token: str) -> Principal:
        """Return the principal of a token.

        Raises: Unauthorized when it is not a current token of our issuer for us;
        Unavailable when no key set could ever be had.
        """
        if len(token) > _MAX_TOKEN_CHARS:
            raise _bad_token("the token is too long")
        if (known := self.recall(token)) is not None:
            return known
        try:
            header = jws.extract_compact(token.encode()).headers()
        except (JoseError, ValueError, UnicodeError, TypeError):
            raise _bad_token("not a token") from None
        if header.get("alg") not in ALGORITHMS:
            raise _bad_token("the algorithm is not accepted")
        if str(header.get("typ", "")).lower() not in ("at+jwt", "application/at+jwt"):
            raise _bad_token("not an access token")
        kid = str(header.get("kid", ""))
        keys = self._current_keys(kid)
        try:
            decoded = jwt.decode(token, keys, algorithms=ALGORITHMS)
            self._registry.validate(decoded.claims)
        except (JoseError, ValueError, KeyError, TypeError) as error:
            raise _bad_token(str(error) or "the token is not valid") from None
        principal = self._principal(decoded.claims)
        with self._verified_lock:
            while len(self._verified) >= _MAX_VERIFIED:
                # Insertion order: the token seen first is the one that runs out first, as a rule.
                self._verified.pop(next(iter(self._verified)))
            self._verified[_digest(token)] = _Verified(principal, float(decoded.claims["exp"]), kid, keys)
        return principal

    def _principal(self, claims: dict[str, Any]) -> Principal:
        audience = claims.get("aud", [])
        audiences = [audience] if isinstance(audience, str) else list(audience)
        if self._settings.audience not in audiences:
            raise _bad_token("the token is for another audience")
        if float(claims["iat"]) > self._clock() + self._settings.leeway_s:
            raise _bad_token("the token is from the future")
        return Principal(
            subject=str(claims["sub"]),
            client_id=str(claims.get("client_id", "")),
            kind=str(claims.get("kind", "user")),
            scopes=frozenset(str(claims.get("scope", "")).split()),
            roles=frozenset(map(str, claims.get("roles", []))),
            claims=claims,
        )

    def _current_keys(self, kid: str) -> KeySet:
        held = self._held
        age = time.monotonic() - held.fetched_at
        if held.keys is not None and age < self._settings.jwks_max_age_s:
            if kid in held.kids:
                return held.keys
            if age < self._refetch_pause_s:
                raise _bad_token("signed by an unknown key")
        # While one thread asks for the keys, the others go on with those they have.
        may_wait = held.keys is None or kid not in held.kids
        if not self._lock.acquire(blocking=may_wait):
            assert held.keys is not None
            return held.keys
        try:
            if self._held is held:
                self._held = self._fetched(held)
            held = self._held
        finally:
            self._lock.release()
        if held.keys is None:
            raise Unavailable("the keys that verify tokens are not to be had")
        if kid not in held.kids:
            raise _bad_token("signed by an unknown key")
        return held.keys

    def _fetched(self, held: _Held) -> _Held:
        now = time.monotonic()
        try:
            raw = self._fetch_keys()
            if held.keys is not None and raw == held.raw:
                return replace(held, fetched_at=now)
            keys = KeySet.import_key_set({"keys": raw["keys"]})
            kids = frozenset(str(key.get("kid", "")) for key in raw["keys"])
        except (Unavailable, JoseError, KeyError, ValueError) as error:
            # Keys once fetched stay good: the security hub's absence must not lock others out.
            if held.keys is None:
                raise Unavailable("the keys that verify tokens are not to be had") from error
            log.warning("key set not refreshed", error=str(error))
            return replace(held, fetched_at=now - self._settings.jwks_max_age_s + _RETRY_S)
        return _Held(keys, kids, raw, now)


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode(errors="replace")).digest()


def _bad_token(detail: str) -> Unauthorized:
    return Unauthorized(detail, headers={"WWW-Authenticate": 'Bearer error="invalid_token"'})


def fetch_keys_over_http(client: httpx.Client, security_url: str) -> KeySource:
    """Return a key source that reads the security hub's ``/.well-known/jwks.json``."""

    def fetch() -> dict[str, Any]:
        try:
            response = client.get(f"{security_url}/.well-known/jwks.json")
            response.raise_for_status()
            answer: dict[str, Any] = response.json()
            return answer
        except (httpx.HTTPError, ValueError) as error:
            raise Unavailable(f"no key set from the security hub: {error}") from error

    return fetch


class ServiceTokens:
    """This process's own access token (client credentials), renewed before it runs out."""

    def __init__(self, client: httpx.Client, token_url: str, client_id: str, client_secret: str) -> None:
        self._client = client
        self._token_url = token_url
        self._auth = (client_id, client_secret)
        self._lock = threading.Lock()
        self._token = ""
        self._renew_at = 0.0

    def get(self) -> str:
        """Return a current token.

        Raises: Unavailable when the security hub does not answer; Unauthorized when it refuses us.
        """
        with self._lock:
            if self._token and time.monotonic() < self._renew_at:
                return self._token
            try:
                response = self._client.post(
                    self._token_url, data={"grant_type": "client_credentials"}, auth=self._auth
                )
            except httpx.HTTPError as error:
                raise Unavailable(f"no token from the security hub: {error}") from error
            if response.status_code in (400, 401, 403):
                raise Unauthorized(f"the security hub refused client {self._auth[0]!r}")
            if response.status_code != 200:
                raise Unavailable(f"the security hub answered {response.status_code}")
            answer = TokenRead.model_validate(response.json())
            self._token = answer.access_token
            self._renew_at = time.monotonic() + max(1.0, answer.expires_in * 0.8 - 5)
            return self._token

    def forget(self) -> None:
        """Drop the token, so that the next call asks for a new one (after a 401)."""
        with self._lock:
            self._token = ""


async def current_principal(request: Request) -> Principal:
    """Return who is calling; anonymous without an Authorization header.

    Raises: Unauthorized for a header that is not a valid bearer token.
    """
    header = request.headers.get("authorization", "")
    if not header:
        return ANONYMOUS
    scheme, _, token = header.partition(" ")
    if scheme.lower() == "basic":
        return ANONYMOUS  # a client's own credentials: the token endpoint reads them itself
    if scheme.lower() != "bearer" or not token.strip():
        raise Unauthorized("expected a bearer token", headers={"WWW-Authenticate": "Bearer"})
    verifier: TokenVerifier = request.app.state.resources.verifier
    known = verifier.recall(token.strip())
    # A thread for a token that is new, and none else: to change threads costs more than all of this.
    return known if known is not None else await run_in_threadpool(verifier.verify, token.strip())


PrincipalDep = Annotated[Principal, Depends(current_principal)]


class AccessRule:
    """Base of the rules; every route of every hub depends on exactly one or more of them."""

    name = "rule"

    async def __call__(self, principal: PrincipalDep) -> Principal:
        """Return the caller or refuse."""
        raise Forbidden("no rule allows this")


class PublicRule(AccessRule):
    """Anyone may; a token that does come along must be valid."""

    name = "public"

    async def __call__(self, principal: PrincipalDep) -> Principal:
        """Return the caller, who may be anonymous."""
        return principal


class SignedInRule(AccessRule):
    """Anyone with a valid token."""

    name = "signed-in"

    async def __call__(self, principal: PrincipalDep) -> Principal:
        """Return the caller.

        Raises: Unauthorized without a token.
        """
        if principal.is_anonymous:
            raise Unauthorized("sign in first", headers={"WWW-Authenticate": "Bearer"})
        return principal


class ScopeRule(SignedInRule):
    """A token with one certain scope."""

    def __init__(self, scope: str) -> None:
        self.scope = scope
        self.name = f"scope:{scope}"

    async def __call__(self, principal: PrincipalDep) -> Principal:
        """Return the caller.

        Raises: Unauthorized without a token; Forbidden without the scope.
        """
        principal = await super().__call__(principal)
        if not principal.may(self.scope):
            raise Forbidden(
                f"this needs the scope {self.scope!r}",
                headers={"WWW-Authenticate": f'Bearer error="insufficient_scope", scope="{self.scope}"'},
                scope=self.scope,
            )
        return principal


Public = Annotated[Principal, Depends(PublicRule())]
"""Access: anyone."""
SignedIn = Annotated[Principal, Depends(SignedInRule())]
"""Access: anyone with a valid token."""

CanReadUserinfo = Annotated[Principal, Depends(ScopeRule("openid"))]
# One alias per scope; the vocabulary of scopes is <area>:<verb>.
CanReadData = Annotated[Principal, Depends(ScopeRule("data:read"))]
CanWriteData = Annotated[Principal, Depends(ScopeRule("data:write"))]
CanReadJobs = Annotated[Principal, Depends(ScopeRule("jobs:read"))]
CanWriteJobs = Annotated[Principal, Depends(ScopeRule("jobs:write"))]
CanReadAudit = Annotated[Principal, Depends(ScopeRule("audit:read"))]
CanWriteAudit = Annotated[Principal, Depends(ScopeRule("audit:write"))]
CanReadOps = Annotated[Principal, Depends(ScopeRule("ops:read"))]
CanWriteOps = Annotated[Principal, Depends(ScopeRule("ops:write"))]
CanReadUsers = Annotated[Principal, Depends(ScopeRule("users:read"))]
CanAdminUsers = Annotated[Principal, Depends(ScopeRule("users:admin"))]
CanAdminClients = Annotated[Principal, Depends(ScopeRule("clients:admin"))]
CanAdminKeys = Annotated[Principal, Depends(ScopeRule("keys:admin"))]
CanExchangeKeys = Annotated[Principal, Depends(ScopeRule("keys:exchange"))]
CanReadConfig = Annotated[Principal, Depends(ScopeRule("config:read"))]
CanWriteConfig = Annotated[Principal, Depends(ScopeRule("config:write"))]
CanReadPolicies = Annotated[Principal, Depends(ScopeRule("policies:read"))]
CanWritePolicies = Annotated[Principal, Depends(ScopeRule("policies:write"))]
CanPublishPolicies = Annotated[Principal, Depends(ScopeRule("policies:publish"))]
CanReportPolicies = Annotated[Principal, Depends(ScopeRule("policies:report"))]
CanDecide = Annotated[Principal, Depends(ScopeRule("policies:decide"))]
CanReadSubscriptions = Annotated[Principal, Depends(ScopeRule("subscriptions:read"))]
CanWriteSubscriptions = Annotated[Principal, Depends(ScopeRule("subscriptions:write"))]
CanReadNotices = Annotated[Principal, Depends(ScopeRule("notices:read"))]
CanWriteNotices = Annotated[Principal, Depends(ScopeRule("notices:write"))]
