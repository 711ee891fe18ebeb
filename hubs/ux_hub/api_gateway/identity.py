"""Who is calling: tokens verified here, API keys exchanged for tokens, both remembered while they hold."""

from __future__ import annotations

import hashlib
import time
from collections import OrderedDict
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Protocol

from anyio import to_thread
from starlette.types import Scope

from hubs.ux_hub.api_gateway.inbound import Inbound
from shared.auth import ANONYMOUS, Principal, TokenVerifier
from shared.core.errors import AppError, Forbidden, Unauthorized
from shared.http.json import loads

_MAX_REMEMBERED = 4_096
_REFUSAL_S = 10.0
_OUR_KEYS = b"opk_"
_SAFE_METHODS = frozenset(("GET", "HEAD", "OPTIONS"))


@dataclass(slots=True)
class Caller:
    """Who calls and what goes on to the hub in place of their credentials."""

    principal: Principal
    authorization: bytes
    """The Authorization header for the hub; empty for nobody."""
    until: float
    """Wall-clock second at which this stops holding."""
    per_minute: int | None = None
    """The caller's own rate, where the token states one."""


class KeyExchange(Protocol):
    """Where an API key becomes a token."""

    async def __call__(self, api_key: str, address: str) -> tuple[str, int]:
        """Return an access token and its lifetime in seconds.

        Raises: Unauthorized, Forbidden, TooManyRequests, Unavailable.
        """
        ...


def has_foreign_key(inbound: Inbound) -> bool:
    """Tell whether the only credential is an API key that is none of ours by its looks."""
    key = inbound.values.get(b"x-api-key")
    return key is not None and b"authorization" not in inbound.values and not key.startswith(_OUR_KEYS)


class Identities:
    """Remembers verified credentials until they run out, the least recently used going first."""

    def __init__(self, verifier: TokenVerifier, exchange: KeyExchange) -> None:
        self._verifier = verifier
        self._exchange = exchange
        self._known: OrderedDict[bytes, Caller] = OrderedDict()
        self._refused: OrderedDict[bytes, tuple[float, AppError]] = OrderedDict()
        self.nobody = Caller(ANONYMOUS, b"", float("inf"))

    def recall(self, inbound: Inbound, method: str) -> Caller | bytes:
        """Return the caller when it is known without asking anybody, else the credential to establish.

        Raises: Unauthorized for credentials that cannot be any; Forbidden for a request with the pages'
        cookie that another site may have caused.
        """
        credential = self._credential(inbound, method)
        if not credential:
            return self.nobody
        caller = self._known.get(credential)
        if caller is None:
            return credential
        if caller.until <= time.time():
            del self._known[credential]
            return credential
        self._known.move_to_end(credential)
        return caller

    def _credential(self, inbound: Inbound, method: str) -> bytes:
        header = inbound.values.get(b"authorization")
        if header is not None:
            scheme, _, rest = header.partition(b" ")
            kind = scheme.lower()
            if kind == b"bearer" and rest:
                token = rest.strip()
                # Our tokens are three parts with dots between; an API key has none.
                return (b"t:" if token.count(b".") == 2 else b"k:") + token
            if kind == b"basic":
                return b""  # a client's own credentials: the token endpoint reads them itself
            raise Unauthorized("expected a bearer token", headers={"WWW-Authenticate": "Bearer"})
        key = inbound.values.get(b"x-api-key")
        if key is not None:
            return b"k:" + key.strip()
        cookie = inbound.token_cookie()
        if not cookie:
            return b""
        if method not in _SAFE_METHODS and inbound.get(b"sec-fetch-site") not in (b"same-origin", b"none"):
            origin = inbound.get(b"origin")
            if not origin or origin.partition(b"://")[2] != inbound.host:
                raise Forbidden("a request from another site cannot use this sign-in")
        return b"t:" + cookie

    async def establish(self, credential: bytes, address: str) -> Caller:
        """Verify a token, or exchange an API key for one, and remember the outcome.

        Raises: Unauthorized, Forbidden, TooManyRequests, Unavailable.
        """
        digest = hashlib.sha256(credential).digest()
        refused = self._refused.get(digest)
        if refused is not None and refused[0] > time.monotonic():
            raise refused[1]
        try:
            token, asked_at = credential[2:].decode("latin-1"), time.time()
            lifetime: int | None = None
            if credential[:2] == b"k:":
                token, lifetime = await self._exchange(token, address)
            # In a thread: the first token of a key may fetch the key set.
            principal = await to_thread.run_sync(self._verifier.verify, token)
        except (Unauthorized, Forbidden) as error:
            self._refused[digest] = (time.monotonic() + _REFUSAL_S, error)
            if len(self._refused) > _MAX_REMEMBERED:
                self._refused.popitem(last=False)
            raise
        until = float(principal.claims.get("exp", 0))
        if lifetime is not None:
            until = min(until, asked_at + lifetime)
        rate = principal.claims.get("rate_per_minute")
        caller = Caller(
            principal,
            b"Bearer " + token.encode("latin-1"),
            until,
            rate if isinstance(rate, int) and rate > 0 else None,
        )
        self._known[credential] = caller
        if len(self._known) > _MAX_REMEMBERED:
            self._known.popitem(last=False)
        return caller


class Addresses:
    """The client's address: the peer's, or what a trusted proxy says about it."""

    def __init__(self, trusted: list[str]) -> None:
        self._trusted: list[IPv4Network | IPv6Network] = [ip_network(text) for text in trusted]

    def of(self, scope: Scope) -> str:
        """Return the last address in X-Forwarded-For that no trusted proxy added itself, else the peer."""
        peer: str = scope["client"][0] if scope.get("client") else ""
        if not self._trusted or not self._is_trusted(peer):
            return peer
        forwarded = b", ".join(value for name, value in scope["headers"] if name == b"x-forwarded-for")
        if not forwarded:
            return peer
        for part in reversed(forwarded.decode("latin-1").split(",")):
            candidate = part.strip()
            try:
                ip_address(candidate)
            except ValueError:
                return peer
            if not self._is_trusted(candidate):
                return candidate
            peer = candidate
        return peer

    def _is_trusted(self, text: str) -> bool:
        try:
            address = ip_address(text)
        except ValueError:
            return False
        return any(address in network for network in self._trusted)


def bucket_of(address: str) -> str:
    """Return what one household shares: the address, or the /64 of an IPv6 address."""
    if ":" not in address:
        return address
    try:
        return str(ip_network(f"{address}/64", strict=False))
    except ValueError:
        return address


def problem_text(body: bytes) -> str:
    """Return the detail of a problem document, empty when it is none."""
    try:
        found = loads(body)
    except ValueError:
        return ""
    return str(found.get("detail", "")) if isinstance(found, dict) else ""
