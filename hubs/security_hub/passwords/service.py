"""Passwords: Argon2id behind a queue with few slots, and a refusal of those that guessing starts with."""

from __future__ import annotations

import secrets
import threading
import unicodedata
from collections import deque
from collections.abc import Iterable

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError, VerifyMismatchError

from hubs.security_hub.passwords.errors import TooManyHashes, WeakPassword
from hubs.security_hub.passwords.weakness import weakness
from hubs.security_hub.settings import PasswordSettings, SecuritySettings
from shared.app import Resources

_WAIT_S = 10.0


class Passwords:
    """Hashes and checks passwords; bounds memory and processor by letting few hashes run at once."""

    def __init__(self, settings: PasswordSettings) -> None:
        self._settings = settings
        # OWASP's second choice of Argon2id; about 70 ms of one core.
        self._hasher = PasswordHasher(
            time_cost=2, memory_cost=19_456, parallelism=1, hash_len=32, salt_len=16
        )
        self._queue = _Queue(settings.parallel, settings.waiting)
        # Verified against when there is no account, so that its absence takes as long as a wrong password.
        self._nobody = self._hasher.hash(secrets.token_urlsafe(24))

    def hash(self, password: str) -> str:
        """Return the hash to store.

        Raises: TooManyHashes when the queue is full.
        """
        with self._queue:
            return self._hasher.hash(self._prepared(password))

    def verify(self, stored: str | None, password: str) -> bool:
        """Tell whether the password is the stored one; no stored one takes just as long and is False.

        Raises: TooManyHashes when the queue is full.
        """
        with self._queue:
            try:
                is_right = self._hasher.verify(stored or self._nobody, self._prepared(password))
            except (VerifyMismatchError, VerificationError, InvalidHashError):
                return False
        return bool(is_right and stored)

    def is_outdated(self, stored: str) -> bool:
        """Tell whether a hash was made with other parameters than today's."""
        return self._hasher.check_needs_rehash(stored)

    def check(self, password: str, about: Iterable[str] = ()) -> None:
        """Refuse a password that is too short, too long or easily guessed; ``about`` is known of its owner.

        Raises: WeakPassword.
        """
        if len(password) > self._settings.max_length:
            raise WeakPassword(f"at most {self._settings.max_length} characters", reason="too-long")
        text = self._prepared(password)
        if len(text) < self._settings.min_length:
            raise WeakPassword(f"at least {self._settings.min_length} characters", reason="too-short")
        if reason := weakness(text, about):
            raise WeakPassword("this password is among the first that would be guessed", reason=reason)

    @staticmethod
    def _prepared(password: str) -> str:
        # The same characters typed on another keyboard must give the same bytes (NIST SP 800-63B, 3.1.1.2).
        return unicodedata.normalize("NFKC", password).encode(errors="replace").decode()


class _Queue:
    """A bounded line in front of a few slots; whoever came first is served first."""

    def __init__(self, slots: int, waiting: int) -> None:
        self._free = slots
        self._most_waiting = waiting
        self._line: deque[threading.Event] = deque()
        self._lock = threading.Lock()

    def __enter__(self) -> None:
        with self._lock:
            if self._free and not self._line:
                self._free -= 1
                return
            if len(self._line) >= self._most_waiting:
                raise TooManyHashes("too many sign-ins at once; try again", headers={"Retry-After": "2"})
            turn = threading.Event()
            self._line.append(turn)
        if turn.wait(_WAIT_S):
            return
        with self._lock:
            if turn.is_set():
                # The slot came in the very moment that we gave up.
                self._pass_on()
            else:
                self._line.remove(turn)
        raise TooManyHashes("sign-in takes too long; try again", headers={"Retry-After": "5"})

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._pass_on()

    def _pass_on(self) -> None:
        if self._line:
            self._line.popleft().set()
        else:
            self._free += 1


def open_passwords(resources: Resources) -> None:
    """Make the process's password hasher."""
    resources.put(Passwords(SecuritySettings.of(resources.settings).passwords))
