"""Sessions and refresh tokens: opened, prolonged by rotation, ended one by one or all at once."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from hubs.security_hub.sessions.errors import BadRefreshToken, RefreshTokenReused, SessionNotFound
from hubs.security_hub.sessions.models import Grant, RefreshToken, UserSession
from hubs.security_hub.sessions.repository import SessionRepository
from hubs.security_hub.sessions.schemas import GrantRead, SessionRead
from hubs.security_hub.settings import SecuritySettings
from hubs.security_hub.throttle.service import network_of
from hubs.security_hub.tokens.service import opaque_token, token_hash
from hubs.security_hub.trail.service import Trail
from hubs.security_hub.trail.service import build as build_trail
from hubs.security_hub.vault.service import Vault
from shared.app import Resources
from shared.core.clock import utc_now

FIRST_PARTY = "openpolicy"
"""Client id of the platform's own sign-in; its grants end with their session."""
_KNOWN_FOR = timedelta(days=90)
_TOUCH_AFTER = timedelta(minutes=1)


@dataclass(frozen=True)
class Opened:
    """A session just opened; ``cookie`` is for the browser alone and is stored only as a hash."""

    session_id: UUID
    cookie: str
    expires_at: datetime
    is_new_origin: bool


@dataclass(frozen=True)
class Live:
    """A session that counts now."""

    session_id: UUID
    user_id: UUID
    authenticated_at: datetime
    methods: tuple[str, ...]


@dataclass(frozen=True)
class Granted:
    """A live grant and, when one was asked for, its newest refresh token."""

    grant_id: UUID
    user_id: UUID
    session_id: UUID | None
    client_id: str
    scopes: tuple[str, ...]
    resources: tuple[str, ...]
    refresh_token: str | None = None
    expires_at: datetime | None = None


