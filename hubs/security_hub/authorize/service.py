"""Authorization: who must sign in first, who must be asked first, and the code that comes of it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from hubs.security_hub.authorize.errors import CodeRefused, SentBack
from hubs.security_hub.authorize.models import AuthorizationCode
from hubs.security_hub.authorize.repository import AuthorizeRepository
from hubs.security_hub.authorize.schemas import AuthorizationRequest, read_request, with_query
from hubs.security_hub.clients.service import ClientService
from hubs.security_hub.clients.service import build as build_clients
from hubs.security_hub.roles.service import RoleService
from hubs.security_hub.roles.service import build as build_roles
from hubs.security_hub.sessions.service import Live, SessionService
from hubs.security_hub.sessions.service import build as build_sessions
from hubs.security_hub.settings import SecuritySettings
from hubs.security_hub.tokens.service import opaque_token, token_hash
from hubs.security_hub.trail.service import Trail
from hubs.security_hub.trail.service import build as build_trail
from hubs.security_hub.vault.service import Vault
from shared.app import Resources
from shared.core.clock import utc_now

_VERIFIER = re.compile(r"^[A-Za-z0-9._~-]{43,128}$")


@dataclass(frozen=True)
class SignInFirst:
    """The person must sign in (again) first; ``since`` marks from when on it counts."""

    since: str


@dataclass(frozen=True)
class AskFirst:
    """The person must be asked whether the application may have these scopes."""

    scopes: tuple[str, ...]


@dataclass(frozen=True)
class SendBack:
    """The browser goes back to the application."""

    url: str


@dataclass(frozen=True)
class Redeemed:
    """What a code stood for."""

    grant_id: UUID
    user_id: UUID
    session: Live | None
    scopes: tuple[str, ...]
    resources: tuple[str, ...]
    nonce: str
    refresh_token: str | None


Step = SignInFirst | AskFirst | SendBack


class AuthorizeService:
    """From a request to a code, and from a code to a grant."""

    def __init__(
        self,
        repository: AuthorizeRepository,
        clients: ClientService,
        roles: RoleService,
        sessions: SessionService,
        trail: Trail,
        settings: SecuritySettings,
        key: bytes,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._repository = repository
        self._clients = clients
        self._roles = roles
        self._sessions = sessions
        self._trail = trail
        self._settings = settings
        self._key = key
        self._now = now

    def read(self, params: dict[str, str], resources: tuple[str, ...]) -> AuthorizationRequest:
        """Understand a request.

        Raises: Unredirectable, SentBack.
        """
        return read_request(params, resources, self._clients.find(params.get("client_id", "")))

    def step(self, request: AuthorizationRequest, live: Live | None, since: str = "") -> Step:
        """Return what comes next for a request; ``since`` is the mark of an earlier ``SignInFirst``.

        Raises: SentBack when nothing may be shown and something would have to be.
        """
        is_silent = "none" in request.prompts
        if live is None or not self._is_fresh(request, live, since):
            if is_silent:
                raise self._refused(request, "login_required", "nobody is signed in")
            return SignInFirst(self._mark())
        scopes = self.allowed(request, live.user_id)
        if not request.client.is_trusted:
            known = self._repository.consented(live.user_id, request.client.client_id)
            if not set(scopes) <= known or "consent" in request.prompts:
                if is_silent:
                    raise self._refused(request, "consent_required", "the person has to be asked")
                return AskFirst(scopes)
        return SendBack(self._code(request, live, scopes))

    def approve(self, request: AuthorizationRequest, live: Live) -> SendBack:
        """Write down that the person agrees, and send a code."""
        scopes = self.allowed(request, live.user_id)
        known = self._repository.consented(live.user_id, request.client.client_id)
        client_id = request.client.client_id
        self._repository.consent(live.user_id, client_id, sorted(known | set(scopes)), self._now())
        self._trail.record(
            "consent.given",
            str(live.user_id),
            target=client_id,
            target_type="client",
            after={"scopes": list(scopes)},
        )
        return SendBack(self._code(request, live, scopes))

    def deny(self, request: AuthorizationRequest, live: Live) -> SendBack:
        """Send the person's refusal."""
        self._trail.record(
            "consent.refused", str(live.user_id), target=request.client.client_id, target_type="client"
        )
        return self.send_back(self._refused(request, "access_denied", "the person refused"))

    def send_back(self, error: SentBack) -> SendBack:
        """Return the redirect that tells an application of an error."""
        values = {"error": error.error, "error_description": error.detail, "state": error.state}
        return SendBack(with_query(error.redirect_uri, {**values, "iss": self._settings.issuer}))

    def allowed(self, request: AuthorizationRequest, user_id: UUID) -> tuple[str, ...]:
        """Return the scopes asked for that are the person's to give."""
        rights = self._roles.rights_of(user_id)
        return tuple(scope for scope in request.scopes if rights.allow(scope))

    def redeem(
        self, client_id: str, code: str, redirect_uri: str, verifier: str, *, has_refresh: bool
    ) -> Redeemed:
        """Exchange a code, once.

        Raises: CodeRefused; used a second time, what the first use gave must end.
        """
        found = self._repository.find_code(token_hash(code))
        if found is None or found.client_id != client_id:
            raise CodeRefused("the code is not valid")
        if found.used_at is not None:
            raise CodeRefused("the code was used before", found.grant_id)
        if found.expires_at <= self._now():
            raise CodeRefused("the code has run out")
        if redirect_uri != found.redirect_uri and (redirect_uri or found.is_redirect_given):
            raise CodeRefused("redirect_uri differs from the one of the request")
        if not _VERIFIER.match(verifier) or not _fits(verifier, found.code_challenge):
            raise CodeRefused("code_verifier does not fit the code_challenge")
        live = self._sessions.find(found.session_id)
        is_offline = "offline_access" in found.scopes
        if live is None:
            raise CodeRefused("the session has ended")
        granted = self._sessions.grant(
            found.user_id,
            client_id,
            found.scopes,
            session_id=found.session_id,
            resources=found.resources,
            is_offline=is_offline,
            has_refresh=has_refresh,
        )
        found.used_at, found.grant_id = self._now(), granted.grant_id
        return Redeemed(
            grant_id=granted.grant_id,
            user_id=found.user_id,
            session=live,
            scopes=granted.scopes,
            resources=granted.resources,
            nonce=found.nonce,
            refresh_token=granted.refresh_token,
        )

    def burn(self, client_id: str, code: str) -> None:
        """Make a code worthless after a failed exchange; what its first use gave ends."""
        found = self._repository.find_code(token_hash(code))
        if found is None or found.client_id != client_id:
            return
        if found.grant_id is not None:
            self._sessions.end_grant(found.grant_id, "authorization code used twice")
        found.used_at = found.used_at or self._now()

    def withdraw(self, user_id: UUID, client_id: str) -> None:
        """Let an application act no more, and ask again next time."""
        self._repository.withdraw(user_id, client_id)
        self._sessions.end_grants_of(user_id, client_id, "withdrawn by the person")

    def _code(self, request: AuthorizationRequest, live: Live, scopes: tuple[str, ...]) -> str:
        code = opaque_token("opx")
        self._repository.delete_codes_before(self._now() - timedelta(days=1))
        self._repository.add_code(
            AuthorizationCode(
                code_hash=token_hash(code),
                client_id=request.client.client_id,
                user_id=live.user_id,
                session_id=live.session_id,
                redirect_uri=request.redirect_uri,
                is_redirect_given=request.is_redirect_given,
                code_challenge=request.code_challenge,
                scopes=list(scopes),
                resources=list(request.resources),
                nonce=request.nonce,
                expires_at=self._now() + timedelta(seconds=self._settings.tokens.code_s),
            )
        )
        values = {"code": code, "state": request.state, "iss": self._settings.issuer}
        return with_query(request.redirect_uri, values)

    def _refused(self, request: AuthorizationRequest, error: str, description: str) -> SentBack:
        return SentBack(error, description, request.redirect_uri, request.state)

    def _is_fresh(self, request: AuthorizationRequest, live: Live, since: str) -> bool:
        """Tell whether the sign-in is as recent as the application wants it."""
        marked = self._marked(since)
        if marked is not None and live.authenticated_at >= marked:
            return True
        if request.prompts & {"login", "select_account"}:
            return False
        if request.max_age is None:
            return True
        return self._now() - live.authenticated_at <= timedelta(seconds=request.max_age)

    def _mark(self) -> str:
        stamp = f"{self._now().timestamp():.3f}"
        return f"{stamp}.{self._mac(stamp)}"

    def _marked(self, since: str) -> datetime | None:
        stamp, _, mac = since.rpartition(".")
        if not stamp or not hmac.compare_digest(mac.encode(), self._mac(stamp).encode()):
            return None
        return datetime.fromtimestamp(float(stamp), self._now().tzinfo)

    def _mac(self, stamp: str) -> str:
        return hmac.new(self._key, stamp.encode(), hashlib.sha256).hexdigest()[:32]


def _fits(verifier: str, challenge: str) -> bool:
    digest = hashlib.sha256(verifier.encode()).digest()
    return hmac.compare_digest(base64.urlsafe_b64encode(digest).rstrip(b"=").decode(), challenge)


def build(session: Session, resources: Resources) -> AuthorizeService:
    """Return the service for one transaction."""
    return AuthorizeService(
        AuthorizeRepository(session),
        build_clients(session, resources),
        build_roles(session, resources),
        build_sessions(session, resources),
        build_trail(session, resources),
        SecuritySettings.of(resources.settings),
        resources.get(Vault).derive("authorization"),
    )
