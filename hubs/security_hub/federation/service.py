"""Signing in through another provider: code and PKCE with state and nonce, and whose account comes of it."""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from sqlalchemy.orm import Session

from hubs.security_hub.accounts.service import AccountService, Registration
from hubs.security_hub.accounts.service import build as build_accounts
from hubs.security_hub.challenges.service import ChallengeService
from hubs.security_hub.challenges.service import build as build_challenges
from hubs.security_hub.federation.errors import AddressTaken, NotOurs, ProviderNotFound, ProviderRefused
from hubs.security_hub.federation.models import Provider
from hubs.security_hub.federation.remote import Metadata, RemoteProviders
from hubs.security_hub.federation.repository import ProviderRepository
from hubs.security_hub.federation.schemas import ProviderRead, ProviderWrite
from hubs.security_hub.trail.service import Trail
from hubs.security_hub.trail.service import build as build_trail
from hubs.security_hub.vault.service import Vault
from shared.app import Resources
from shared.auth import Principal
from shared.core.clock import utc_now
from shared.core.errors import Invalid

STATE = "external-sign-in"


@dataclass(frozen=True)
class Registered:
    """What we are at a provider."""

    slug: str
    issuer: str
    client_id: str
    secret: str = field(repr=False)
    scopes: tuple[str, ...]
    redirect_uri: str


@dataclass(frozen=True)
class Vouched:
    """What a provider said about somebody, already believed."""

    provider: str
    subject: str
    email: str
    is_email_verified: bool
    name: str
    language: str


@dataclass(frozen=True)
class Journey:
    """A sign-in on its way: what was asked, to be compared with what comes back."""

    provider: str
    nonce: str
    verifier: str
    binding: str
    next_path: str
    user_id: UUID | None


