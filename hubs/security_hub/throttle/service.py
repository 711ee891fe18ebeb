"""Throttling that neither locks others out nor tells which accounts exist.

Three counts of failures guard a sign-in: of the pair (account, address), of the address, and of the account
over all addresses that are strange to it. Whoever attacks an account from elsewhere exhausts his own pair
and the strangers' count; the owner, on a device or address the account was used from before, has a pair of
his own and is not counted among strangers. Names that belong to nobody are counted exactly alike.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil

from sqlalchemy.orm import Session, sessionmaker

from hubs.security_hub.settings import SecuritySettings, ThrottleSettings
from hubs.security_hub.throttle.errors import TooManyAttempts
from hubs.security_hub.throttle.repository import AttemptsRepository
from hubs.security_hub.vault.service import Vault
from shared.app import Resources
from shared.core.clock import utc_now
from shared.db.session import transaction


@dataclass(frozen=True)
class Limit:
    """One count: its key and how many attempts its window bears."""

    key: str
    most: int
    is_own: bool = False
    """Belongs to the one who tries alone, and starts anew with a success."""


class Throttle:
    """Counts attempts in transactions of its own: a refused request must be remembered."""

    def __init__(
        self,
        sessions: sessionmaker[Session],
        settings: ThrottleSettings,
        pepper: bytes,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._sessions = sessions
        self._settings = settings
        self._pepper = pepper
        self._now = now

    def sign_in(
        self, login: str, address: str, *, device: str = "", is_known_address: bool = False
    ) -> list[Limit]:
        """Return the limits of one sign-in.

        ``device`` names a device the account was used on before; nothing others do counts against it.
        """
        if device:
            return [Limit(self._key("pair", login, device), self._settings.pair, is_own=True)]
        network = network_of(address)
        limits = [
            Limit(self._key("pair", login, network), self._settings.pair, is_own=True),
            Limit(self._key("address", network), self._settings.address),
        ]
        if not is_known_address:
            limits.append(Limit(self._key("account", login), self._settings.account))
        return limits

    def passkey(self, address: str) -> list[Limit]:
        """Return the limits of answers by passkeys, which cannot be guessed but cost time to check."""
        return [Limit(self._key("address", network_of(address)), self._settings.address)]

    def mail(self, recipient: str, address: str) -> list[Limit]:
        """Return the limits of asking for a mail to somebody."""
        return [
            Limit(self._key("mail", recipient), self._settings.mail),
            Limit(self._key("address-mail", network_of(address)), self._settings.address_mail),
        ]

    def code(self, subject: str, address: str, *, device: str = "") -> list[Limit]:
        """Return the limits of one-time codes for somebody whose password was right already."""
        if device:
            return [Limit(self._key("code", subject, device), self._settings.pair, is_own=True)]
        return [
            Limit(self._key("code", subject, network_of(address)), self._settings.pair, is_own=True),
            Limit(self._key("code", subject), self._settings.code),
        ]

    def confirmation(self, subject: str) -> list[Limit]:
        """Return the limits of asking somebody who is signed in for the password once more."""
        return [Limit(self._key("confirm", subject), self._settings.pair, is_own=True)]

    def attempt(self, limits: Iterable[Limit]) -> None:
        """Count one attempt against every limit, before it is known whether it succeeds.

        Raises: TooManyAttempts when any limit was reached already; Retry-After says for how many seconds.
        """
        now = self._now()
        resets_at = now + timedelta(seconds=self._settings.window_s)
        waits = []
        with transaction(self._sessions) as session:
            repository = AttemptsRepository(session)
            for limit in sorted(limits, key=lambda item: item.key):
                count, until = repository.add(limit.key, now, resets_at)
                if count > limit.most:
                    waits.append((until - now).total_seconds())
        if waits:
            seconds = max(1, ceil(max(waits)))
            raise TooManyAttempts(
                "too many attempts; wait, or use a device you have signed in with before",
                headers={"Retry-After": str(seconds)},
                retry_after_s=seconds,
            )

    def forgive(self, limits: Iterable[Limit]) -> None:
        """Uncount a successful attempt; what belongs to the one who tried alone starts anew."""
        given = list(limits)
        with transaction(self._sessions) as session:
            repository = AttemptsRepository(session)
            held = repository.lock(limit.key for limit in given)
            repository.take_back(limit.key for limit in given if not limit.is_own and limit.key in held)
            repository.clear(limit.key for limit in given if limit.is_own and limit.key in held)
            repository.delete_before(self._now() - timedelta(seconds=self._settings.window_s))

    def _key(self, *parts: str) -> str:
        return hmac.new(self._pepper, "\0".join(parts).encode(), hashlib.sha256).hexdigest()[:32]


def network_of(address: str) -> str:
    """Return what counts as one origin: an IPv4 address, or the /64 that one IPv6 customer has."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.ipv4_mapped is not None:
            return str(ip.ipv4_mapped)
        return str(ipaddress.ip_network((ip, 64), strict=False))
    return str(ip)


def open_throttle(resources: Resources) -> None:
    """Make the process's throttle."""
    settings = SecuritySettings.of(resources.settings)
    pepper = resources.get(Vault).derive("attempts")
    resources.put(Throttle(resources.sessionmaker, settings.throttle, pepper))
