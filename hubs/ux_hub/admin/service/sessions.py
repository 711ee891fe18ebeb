"""Sessions of the console: the browser holds a random name, the tokens stay here."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from hubs.ux_hub.admin.errors import NotSignedIn
from shared.cache import Cache
from shared.core.errors import AppError, Forbidden, Unauthorized

LIFETIME_S = 12 * 3_600
"""Seconds after which one signs in again, whatever was done."""
_EARLY_S = 30


class Identity(Protocol):
    """The security hub, asked without a token of ours."""

    def request(self, method: str, path: str, *, json: Any = None) -> Any:
        """Return the decoded answer. Raises: AppError."""
        ...


@dataclass(frozen=True)
class ConsoleSession:
    """Somebody at the console."""

    name: str
    """What the cookie holds."""
    csrf: str
    user: Mapping[str, Any]
    permissions: frozenset[str]

    def may(self, scope: str) -> bool:
        """Tell whether the roles of this person cover a scope (the hubs decide again)."""
        return bool(self.permissions & {scope, f"{scope.partition(':')[0]}:*", "*"})


class ConsoleSessions:
    """Opens, finds, renews and ends sessions."""

    def __init__(self, cache: Cache, identity: Identity, whose: Any) -> None:
        self._cache = cache
        self._identity = identity
        self._whose = whose
        self._locks: dict[str, threading.Lock] = {}
        self._guard = threading.Lock()

    def open(self, tokens: Mapping[str, Any]) -> ConsoleSession:
        """Keep fresh tokens and return the session that stands for them.

        Raises: Forbidden for an account without any right at the console.
        """
        me = self._whose(tokens["access_token"]).request("GET", "/api/v1/auth/me")
        permissions = set(me["permissions"])
        if not permissions & {"*"} and not any(p.partition(":")[0] in _AREAS for p in permissions):
            raise Forbidden("this account has no role at the console")
        name = secrets.token_urlsafe(32)
        kept = {
            **_kept(tokens),
            "csrf": secrets.token_urlsafe(24),
            "user": {key: me.get(key) for key in ("email", "display_name", "roles", "language")},
            "permissions": sorted(permissions),
            "ends_at": time.time() + LIFETIME_S,
        }
        self._cache.set(_key(name), kept, LIFETIME_S)
        return _session(name, kept)

    def find(self, name: str) -> ConsoleSession:
        """Return a session by what the cookie holds.

        Raises: NotSignedIn.
        """
        return _session(name, self._read(name))

    def token(self, name: str) -> str:
        """Return a current access token, renewed when it is about to run out.

        Raises: NotSignedIn when the security hub has ended the session.
        """
        kept = self._read(name)
        if kept["expires_at"] - _EARLY_S > time.time():
            return str(kept["access"])
        with self._lock_of(name):
            kept = self._read(name)  # another request may have renewed it meanwhile
            if kept["expires_at"] - _EARLY_S > time.time():
                return str(kept["access"])
            try:
                tokens = self._identity.request(
                    "POST", "/api/v1/auth/refresh", json={"refresh_token": kept["refresh"]}
                )
            except (Unauthorized, Forbidden):
                self._cache.delete(_key(name))
                raise NotSignedIn("the session has ended") from None
            kept |= _kept(tokens)
            self._cache.set(_key(name), kept, max(1.0, kept["ends_at"] - time.time()))
            return str(kept["access"])

    def expire(self, name: str) -> None:
        """Renew the access token at its next use (the hubs refused it)."""
        kept = self._read(name)
        kept["expires_at"] = 0.0
        self._cache.set(_key(name), kept, max(1.0, kept["ends_at"] - time.time()))

    def end(self, name: str) -> None:
        """End a session here and at the security hub."""
        try:
            token = self.token(name)
            self._whose(token).request("POST", "/api/v1/auth/logout")
        except AppError:
            pass  # it is ended here in any case
        self._cache.delete(_key(name))

    def _read(self, name: str) -> dict[str, Any]:
        found = self._cache.get(_key(name)) if name else None
        if not isinstance(found, dict) or found["ends_at"] < time.time():
            raise NotSignedIn("sign in first")
        return found

    def _lock_of(self, name: str) -> threading.Lock:
        with self._guard:
            if len(self._locks) > 1_000:
                self._locks.clear()
            return self._locks.setdefault(name, threading.Lock())


_AREAS = {"jobs", "ops", "audit", "users", "config", "policies", "clients", "keys", "notices"}


def is_same(given: str, wanted: str) -> bool:
    """Compare a form's token with the session's in constant time."""
    return bool(wanted) and hmac.compare_digest(given.encode(), wanted.encode())


def _key(name: str) -> str:
    # Whoever reads the cache learns no cookie from it.
    return hashlib.sha256(name.encode()).hexdigest()


def _kept(tokens: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "access": tokens["access_token"],
        "refresh": tokens.get("refresh_token") or "",
        "expires_at": time.time() + float(tokens["expires_in"]),
    }


def _session(name: str, kept: Mapping[str, Any]) -> ConsoleSession:
    return ConsoleSession(name, kept["csrf"], kept["user"], frozenset(kept["permissions"]))
