"""API keys: made, rotated with grace, revoked, and exchanged for short-lived tokens at the door.

A key reads ``opk_<40 letters and digits><6 of checksum>``: scanners find leaked ones, and a mistyped one is
refused without a look into the database.
"""

from __future__ import annotations

import hmac
import secrets
import zlib
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from hubs.security_hub.accounts.errors import UserNotFound
from hubs.security_hub.accounts.service import AccountService
from hubs.security_hub.accounts.service import build as build_accounts
from hubs.security_hub.apikeys.errors import ApiKeyNotFound, BadApiKey, TooManyKeys
from hubs.security_hub.apikeys.models import ApiKey
from hubs.security_hub.apikeys.repository import ApiKeyRepository
from hubs.security_hub.apikeys.schemas import ApiKeyCreate, ApiKeyMade, ApiKeyRead
from hubs.security_hub.clients.errors import ClientNotFound
from hubs.security_hub.clients.service import ClientService
from hubs.security_hub.clients.service import build as build_clients
from hubs.security_hub.roles.schemas import Rights
from hubs.security_hub.roles.service import RoleService
from hubs.security_hub.roles.service import build as build_roles
from hubs.security_hub.settings import SecuritySettings
from hubs.security_hub.tokens.service import Grantee, TokenMint, token_hash
from hubs.security_hub.trail.service import Trail
from hubs.security_hub.trail.service import build as build_trail
from shared.app import Resources
from shared.auth import Principal, TokenVerifier
from shared.contracts.http.tokens import TokenRead
from shared.core.clock import utc_now
from shared.core.errors import Forbidden
from shared.db.session import transaction

PREFIX = "opk_"
MOST_PER_OWNER = 50
DEFAULT_GRACE = timedelta(days=7)
_LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_LENGTH, _SUM = 40, 6
_USED_EVERY = timedelta(minutes=1)


def new_key() -> str:
    """Return a fresh key of 238 random bits and its checksum."""
    body = "".join(secrets.choice(_LETTERS) for _ in range(_LENGTH))
    return f"{PREFIX}{body}{_checksum(body)}"


def is_well_formed(key: str) -> bool:
    """Tell whether a text has the form and checksum of a key."""
    body, checksum = key[len(PREFIX) : -_SUM], key[-_SUM:]
    is_shaped = key.startswith(PREFIX) and len(body) == _LENGTH and body.isascii() and body.isalnum()
    return is_shaped and hmac.compare_digest(_checksum(body).encode(), checksum.encode(errors="replace"))


def _checksum(body: str) -> str:
    number, text = zlib.crc32(body.encode()), ""
    for _ in range(_SUM):
        number, digit = divmod(number, len(_LETTERS))
        text = _LETTERS[digit] + text
    return text