class FederationService:
    """External providers and the people they vouch for."""

    def __init__(
        self,
        repository: ProviderRepository,
        accounts: AccountService,
        challenges: ChallengeService,
        vault: Vault,
        trail: Trail,
        issuer: str,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._repository = repository
        self._accounts = accounts
        self._challenges = challenges
        self._vault = vault
        self._trail = trail
        self._issuer = issuer.rstrip("/")
        self._now = now

    def list(self, *, only_enabled: bool = False) -> Sequence[ProviderRead]:
        """Return providers by name."""
        return [self._read(row) for row in self._repository.list(only_enabled=only_enabled)]

    def put(self, slug: str, form: ProviderWrite, caller: Principal) -> ProviderRead:
        """Set a provider up, or change it.

        Raises: Invalid when a new one comes without its secret.
        """
        row = self._repository.find(slug)
        values = form.model_dump(exclude={"client_secret"})
        if row is None:
            if form.client_secret is None:
                raise Invalid("client_secret: a new provider needs it")
            row = Provider(slug=slug, sealed_secret="", **values)
            self._repository.add(row)
        for name, value in values.items():
            setattr(row, name, value)
        if form.client_secret is not None:
            row.sealed_secret = self._vault.seal(
                form.client_secret.get_secret_value().encode(), f"provider:{slug}"
            )
        row.updated_at = self._now()
        self._trail.record("provider.set", caller, target=slug, target_type="provider", after=values)
        return self._read(row)

    def delete(self, slug: str, caller: Principal) -> None:
        """Delete a provider; accounts made through it stay.

        Raises: ProviderNotFound.
        """
        row = self._repository.find(slug)
        if row is None:
            raise ProviderNotFound(f"no provider {slug!r}")
        self._repository.delete(row)
        self._trail.record("provider.deleted", caller, target=slug, target_type="provider")

    def registration(self, slug: str) -> Registered:
        """Return what we are at a provider.

        Raises: ProviderNotFound.
        """
        row = self._get(slug)
        secret = self._vault.open(row.sealed_secret, f"provider:{slug}").decode()
        return Registered(
            slug, row.issuer, row.client_id, secret, tuple(row.scopes), self._redirect_uri(slug)
        )

    def begin(
        self, registered: Registered, metadata: Metadata, binding: str, next_path: str, user_id: UUID | None
    ) -> str:
        """Return where to send the browser; ``binding`` ties the answer to this browser."""
        nonce, verifier = secrets.token_urlsafe(24), secrets.token_urlsafe(48)
        payload = {
            "provider": registered.slug,
            "nonce": nonce,
            "verifier": self._vault.seal(verifier.encode(), "external verifier"),
            "binding": binding,
            "next": next_path,
            "user_id": str(user_id or ""),
        }
        digest = hashlib.sha256(verifier.encode()).digest()
        query = {
            "response_type": "code",
            "client_id": registered.client_id,
            "redirect_uri": registered.redirect_uri,
            "scope": " ".join(registered.scopes),
            "state": self._challenges.ask(STATE, payload),
            "nonce": nonce,
            "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
            "code_challenge_method": "S256",
        }
        joint = "&" if "?" in metadata.authorization_endpoint else "?"
        return f"{metadata.authorization_endpoint}{joint}{urlencode(query)}"

    def journey(self, payload: Mapping[str, Any]) -> Journey:
        """Return the journey that a state stood for."""
        user_id = str(payload["user_id"])
        return Journey(
            provider=str(payload["provider"]),
            nonce=str(payload["nonce"]),
            verifier=self._vault.open(str(payload["verifier"]), "external verifier").decode(),
            binding=str(payload["binding"]),
            next_path=str(payload["next"]),
            user_id=UUID(user_id) if user_id else None,
        )

    def account_of(self, vouched: Vouched, signed_in: UUID | None) -> UUID:
        """Return whose account it is; connect it with somebody signed in, or make one.

        Raises: NotOurs, AddressTaken, ProviderNotFound.
        """
        row = self._get(vouched.provider)
        known = self._repository.find_identity(row.id, vouched.subject)
        if known is not None:
            return known.user_id
        if signed_in is not None:
            user_id = signed_in
        else:
            if not row.may_register or not vouched.email or not vouched.is_email_verified:
                raise NotOurs("the provider vouches for nobody who has an account here")
            if self._accounts.find_by_email(vouched.email) is not None:
                raise AddressTaken("this address has an account: sign in with its password, then connect")
            wish = Registration(
                vouched.email, None, None, vouched.name, "fr" if vouched.language == "fr" else "en"
            )
            user_id = self._accounts.create_vouched(wish, row.slug).id
        self._repository.link(row.id, vouched.subject, user_id)
        self._trail.record(
            "identity.linked", str(user_id), target=str(user_id), target_type="user", provider=row.slug
        )
        return user_id

    def reseal(self) -> int:
        """Seal the secrets with the newest sealing key and return how many were not."""
        count = 0
        for row in self._repository.list():
            if not self._vault.is_current(row.sealed_secret):
                context = f"provider:{row.slug}"
                row.sealed_secret = self._vault.seal(self._vault.open(row.sealed_secret, context), context)
                count += 1
        return count

    def _get(self, slug: str) -> Provider:
        row = self._repository.find(slug)
        if row is None or not row.is_enabled:
            raise ProviderNotFound(f"no provider {slug!r}")
        return row

    def _redirect_uri(self, slug: str) -> str:
        return f"{self._issuer}/signin/external/{slug}/callback"

    def _read(self, row: Provider) -> ProviderRead:
        return ProviderRead(
            slug=row.slug,
            name_en=row.name_en,
            name_fr=row.name_fr,
            issuer=row.issuer,
            client_id=row.client_id,
            scopes=list(row.scopes),
            may_register=row.may_register,
            is_enabled=row.is_enabled,
            redirect_uri=self._redirect_uri(row.slug),
        )


def vouched_by(
    remote: RemoteProviders, registered: Registered, journey: Journey, code: str, issuer: str
) -> Vouched:
    """Exchange the code that came back and return whom the provider vouches for; waits for the provider.

    Raises: ProviderRefused.
    """
    metadata = remote.metadata(registered.issuer)
    # RFC 9207: an answer mixed up from another provider is noticed.
    if (issuer or metadata.sends_issuer) and issuer != metadata.issuer:
        raise ProviderRefused("the answer came from another issuer")
    id_token = remote.exchange(
        metadata, registered.client_id, registered.secret, code, journey.verifier, registered.redirect_uri
    )
    claims = remote.claims(metadata, registered.client_id, id_token, journey.nonce)
    return Vouched(
        provider=registered.slug,
        subject=str(claims["sub"])[:255],
        email=str(claims.get("email", ""))[:254],
        is_email_verified=claims.get("email_verified") is True,
        name=str(claims.get("name", ""))[:200],
        language="fr" if str(claims.get("locale", "")).lower().startswith("fr") else "en",
    )


def build(session: Session, resources: Resources) -> FederationService:
    """Return the service for one transaction."""
    return FederationService(
        ProviderRepository(session),
        build_accounts(session, resources),
        build_challenges(session, resources),
        resources.get(Vault),
        build_trail(session, resources),
        resources.settings.issuer,
    )


def open_remote_providers(resources: Resources) -> None:
    """Make the process's way to other providers."""
    resources.put(RemoteProviders(resources.http))
