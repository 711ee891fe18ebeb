"""Second factors: codes of an authenticator (RFC 6238) and recovery codes, each taken once."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import secrets
import struct
from collections.abc import Callable
from datetime import datetime
from urllib.parse import quote, urlencode
from uuid import UUID

from sqlalchemy.orm import Session

from hubs.security_hub.factors.errors import AlreadyProtected, BadCode, CodeNotConfirmed
from hubs.security_hub.factors.models import TotpSecret
from hubs.security_hub.factors.repository import FactorRepository
from hubs.security_hub.factors.schemas import FactorsRead, TotpSetup
from hubs.security_hub.trail.service import Trail
from hubs.security_hub.trail.service import build as build_trail
from hubs.security_hub.vault.service import Vault
from shared.app import Resources
from shared.core.clock import utc_now

ISSUER = "OpenPolicy"
STEP_S = 30
DIGITS = 6
_RECOVERY_CODES = 10
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # without those that are mistaken for one another


class FactorService:
    """What proves a person besides the password."""

    def __init__(
        self, repository: FactorRepository, vault: Vault, trail: Trail, now: Callable[[], datetime] = utc_now
    ) -> None:
        self._repository = repository
        self._vault = vault
        self._trail = trail
        self._now = now

    def read(self, user_id: UUID) -> FactorsRead:
        """Return what somebody has set up."""
        totp = self._repository.find_totp(user_id)
        return FactorsRead(
            totp_since=totp.confirmed_at if totp else None,
            recovery_codes_left=self._repository.codes_left(user_id),
        )

    def is_protected(self, user_id: UUID) -> bool:
        """Tell whether somebody's password alone does not suffice."""
        totp = self._repository.find_totp(user_id)
        return totp is not None and totp.confirmed_at is not None

    def begin(self, user_id: UUID, account: str) -> TotpSetup:
        """Give a new secret for an authenticator; it protects nothing before a code confirms it.

        Raises: AlreadyProtected.
        """
        if self.is_protected(user_id):
            raise AlreadyProtected("one-time codes are set up already; remove them first")
        raw = os.urandom(20)
        sealed = self._vault.seal(raw, f"totp:{user_id}")
        self._repository.set_totp(TotpSecret(user_id=user_id, sealed_secret=sealed, last_step=0))
        return _setup(raw, account)

    def pending(self, user_id: UUID, account: str) -> TotpSetup:
        """Return the secret that waits for its confirmation once more.

        Raises: AlreadyProtected when none waits.
        """
        totp = self._repository.find_totp(user_id)
        if totp is None or totp.confirmed_at is not None:
            raise AlreadyProtected("nothing waits for a confirmation")
        return _setup(self._vault.open(totp.sealed_secret, f"totp:{user_id}"), account)

    def confirm(self, user_id: UUID, code: str) -> list[str]:
        """Protect the account from now on, and return its recovery codes.

        Raises: CodeNotConfirmed, AlreadyProtected.
        """
        totp = self._repository.find_totp(user_id, is_locked=True)
        if totp is not None and totp.confirmed_at is not None:
            raise AlreadyProtected("one-time codes are set up already")
        if totp is None or not self._take(totp, code):
            raise CodeNotConfirmed("this is not the code that the authenticator should show now")
        totp.confirmed_at = self._now()
        self._trail.record(
            "factor.added", str(user_id), target=str(user_id), target_type="user", factor="totp"
        )
        return self.renew_codes(user_id)

    def renew_codes(self, user_id: UUID) -> list[str]:
        """Replace somebody's recovery codes and return the new ones."""
        codes = [_recovery_code() for _ in range(_RECOVERY_CODES)]
        self._repository.set_codes(user_id, [self._code_hash(user_id, code) for code in codes])
        return codes

    def remove(self, user_id: UUID) -> None:
        """Let the password alone suffice again."""
        self._repository.delete_totp(user_id)
        self._repository.set_codes(user_id, [])
        self._trail.record(
            "factor.removed", str(user_id), target=str(user_id), target_type="user", factor="totp"
        )

    def check(self, user_id: UUID, code: str) -> str:
        """Take a code and return how it proved the person: ``otp`` or ``recovery``.

        Raises: BadCode for a wrong, old or used one.
        """
        plain = code.replace(" ", "").replace("-", "").casefold()
        totp = self._repository.find_totp(user_id, is_locked=True)
        if totp is not None and totp.confirmed_at is not None and self._take(totp, plain):
            return "otp"
        if len(plain) > DIGITS and self._repository.use_code(
            user_id, self._code_hash(user_id, plain), self._now()
        ):
            left = self._repository.codes_left(user_id)
            self._trail.record(
                "recovery-code.used", str(user_id), target=str(user_id), target_type="user", left=left
            )
            return "recovery"
        raise BadCode("the code is wrong or was used before")

    def reseal(self) -> int:
        """Seal the secrets with the newest sealing key and return how many were not."""
        count = 0
        for totp in self._repository.list_totp():
            if not self._vault.is_current(totp.sealed_secret):
                context = f"totp:{totp.user_id}"
                totp.sealed_secret = self._vault.seal(self._vault.open(totp.sealed_secret, context), context)
                count += 1
        return count

    def _take(self, totp: TotpSecret, code: str) -> bool:
        secret = self._vault.open(totp.sealed_secret, f"totp:{totp.user_id}")
        present = int(self._now().timestamp()) // STEP_S
        # One step either way for clocks that disagree; a step once used, and those before it, never again.
        for step in (present - 1, present, present + 1):
            if hmac.compare_digest(totp_code(secret, step), code) and step > totp.last_step:
                totp.last_step = step
                return True
        return False

    def _code_hash(self, user_id: UUID, code: str) -> str:
        plain = code.replace("-", "")
        return hashlib.sha256(f"{user_id}:{plain}".encode()).hexdigest()


def _setup(raw: bytes, account: str) -> TotpSetup:
    secret = base64.b32encode(raw).decode()
    label = f"{quote(ISSUER)}:{quote(account)}"
    query = urlencode({"secret": secret, "issuer": ISSUER, "digits": DIGITS, "period": STEP_S})
    return TotpSetup(secret=secret, uri=f"otpauth://totp/{label}?{query}")


def totp_code(secret: bytes, step: int) -> str:
    """Return the code of a time step (RFC 6238 with SHA-1, as every authenticator has it)."""
    digest = hmac.new(secret, struct.pack(">Q", step), "sha1").digest()
    offset = digest[-1] & 15
    number = struct.unpack(">I", digest[offset : offset + 4])[0] & 0x7FFFFFFF
    return str(number % 10**DIGITS).zfill(DIGITS)


def _recovery_code() -> str:
    """Return 16 characters, 79 bits, in groups of four."""
    letters = [secrets.choice(_LETTERS) for _ in range(16)]
    return "-".join("".join(letters[i : i + 4]) for i in range(0, 16, 4))


def build(session: Session, resources: Resources) -> FactorService:
    """Return the service for one transaction."""
    return FactorService(FactorRepository(session), resources.get(Vault), build_trail(session, resources))
