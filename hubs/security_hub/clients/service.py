"""Clients: who they are, how they prove it, and which scopes they may have."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit
from uuid import UUID

from sqlalchemy.orm import Session

from hubs.security_hub.clients.errors import BadClient, ClientNotFound
from hubs.security_hub.clients.models import OAuthClient
from hubs.security_hub.clients.platform import PLATFORM_CLIENTS
from hubs.security_hub.clients.repository import ClientRepository
from hubs.security_hub.clients.schemas import (
    ClientCreate,
    ClientRead,
    ClientSecretRead,
    ClientUpdate,
    is_loopback,
)
from hubs.security_hub.roles.schemas import PERSONAL_SCOPES, is_covered
from hubs.security_hub.settings import SecuritySettings
from hubs.security_hub.tokens.service import opaque_token, token_hash
from hubs.security_hub.trail.service import Trail
from hubs.security_hub.trail.service import build as build_trail
from shared.app import Resources
from shared.auth import Principal
from shared.core.clock import utc_now
from shared.core.errors import Forbidden, Invalid
from shared.db.session import transaction
from shared.settings import derive_secret

DEFAULT_GRACE = timedelta(days=7)
_USED_EVERY = timedelta(minutes=5)


@dataclass(frozen=True)
class Client:
    """A client that may ask for tokens now."""

    client_id: str
    kind: str
    name_en: str = ""
    name_fr: str = ""
    scopes: tuple[str, ...] = ()
    grant_types: tuple[str, ...] = ("client_credentials",)
    redirect_uris: tuple[str, ...] = ()
    logout_uris: tuple[str, ...] = ()
    is_trusted: bool = False
    subject: str = ""

    @property
    def is_public(self) -> bool:
        """Tell whether the client can keep no secret."""
        return self.kind == "public"

    def may(self, scope: str) -> bool:
        """Tell whether the client may have a scope."""
        return scope in self.scopes or is_covered(scope, frozenset(self.scopes))

    def redirects_to(self, uri: str) -> bool:
        """Tell whether a redirect URI is registered: byte for byte, save the port of a loopback address."""
        if uri in self.redirect_uris:
            return True
        if not is_loopback(uri):
            return False
        return _without_port(uri) in {
            _without_port(known) for known in self.redirect_uris if is_loopback(known)
        }


def _without_port(uri: str) -> tuple[str, str, str]:
    parts = urlsplit(uri)
    return parts.hostname or "", parts.path, parts.query


class ClientService:
    """Applications, service accounts and the platform's own processes."""

    def __init__(
        self,
        repository: ClientRepository,
        trail: Trail,
        settings: SecuritySettings,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._repository = repository
        self._trail = trail
        self._settings = settings
        self._now = now

    def authenticate(self, client_id: str, secret: str) -> Client:
        """Return the client that proved itself with its secret.

        Raises: BadClient.
        """
        row = self._repository.find(client_id)
        if row is None or row.disabled_at is not None or row.secret_hash is None:
            if row is None and self._is_derived(client_id, secret):
                return _platform_client(client_id)
            raise BadClient("the client is not known or its secret is wrong")
        given = token_hash(secret)
        is_right = hmac.compare_digest(row.secret_hash, given)
        if not is_right and row.former_secret_hash and row.former_until and row.former_until > self._now():
            is_right = hmac.compare_digest(row.former_secret_hash, given)
        if not is_right:
            raise BadClient("the client is not known or its secret is wrong")
        if row.last_used_at is None or self._now() - row.last_used_at > _USED_EVERY:
            row.last_used_at = self._now()
        return _client(row)

    def find(self, client_id: str) -> Client | None:
        """Return a client that is not disabled, whether or not it proved itself."""
        row = self._repository.find(client_id)
        if row is not None:
            return None if row.disabled_at is not None else _client(row)
        return _platform_client(client_id) if client_id in PLATFORM_CLIENTS and self._may_derive else None

    def list(self, owner_id: UUID | None = None) -> Sequence[ClientRead]:
        """Return the registered clients."""
        return [ClientRead.model_validate(row) for row in self._repository.list(owner_id)]

    def get(self, client_id: str) -> ClientRead:
        """Return one registered client.

        Raises: ClientNotFound.
        """
        return ClientRead.model_validate(self._get(client_id))

    def create(self, form: ClientCreate, caller: Principal, owner_id: UUID | None = None) -> ClientSecretRead:
        """Register an application or a service account and return its secret, this once.

        Raises: Forbidden for scopes the caller does not have.
        """
        self._require_own(form.scopes, caller)
        secret = None if form.kind == "public" else opaque_token("opc")
        is_service = form.kind == "service"
        row = OAuthClient(
            client_id=f"{'svc' if is_service else 'app'}-{secrets.token_hex(8)}",
            kind=form.kind,
            name_en=form.name_en,
            name_fr=form.name_fr,
            secret_hash=token_hash(secret) if secret else None,
            secret_changed_at=self._now() if secret else None,
            redirect_uris=list(form.redirect_uris),
            logout_uris=list(form.logout_uris),
            grant_types=["client_credentials"] if is_service else ["authorization_code", "refresh_token"],
            scopes=list(form.scopes),
            is_trusted=form.is_trusted,
            owner_id=owner_id,
        )
        if form.kind == "confidential":
            row.grant_types = [*row.grant_types, "client_credentials"]
        self._repository.add(row)
        self._trail.record(
            "client.created",
            caller,
            target=row.client_id,
            target_type="client",
            after={"kind": row.kind, "scopes": row.scopes, "redirect_uris": row.redirect_uris},
        )
        return ClientSecretRead(**ClientRead.model_validate(row).model_dump(), client_secret=secret)

    def update(self, client_id: str, form: ClientUpdate, caller: Principal) -> ClientRead:
        """Change a client.

        Raises: ClientNotFound, Forbidden.
        """
        row = self._get(client_id)
        changes = form.model_dump(exclude_none=True)
        self._require_own(changes.get("scopes", []), caller)
        is_disabled = changes.pop("is_disabled", None)
        before = {name: getattr(row, name) for name in changes}
        for name, value in changes.items():
            setattr(row, name, value)
        if is_disabled is not None:
            row.disabled_at = self._now() if is_disabled else None
            changes["is_disabled"] = is_disabled
        row.updated_at = self._now()
        self._trail.record(
            "client.changed", caller, target=client_id, target_type="client", before=before, after=changes
        )
        return ClientRead.model_validate(row)

    def rotate_secret(
        self, client_id: str, caller: Principal, grace: timedelta = DEFAULT_GRACE
    ) -> ClientSecretRead:
        """Give a new secret; the former one works until the grace period is over.

        Raises: ClientNotFound, Invalid for a public client.
        """
        row = self._get(client_id)
        if row.secret_hash is None:
            raise Invalid("a public client has no secret")
        secret = opaque_token("opc")
        row.former_secret_hash, row.former_until = row.secret_hash, self._now() + grace
        row.secret_hash, row.secret_changed_at = token_hash(secret), self._now()
        self._trail.record(
            "client.secret-rotated",
            caller,
            target=client_id,
            target_type="client",
            grace_s=int(grace.total_seconds()),
        )
        return ClientSecretRead(**ClientRead.model_validate(row).model_dump(), client_secret=secret)

    def delete(self, client_id: str, caller: Principal) -> None:
        """Delete a client.

        Raises: ClientNotFound.
        """
        row = self._get(client_id)
        self._repository.delete(row)
        self._trail.record("client.deleted", caller, target=client_id, target_type="client")

    def set_platform_secret(self, client_id: str, secret: str) -> None:
        """Register one of the platform's own processes with a secret of its own.

        Raises: ClientNotFound for a name that no process has; Invalid for a secret below 32 characters.
        """
        known = PLATFORM_CLIENTS.get(client_id)
        if known is None:
            raise ClientNotFound(f"no process of the platform is called {client_id!r}")
        if len(secret) < 32:
            raise Invalid(f"the secret of {client_id!r} has fewer than 32 characters")
        row = self._repository.find(client_id)
        if row is None:
            row = OAuthClient(
                client_id=client_id,
                kind="platform",
                name_en=known.name_en,
                name_fr=known.name_fr,
                redirect_uris=[],
                logout_uris=[],
                grant_types=["client_credentials"],
                scopes=list(known.scopes),
                is_trusted=True,
            )
            self._repository.add(row)
        # The code is what says which rights a process has, not what an older release once wrote.
        row.scopes = list(known.scopes)
        if row.secret_hash != token_hash(secret):
            row.secret_hash, row.secret_changed_at = token_hash(secret), self._now()
            self._trail.record("client.secret-set", "operator", target=client_id, target_type="client")

    @property
    def _may_derive(self) -> bool:
        return self._settings.environment != "production"

    def _is_derived(self, client_id: str, secret: str) -> bool:
        if not self._may_derive or client_id not in PLATFORM_CLIENTS:
            return False
        expected = derive_secret(self._settings, f"client:{client_id}")
        return hmac.compare_digest(
            hashlib.sha256(expected.encode()).digest(), hashlib.sha256(secret.encode()).digest()
        )

    def _get(self, client_id: str) -> OAuthClient:
        row = self._repository.find(client_id)
        if row is None:
            raise ClientNotFound(f"no application {client_id!r}")
        return row

    @staticmethod
    def _require_own(scopes: Sequence[str], caller: Principal) -> None:
        for scope in scopes:
            if scope not in PERSONAL_SCOPES and not is_covered(scope, caller.scopes):
                raise Forbidden(f"you do not have {scope!r} yourself")


def _client(row: OAuthClient) -> Client:
    return Client(
        client_id=row.client_id,
        kind=row.kind,
        name_en=row.name_en,
        name_fr=row.name_fr,
        scopes=tuple(row.scopes),
        grant_types=tuple(row.grant_types),
        redirect_uris=tuple(row.redirect_uris),
        logout_uris=tuple(row.logout_uris),
        is_trusted=row.is_trusted,
        subject=row.client_id,
    )


def _platform_client(client_id: str) -> Client:
    known = PLATFORM_CLIENTS[client_id]
    return Client(client_id, "platform", known.name_en, known.name_fr, known.scopes, subject=client_id)


def build(session: Session, resources: Resources) -> ClientService:
    """Return the service for one transaction."""
    return ClientService(
        ClientRepository(session), build_trail(session, resources), SecuritySettings.of(resources.settings)
    )


def register_platform_clients(resources: Resources) -> None:
    """Register at start the processes whose secrets the settings name.

    Raises: ClientNotFound, Invalid.
    """
    settings = SecuritySettings.of(resources.settings)
    if not settings.platform_clients:
        return
    with transaction(resources.sessionmaker) as session:
        service = build(session, resources)
        for client_id, secret in sorted(settings.platform_clients.items()):
            service.set_platform_secret(client_id, secret.get_secret_value())