class SessionService:
    """Sign-ins of people and the grants within them."""

    def __init__(
        self,
        repository: SessionRepository,
        trail: Trail,
        settings: SecuritySettings,
        pepper: bytes,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._repository = repository
        self._trail = trail
        self._settings = settings
        self._pepper = pepper
        self._now = now

    def open(
        self,
        user_id: UUID,
        methods: Iterable[str],
        *,
        address: str,
        user_agent: str,
        device: str = "",
        is_remembered: bool = False,
    ) -> Opened:
        """Open a session; its cookie is always a fresh one, whatever the browser brought along."""
        cookie = opaque_token("ops")
        expires_at = self._now() + self._lifetime(is_remembered)
        row = UserSession(
            user_id=user_id,
            cookie_hash=token_hash(cookie),
            expires_at=expires_at,
            methods=list(methods),
            address=network_of(address)[:64],
            user_agent=_plain(user_agent),
        )
        self._repository.add(row)
        is_new = self._repository.note_origin(
            user_id, self._origin("network", network_of(address)), self._now()
        )
        if device:
            self._repository.note_origin(user_id, self._origin("device", device), self._now())
        return Opened(row.id, cookie, expires_at, is_new)

    def find_by_cookie(self, cookie: str) -> Live | None:
        """Return the session of a browser cookie, noting that it was seen."""
        row = self._repository.find_by_cookie(token_hash(cookie), self._now()) if cookie else None
        if row is None:
            return None
        if self._now() - row.last_seen_at > _TOUCH_AFTER:
            row.last_seen_at = self._now()
        return Live(row.id, row.user_id, row.authenticated_at, tuple(row.methods))

    def find(self, session_id: UUID) -> Live | None:
        """Return a session if it counts now."""
        row = self._repository.find_live(session_id, self._now())
        return None if row is None else Live(row.id, row.user_id, row.authenticated_at, tuple(row.methods))

    def list(self, user_id: UUID, current: UUID | None) -> Sequence[SessionRead]:
        """Return somebody's sessions, marking the one that asks."""
        rows = self._repository.list_live(user_id, self._now())
        return [
            SessionRead.model_validate(r).model_copy(update={"is_current": r.id == current}) for r in rows
        ]

    def count(self) -> int:
        """Return how many sessions count now."""
        return self._repository.count_live(self._now())

    def end(self, user_id: UUID, session_id: UUID, reason: str = "signed out") -> None:
        """End one session and what was granted in it.

        Raises: SessionNotFound when it is not this person's.
        """
        if not self._repository.revoke(user_id, self._now(), reason, session_id=session_id, sparing=None):
            raise SessionNotFound("no such session")
        self._trail.record(
            "session.ended", str(user_id), target=str(session_id), target_type="session", reason=reason
        )

    def end_all(
        self, user_id: UUID, reason: str, *, sparing: UUID | None = None, is_distrusted: bool = False
    ) -> int:
        """End every session but one, and every grant when the account itself is distrusted; return how
        many.
        """
        count = self._repository.revoke(user_id, self._now(), reason, session_id=None, sparing=sparing)
        if is_distrusted:
            self._repository.revoke_grants(user_id, self._now(), reason)
            self._repository.forget_origins(user_id)
        self._trail.record(
            "session.all-ended",
            str(user_id),
            target=str(user_id),
            target_type="user",
            reason=reason,
            count=count,
        )
        return count

    def grant(
        self,
        user_id: UUID,
        client_id: str,
        scopes: Iterable[str],
        *,
        session_id: UUID | None,
        resources: Iterable[str] = (),
        expires_at: datetime | None = None,
        is_offline: bool = False,
        has_refresh: bool = True,
    ) -> Granted:
        """Let an application act for somebody, within a session or beyond it."""
        row = Grant(
            user_id=user_id,
            session_id=session_id,
            client_id=client_id,
            scopes=list(scopes),
            resources=list(resources),
            is_offline=is_offline,
            expires_at=expires_at or self._now() + self._lifetime(is_offline),
        )
        self._repository.add(row)
        return self._granted(row, self._issue(row) if has_refresh else None)

    def refresh(self, token: str, client_id: str) -> Granted:
        """Take a refresh token and give the next one.

        Raises: BadRefreshToken; RefreshTokenReused when it was used before.
        """
        found = self._repository.find_refresh(token_hash(token))
        if found is None:
            raise BadRefreshToken("the refresh token is not valid")
        old, grant = found
        now = self._now()
        if grant.client_id != client_id:
            raise BadRefreshToken("the refresh token is not valid")
        if old.used_at is not None:
            raise RefreshTokenReused(grant.id)
        if grant.revoked_at is not None or grant.expires_at <= now or old.expires_at <= now:
            raise BadRefreshToken("the refresh token is not valid")
        if grant.session_id is not None and not grant.is_offline:
            live = self._repository.find_live(grant.session_id, now)
            if live is None:
                raise BadRefreshToken("the session has ended")
            live.last_seen_at = now
        old.used_at = now
        return self._granted(grant, self._issue(grant))

    def find_by_refresh(self, token: str) -> Granted | None:
        """Return the live grant of a refresh token that was not used yet."""
        found = self._repository.find_refresh(token_hash(token))
        if found is None:
            return None
        old, grant = found
        now = self._now()
        is_dead = old.used_at or grant.revoked_at or grant.expires_at <= now or old.expires_at <= now
        if is_dead or (
            grant.session_id is not None
            and not grant.is_offline
            and self._repository.find_live(grant.session_id, now) is None
        ):
            return None
        return self._granted(grant, None)

    def end_grant(self, grant_id: UUID, reason: str) -> None:
        """End a grant: its refresh tokens are refused from now on; ended twice is once."""
        grant = self._repository.find_grant(grant_id)
        if grant is None or grant.revoked_at is not None:
            return
        grant.revoked_at, grant.revoked_reason = self._now(), reason
        self._trail.record(
            "grant.revoked",
            str(grant.user_id),
            target=str(grant_id),
            target_type="grant",
            reason=reason,
            client_id=grant.client_id,
        )

    def is_grant_live(self, grant_id: UUID) -> bool:
        """Tell whether a grant was ended by nobody yet."""
        grant = self._repository.find_grant(grant_id)
        return grant is not None and grant.revoked_at is None

    def end_grants_of(self, user_id: UUID, client_id: str, reason: str) -> int:
        """End everything one application was granted by somebody and return how many grants that were."""
        return self._repository.revoke_grants(user_id, self._now(), reason, client_id=client_id)

    def list_grants(self, user_id: UUID) -> Sequence[GrantRead]:
        """Return which applications may act for somebody."""
        rows = self._repository.list_grants(user_id, self._now())
        return [GrantRead.model_validate(row) for row in rows if row.client_id != FIRST_PARTY]

    def knows(self, user_id: UUID, address: str, device: str) -> tuple[bool, bool]:
        """Tell whether somebody signed in before from this network, and from this device."""
        since = self._now() - _KNOWN_FOR
        network = self._origin("network", network_of(address))
        knows_device = bool(device) and self._repository.knows_origin(
            user_id, self._origin("device", device), since
        )
        return self._repository.knows_origin(user_id, network, since), knows_device

    def prune(self) -> int:
        """Delete what ended more than 90 days ago and return how many sessions."""
        return self._repository.delete_before(self._now() - _KNOWN_FOR)

    def _issue(self, grant: Grant) -> str:
        token = opaque_token("opr")
        expires_at = min(grant.expires_at, self._now() + self._lifetime(is_long=grant.is_offline))
        self._repository.add(
            RefreshToken(token_hash=token_hash(token), grant_id=grant.id, expires_at=expires_at)
        )
        return token

    def _granted(self, grant: Grant, refresh_token: str | None) -> Granted:
        return Granted(
            grant_id=grant.id,
            user_id=grant.user_id,
            session_id=grant.session_id,
            client_id=grant.client_id,
            scopes=tuple(grant.scopes),
            resources=tuple(grant.resources),
            refresh_token=refresh_token,
            expires_at=grant.expires_at,
        )

    def _lifetime(self, is_long: bool) -> timedelta:
        tokens = self._settings.tokens
        return timedelta(seconds=tokens.remembered_s if is_long else tokens.refresh_s)

    def _origin(self, kind: str, value: str) -> str:
        return hmac.new(self._pepper, f"{kind}\0{value}".encode(), hashlib.sha256).hexdigest()[:32]


def _plain(user_agent: str) -> str:
    """Return a user agent's printable part, short enough to be shown."""
    return "".join(c for c in user_agent if c.isprintable())[:200]


def build(session: Session, resources: Resources) -> SessionService:
    """Return the service for one transaction."""
    return SessionService(
        SessionRepository(session),
        build_trail(session, resources),
        SecuritySettings.of(resources.settings),
        resources.get(Vault).derive("known origins"),
    )