class ApiKeyService:
    """Keys of people and service accounts."""

    def __init__(
        self,
        repository: ApiKeyRepository,
        accounts: AccountService,
        clients: ClientService,
        roles: RoleService,
        trail: Trail,
        mint: TokenMint,
        settings: SecuritySettings,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._repository = repository
        self._accounts = accounts
        self._clients = clients
        self._roles = roles
        self._trail = trail
        self._mint = mint
        self._settings = settings
        self._now = now

    def list(self, owner: UUID | str) -> Sequence[ApiKeyRead]:
        """Return an owner's keys, the newest first."""
        return [ApiKeyRead.model_validate(key) for key in self._repository.list(owner)]

    def create(self, form: ApiKeyCreate, owner: UUID | str, caller: Principal) -> ApiKeyMade:
        """Make a key with scopes that its owner has.

        Raises: Forbidden, TooManyKeys, ClientNotFound.
        """
        if self._repository.count_live(owner, self._now()) >= MOST_PER_OWNER:
            raise TooManyKeys(f"at most {MOST_PER_OWNER} keys; revoke one first")
        rights = self._rights(owner)
        for scope in form.scopes:
            if not rights.allow(scope):
                raise Forbidden(f"the owner does not have {scope!r}")
        days = form.expires_in_days
        expires_at = self._now() + timedelta(days=days) if days else None
        return self._make(owner, form.name, form.scopes, expires_at, caller)

    def rotate(
        self, key_id: UUID, owner: UUID | str, caller: Principal, grace: timedelta = DEFAULT_GRACE
    ) -> ApiKeyMade:
        """Make a successor of a key; the former one works until the grace period is over.

        Raises: ApiKeyNotFound.
        """
        key = self._get(key_id, owner)
        if key.revoked_at is not None:
            raise ApiKeyNotFound("the key is revoked")
        made = self._make(owner, key.name, key.scopes, key.expires_at, caller)
        until = self._now() + grace
        key.expires_at = min(key.expires_at, until) if key.expires_at else until
        key.replaced_by = made.id
        return made

    def revoke(self, key_id: UUID, owner: UUID | str, caller: Principal) -> None:
        """Make a key worthless.

        Raises: ApiKeyNotFound.
        """
        key = self._get(key_id, owner)
        key.revoked_at = key.revoked_at or self._now()
        self._trail.record("api-key.revoked", caller, target=str(key_id), target_type="api-key")

    def exchange(self, text: str) -> TokenRead:
        """Return a short-lived token for a key, with what both the key and its owner may do now.

        Raises: BadApiKey.
        """
        if not is_well_formed(text):
            raise BadApiKey("the API key is not valid")
        key = self._repository.find_by_hash(token_hash(text))
        now = self._now()
        if (
            key is None
            or key.revoked_at is not None
            or (key.expires_at is not None and key.expires_at <= now)
        ):
            raise BadApiKey("the API key is not valid")
        owner = key.owner_id or key.client_id or ""
        try:
            rights = self._rights(owner)
        except (ClientNotFound, UserNotFound):
            raise BadApiKey("the API key is not valid") from None
        scopes = tuple(scope for scope in key.scopes if rights.allow(scope))
        if key.last_used_at is None or now - key.last_used_at > _USED_EVERY:
            key.last_used_at = now
        grantee = Grantee(str(owner), f"key:{key.id}", "key", scopes, rights.roles)
        token, lifetime = self._mint.access_token(grantee, lifetime_s=self._settings.tokens.key_s)
        return TokenRead(access_token=token, expires_in=lifetime, scope=" ".join(scopes))

    def _rights(self, owner: UUID | str) -> Rights:
        if isinstance(owner, UUID):
            if not self._accounts.get(owner).is_active:
                raise UserNotFound("the account is suspended")
            return self._roles.rights_of(owner)
        client = self._clients.find(owner)
        if client is None:
            raise ClientNotFound(f"no service account {owner!r}")
        return Rights(permissions=frozenset(client.scopes))

    def _get(self, key_id: UUID, owner: UUID | str) -> ApiKey:
        key = self._repository.find(key_id, owner)
        if key is None:
            raise ApiKeyNotFound("no such API key")
        return key

    def _make(
        self,
        owner: UUID | str,
        name: str,
        scopes: Iterable[str],
        expires_at: datetime | None,
        caller: Principal,
    ) -> ApiKeyMade:
        text = new_key()
        key = ApiKey(
            owner_id=owner if isinstance(owner, UUID) else None,
            client_id=None if isinstance(owner, UUID) else owner,
            name=name,
            hint=text[: len(PREFIX) + 6],
            key_hash=token_hash(text),
            scopes=sorted(set(scopes)),
            expires_at=expires_at,
        )
        self._repository.add(key)
        self._trail.record(
            "api-key.created",
            caller,
            target=str(key.id),
            target_type="api-key",
            after={"owner": str(owner), "scopes": key.scopes, "name": name},
        )
        return ApiKeyMade(**ApiKeyRead.model_validate(key).model_dump(), key=text)


class KeyAwareVerifier(TokenVerifier):
    """Verifies tokens, and takes API keys as well: for agents that speak to this hub without the gateway."""

    def __init__(self, inner: TokenVerifier, resources: Resources) -> None:
        self._inner = inner
        self._resources = resources

    def recall(self, token: str) -> Principal | None:
        """Return the principal of a token that was verified before; a key is looked at every time."""
        return self._inner.recall(token)

    def verify(self, token: str) -> Principal:
        """Return the principal of a token or an API key.

        Raises: Unauthorized.
        """
        if token.startswith(PREFIX):
            with transaction(self._resources.sessionmaker) as session:
                token = build(session, self._resources).exchange(token).access_token
        return self._inner.verify(token)


def build(session: Session, resources: Resources) -> ApiKeyService:
    """Return the service for one transaction."""
    return ApiKeyService(
        ApiKeyRepository(session),
        build_accounts(session, resources),
        build_clients(session, resources),
        build_roles(session, resources),
        build_trail(session, resources),
        resources.get(TokenMint),
        SecuritySettings.of(resources.settings),
    )


def accept_api_keys(resources: Resources) -> None:
    """Let this hub take API keys where it takes tokens."""
    resources.verifier = KeyAwareVerifier(resources.verifier, resources)
