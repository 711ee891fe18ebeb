"""Signing keys: made ahead, published before use, kept until their last signature has run out."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from joserfc.jwk import ECKey
from sqlalchemy.orm import Session, sessionmaker

from hubs.security_hub.keys.errors import SigningKeyNotFound
from hubs.security_hub.keys.models import SigningKey
from hubs.security_hub.keys.repository import SigningKeyRepository
from hubs.security_hub.keys.schemas import KeyState, SigningKeyRead
from hubs.security_hub.settings import KeySettings, SecuritySettings
from hubs.security_hub.vault.service import Vault
from shared.app import Resources
from shared.core.clock import utc_now
from shared.core.errors import Unavailable
from shared.db.session import transaction

# Every client library reads ES256 without warnings, and P-256 verifies faster than Ed25519 here.
ALGORITHM = "ES256"
_KEEP_EXPIRED = timedelta(days=90)


@dataclass(frozen=True)
class Signer:
    """The private key that signs now."""

    kid: str
    key: ECKey
    algorithm: str = ALGORITHM


class KeyService:
    """The life of signing keys."""

    def __init__(
        self,
        repository: SigningKeyRepository,
        vault: Vault,
        settings: KeySettings,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._repository = repository
        self._vault = vault
        self._settings = settings
        self._now = now

    def ensure(self) -> Sequence[SigningKey]:
        """Make the first key, or the next one when its time has come; return what is published."""
        published = self._repository.list_published(self._now())
        if published and not self._is_due(published):
            return published
        self._repository.lock()
        published = self._repository.list_published(self._now())
        if not published:
            self._make(self._now())
        elif self._is_due(published):
            self._succeed(published, published[0].active_from + self._rotation)
        self._repository.delete_before(self._now() - _KEEP_EXPIRED)
        return self._repository.list_published(self._now())

    def rotate(self) -> SigningKeyRead:
        """Publish a next key at once, to sign as soon as every verifier has had time to read it."""
        self._repository.lock()
        published = self._repository.list_published(self._now())
        waiting = [key for key in published if key.active_from > self._now()]
        key = waiting[0] if waiting else self._succeed(published, self._now() + self._ahead)
        return self._read(key)

    def revoke(self, kid: str) -> SigningKeyRead:
        """Stop publishing a key at once: every token it signed is refused from then on.

        Raises: SigningKeyNotFound.
        """
        self._repository.lock()
        key = self._repository.find(kid)
        if key is None:
            raise SigningKeyNotFound(f"no signing key {kid!r}")
        now = self._now()
        key.revoked_at = key.revoked_at or now
        live = [k for k in self._repository.list_published(now) if k.kid != kid]
        if not any(k.active_from <= now for k in live):
            # Signing must go on; verifiers that do not know the successor yet ask for it by its unknown id.
            if live:
                live[0].active_from = now
            else:
                self._make(now)
        return self._read(key)

    def list(self) -> Sequence[SigningKeyRead]:
        """Return every key, the latest to sign first."""
        return [self._read(key) for key in self._repository.list()]

    def reseal(self) -> int:
        """Seal the private halves with the newest sealing key and return how many were not."""
        count = 0
        for key in self._repository.list():
            if not self._vault.is_current(key.sealed_private):
                plain = self._vault.open(key.sealed_private, f"signing-key:{key.kid}")
                key.sealed_private = self._vault.seal(plain, f"signing-key:{key.kid}")
                count += 1
        return count

    @property
    def _rotation(self) -> timedelta:
        return timedelta(seconds=self._settings.rotate_after_s)

    @property
    def _ahead(self) -> timedelta:
        return timedelta(seconds=self._settings.publish_ahead_s)

    def _is_due(self, published: Sequence[SigningKey]) -> bool:
        return self._now() >= published[0].active_from + self._rotation - self._ahead

    def _succeed(self, published: Sequence[SigningKey], active_from: datetime) -> SigningKey:
        # Never sooner than the announcement allows, however late maintenance runs.
        active_from = max(active_from, self._now() + self._ahead)
        for key in published:
            if key.expires_at is None:
                key.expires_at = active_from + timedelta(seconds=self._settings.overlap_s)
        return self._make(active_from)

    def _make(self, active_from: datetime) -> SigningKey:
        kid = f"{self._now():%Y%m%d}-{secrets.token_hex(6)}"
        pair = ECKey.generate_key("P-256", {"kid": kid, "use": "sig", "alg": ALGORITHM}, private=True)
        key = SigningKey(
            kid=kid,
            algorithm=ALGORITHM,
            public_jwk=dict(pair.as_dict(private=False)),
            sealed_private=self._vault.seal(pair.as_pem(private=True), f"signing-key:{kid}"),
            active_from=active_from,
        )
        self._repository.add(key)
        return key

    def _read(self, key: SigningKey) -> SigningKeyRead:
        return SigningKeyRead(
            kid=key.kid,
            algorithm=key.algorithm,
            state=self._state(key),
            created_at=key.created_at or self._now(),
            active_from=key.active_from,
            expires_at=key.expires_at,
            revoked_at=key.revoked_at,
        )

    def _state(self, key: SigningKey) -> KeyState:
        if key.revoked_at is not None:
            return "revoked"
        now = self._now()
        if key.active_from > now:
            return "next"
        newest = next(k for k in self._repository.list() if k.active_from <= now and k.revoked_at is None)
        return "signing" if newest.kid == key.kid else "retired"


class KeyRing:
    """This process's view of the keys; thread-safe; looks again every few seconds."""

    def __init__(self, sessions: sessionmaker[Session], vault: Vault, settings: KeySettings) -> None:
        self._sessions = sessions
        self._vault = vault
        self._settings = settings
        self._lock = threading.Lock()
        self._read_at = -1e9
        self._published: Sequence[SigningKey] = []
        self._opened: dict[str, ECKey] = {}

    def refresh(self) -> None:
        """Read the keys now, making what is due."""
        with transaction(self._sessions) as session:
            published = KeyService(SigningKeyRepository(session), self._vault, self._settings).ensure()
        with self._lock:
            self._published = published
            self._read_at = time.monotonic()

    def forget(self) -> None:
        """Look anew at the next question."""
        with self._lock:
            self._read_at = -1e9

    def signer(self) -> Signer:
        """Return the key that signs now.

        Raises: Unavailable when the keys could never be read.
        """
        for key in self._current():
            if key.active_from <= utc_now():
                with self._lock:
                    if key.kid not in self._opened:
                        pem = self._vault.open(key.sealed_private, f"signing-key:{key.kid}")
                        self._opened[key.kid] = ECKey.import_key(pem, {"kid": key.kid})
                    return Signer(key.kid, self._opened[key.kid])
        raise Unavailable("there is no signing key")

    def public_set(self) -> dict[str, Any]:
        """Return the JWK Set to publish: the key that signs, the next one, and those whose tokens still
        live.
        """
        return {"keys": [key.public_jwk for key in self._current()]}

    def _current(self) -> Sequence[SigningKey]:
        with self._lock:
            is_fresh = time.monotonic() - self._read_at < self._settings.refresh_s
            known = self._published
        if is_fresh:
            return known
        try:
            self.refresh()
        except Unavailable:
            # Keys once read stay good while the database is away.
            if not known:
                raise
        with self._lock:
            return self._published


def build(session: Session, resources: Resources) -> KeyService:
    """Return the service for one transaction."""
    settings = SecuritySettings.of(resources.settings)
    return KeyService(SigningKeyRepository(session), resources.get(Vault), settings.keys)


def open_key_ring(resources: Resources) -> None:
    """Make the process's key ring, and let this hub verify tokens without asking itself over HTTP."""
    settings = SecuritySettings.of(resources.settings)
    ring = KeyRing(resources.sessionmaker, resources.get(Vault), settings.keys)
    ring.refresh()
    resources.put(ring)
    max_age_s = max(1.0, settings.keys.refresh_s)
    resources.verifier = resources.verifier.with_keys(ring.public_set, max_age_s)
