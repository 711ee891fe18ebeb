"""Links sent by mail: made, looked at, used once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import cast
from uuid import UUID

from hubs.security_hub.accounts.errors import BadLink
from hubs.security_hub.accounts.models import MailToken, User
from hubs.security_hub.accounts.repository import UserRepository
from hubs.security_hub.accounts.schemas import Language
from hubs.security_hub.settings import SecuritySettings
from hubs.security_hub.tokens.service import opaque_token, token_hash
from hubs.security_hub.trail.service import Trail

VERIFY = "verify"
RESET = "reset"
_USED_UP = "the link was used or has run out; ask for another one"


@dataclass(frozen=True)
class MailLink:
    """Whose link it is, and the password of the registration it came from."""

    user_id: UUID
    password_hash: str | None


class Links:
    """Mailed links; the mail leaves when the transaction commits."""

    def __init__(
        self,
        repository: UserRepository,
        trail: Trail,
        settings: SecuritySettings,
        now: Callable[[], datetime],
    ) -> None:
        self._repository = repository
        self._trail = trail
        self._settings = settings
        self._now = now

    def send(self, user: User, purpose: str, template: str, password_hash: str | None = None) -> None:
        """Mail a link to the account's own address, whatever address was typed."""
        token = opaque_token("opm")
        lifetime = self._settings.tokens.mail_link_s
        self._repository.add_mail_token(
            MailToken(
                token_hash=token_hash(token),
                user_id=user.id,
                purpose=purpose,
                email=user.email_key,
                password_hash=password_hash,
                expires_at=self._now() + timedelta(seconds=lifetime),
            )
        )
        name = user.display_name or user.username or ""
        self.tell(
            user,
            template,
            url=self.url(f"/signin/{purpose}?token={token}"),
            name=name,
            minutes=lifetime // 60,
        )

    def tell(self, user: User, template: str, **values: object) -> None:
        """Mail something that needs no link of its own."""
        self._trail.mail(template, user.email, cast(Language, user.language), **values)

    def peek(self, token: str, purpose: str) -> MailLink:
        """Return whose link this is, without using it.

        Raises: BadLink.
        """
        found = self._repository.find_mail_token(token_hash(token), purpose, self._now())
        if found is None:
            raise BadLink(_USED_UP)
        return MailLink(found.user_id, found.password_hash)

    def use(self, token: str, purpose: str) -> tuple[User, MailToken]:
        """Take a link: it works once, and only for the address it was sent to.

        Raises: BadLink.
        """
        found = self._repository.find_mail_token(token_hash(token), purpose, self._now())
        user = self._repository.find(found.user_id) if found is not None else None
        if found is None or user is None or user.email_key != found.email:
            raise BadLink(_USED_UP)
        found.used_at = self._now()
        return user, found

    def url(self, path: str) -> str:
        """Return the address of one of our pages."""
        return f"{self._settings.issuer.rstrip('/')}{path}"
