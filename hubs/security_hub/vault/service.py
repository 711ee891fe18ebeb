"""Sealing: AES-256-GCM under data keys that are wrapped by a key derived from the root secret.

A sealed value reads ``s1.<data key>.<base64 of nonce and ciphertext>``; the context it was sealed for (a
table, a row) is authenticated with it, so a value copied to another row does not open there.
"""

from __future__ import annotations

import base64
import os
import threading

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlalchemy.orm import Session, sessionmaker

from hubs.security_hub.settings import SecuritySettings
from hubs.security_hub.vault.errors import CannotOpen
from hubs.security_hub.vault.models import SealingKey
from hubs.security_hub.vault.repository import SealingKeyRepository
from shared.app import Resources
from shared.db.session import transaction
from shared.settings import root_secret

_NONCE = 12
_VERSION = "s1"


def derive_key(root: bytes, purpose: str) -> bytes:
    """Return 32 bytes for one purpose, from the root secret (HKDF-SHA-256)."""
    return HKDF(SHA256(), 32, salt=None, info=f"openpolicy {purpose}".encode()).derive(root)


class Vault:
    """Seals and opens secrets; thread-safe; holds the unwrapped data keys in memory."""

    def __init__(self, root: bytes, sessions: sessionmaker[Session], previous: bytes = b"") -> None:
        self._root = root
        self._wrapping = AESGCM(derive_key(root, "vault wrapping key"))
        self._previous = AESGCM(derive_key(previous, "vault wrapping key")) if previous else None
        self._sessions = sessions
        self._lock = threading.Lock()
        self._keys: dict[int, AESGCM] = {}

    def open_keys(self) -> None:
        """Load the data keys, making the first one; wrap them anew when the root secret has changed.

        Raises: CannotOpen when neither the present nor the previous root secret opens them.
        """
        with transaction(self._sessions) as session:
            repository = SealingKeyRepository(session)
            repository.lock()
            rows = repository.list()
            if not rows:
                rows = [self._make(repository)]
            keys = {row.id: AESGCM(self._unwrap(row)) for row in rows}
        with self._lock:
            self._keys = keys

    def rotate(self) -> int:
        """Make a new data key, used for sealing from now on, and return its number."""
        with transaction(self._sessions) as session:
            repository = SealingKeyRepository(session)
            repository.lock()
            number = self._make(repository).id
        self.open_keys()
        return number

    def seal(self, plaintext: bytes, context: str) -> str:
        """Return the sealed form of ``plaintext``, which opens for the same ``context`` only."""
        with self._lock:
            number = max(self._keys)
            key = self._keys[number]
        nonce = os.urandom(_NONCE)
        body = base64.urlsafe_b64encode(nonce + key.encrypt(nonce, plaintext, context.encode()))
        return f"{_VERSION}.{number}.{body.decode()}"

    def open(self, sealed: str, context: str) -> bytes:
        """Return what was sealed.

        Raises: CannotOpen.
        """
        try:
            version, number, body = sealed.split(".")
            raw = base64.urlsafe_b64decode(body)
            key = self._key(int(number))
            if version != _VERSION:
                raise ValueError(version)
            return key.decrypt(raw[:_NONCE], raw[_NONCE:], context.encode())
        except (ValueError, InvalidTag):
            raise CannotOpen(f"the secret of {context!r} does not open") from None

    def is_current(self, sealed: str) -> bool:
        """Tell whether the newest data key sealed this value."""
        with self._lock:
            return sealed.split(".")[1] == str(max(self._keys))

    def derive(self, purpose: str) -> bytes:
        """Return 32 bytes for one purpose that stay the same as long as the root secret does."""
        return derive_key(self._root, purpose)

    def _key(self, number: int) -> AESGCM:
        with self._lock:
            known = self._keys.get(number)
        if known is None:
            # Another process rotated.
            self.open_keys()
            with self._lock:
                known = self._keys.get(number)
        if known is None:
            raise CannotOpen(f"there is no sealing key {number}")
        return known

    def _make(self, repository: SealingKeyRepository) -> SealingKey:
        row = SealingKey(wrapped="")
        repository.add(row)
        row.wrapped = self._wrap(row.id, os.urandom(32))
        return row

    def _wrap(self, number: int, key: bytes) -> str:
        nonce = os.urandom(_NONCE)
        return base64.urlsafe_b64encode(nonce + self._wrapping.encrypt(nonce, key, b"%d" % number)).decode()

    def _unwrap(self, row: SealingKey) -> bytes:
        raw = base64.urlsafe_b64decode(row.wrapped)
        nonce, body, context = raw[:_NONCE], raw[_NONCE:], b"%d" % row.id
        try:
            return self._wrapping.decrypt(nonce, body, context)
        except InvalidTag:
            pass
        if self._previous is not None:
            try:
                key = self._previous.decrypt(nonce, body, context)
            except InvalidTag:
                pass
            else:
                row.wrapped = self._wrap(row.id, key)
                return key
        raise CannotOpen(
            "the stored secrets were sealed under another root secret; "
            "set OP_PREVIOUS_SECRET to it for one start to change over"
        )


def open_vault(resources: Resources) -> None:
    """Make the process's vault and put it among the resources.

    Raises: CannotOpen when the root secret is not the one that sealed what is stored.
    """
    settings = SecuritySettings.of(resources.settings)
    vault = Vault(
        root_secret(settings), resources.sessionmaker, settings.previous_secret.get_secret_value().encode()
    )
    vault.open_keys()
    resources.put(vault)
