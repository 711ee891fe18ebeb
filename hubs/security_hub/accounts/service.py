"""Accounts: made, found, verified, changed, ended; mails that do it without telling strangers who has one."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import cast
from uuid import UUID

from sqlalchemy.orm import Session

from hubs.security_hub.accounts.errors import BadAddress, NameTaken, UserNotFound
from hubs.security_hub.accounts.links import RESET, VERIFY, Links, MailLink
from hubs.security_hub.accounts.models import User
from hubs.security_hub.accounts.names import clean_display_name, clean_username, email_key, skeleton
from hubs.security_hub.accounts.repository import UserRepository
from hubs.security_hub.accounts.schemas import Language, UserRead, UserStats, UserUpdate
from hubs.security_hub.roles.schemas import DEFAULT_ROLE
from hubs.security_hub.roles.service import RoleService
from hubs.security_hub.roles.service import build as build_roles
from hubs.security_hub.settings import SecuritySettings
from hubs.security_hub.trail.service import Trail
from hubs.security_hub.trail.service import build as build_trail
from shared.app import Resources
from shared.auth import Principal
from shared.core.clock import utc_now
from shared.core.errors import Conflict
from shared.db.cursor import CursorCodec
from shared.db.paginate import Slice

__all__ = [
    "RESET",
    "VERIFY",
    "AccountService",
    "Credentials",
    "MailLink",
    "Registration",
    "build",
    "email_key",
]


@dataclass(frozen=True)
class Credentials:
    """What a sign-in needs to know of an account; of no account, when ``user_id`` is None."""

    user_id: UUID | None
    password_hash: str | None
    is_active: bool = False
    is_verified: bool = False


@dataclass(frozen=True)
class Registration:
    """A wish for an account; the password is hashed already."""

    email: str
    password_hash: str | None
    username: str | None = None
    display_name: str = ""
    language: Language = "en"


class AccountService:
    """Accounts of people."""

    def __init__(
        self,
        repository: UserRepository,
        roles: RoleService,
        trail: Trail,
        settings: SecuritySettings,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._repository = repository
        self._roles = roles
        self._trail = trail
        self._now = now
        self._links = Links(repository, trail, settings, now)

    def register(self, wish: Registration) -> None:
        """Make an account and mail a link; an address that has one gets another mail, and the caller the
        same answer.

        Raises: BadAddress, BadName, NameTaken.
        """
        key = email_key(wish.email)
        name = clean_username(wish.username) if wish.username else None
        if name and self._repository.find_by_name(skeleton(name)):
            raise NameTaken("this user name is taken")
        known = self._repository.find_by_email(key)
        if known is not None:
            if known.email_verified_at is None:
                self._links.send(known, VERIFY, "verify-address", wish.password_hash)
            else:
                self._links.tell(known, "address-in-use", url=self._links.url("/signin"))
            return
        user = self._add(wish, key, name)
        self._trail.record("user.registered", str(user.id), target=str(user.id), target_type="user")
        self._links.send(user, VERIFY, "verify-address", wish.password_hash)

    def create(
        self, wish: Registration, *, by: Principal | str, roles: list[str], is_verified: bool
    ) -> UserRead:
        """Make an account on somebody's behalf; without a password its owner gets a link to choose one.

        Raises: BadAddress, Conflict when the address has an account, RoleNotFound, BeyondOwnRights.
        """
        key = email_key(wish.email)
        if self._repository.find_by_email(key):
            raise Conflict("this address has an account already")
        name = clean_username(wish.username) if wish.username else None
        user = self._add(wish, key, name)
        if is_verified:
            user.email_verified_at = self._now()
        self._trail.record(
            "user.created", by, target=str(user.id), target_type="user", after={"roles": roles}
        )
        for role in roles:
            self._roles.grant(user.id, role, by)
        if wish.password_hash is None:
            self._links.send(user, RESET, "choose-password")
        return self.read(user)

    def create_vouched(self, wish: Registration, provider: str) -> UserRead:
        """Make an account for somebody another provider vouches for, address included; it has no password.

        Raises: BadAddress, Conflict when the address has an account.
        """
        user = self._add(wish, email_key(wish.email), None)
        user.email_verified_at = self._now()
        self._trail.record(
            "user.registered", str(user.id), target=str(user.id), target_type="user", provider=provider
        )
        return self.read(user)

    def credentials(self, login: str) -> Credentials:
        """Return what a sign-in by address or user name needs; of nobody when there is no such account."""
        user = self._find_login(login)
        if user is None:
            return Credentials(None, None)
        return Credentials(user.id, user.password_hash, user.is_active, user.email_verified_at is not None)

    def login_key(self, login: str) -> str:
        """Return one text for everything that names the same account, existing or not."""
        if "@" in login:
            try:
                return email_key(login)
            except BadAddress:
                return login[:254].casefold()
        return skeleton(login[:64])

    def get(self, user_id: UUID) -> UserRead:
        """Return an account.

        Raises: UserNotFound.
        """
        return self.read(self._get(user_id))

    def find_by_email(self, email: str) -> UserRead | None:
        """Return the account of a verified address."""
        user = self._repository.find_by_email(email_key(email))
        return self.read(user) if user is not None and user.email_verified_at is not None else None

    def password_hash(self, user_id: UUID) -> str | None:
        """Return the stored hash.

        Raises: UserNotFound.
        """
        return self._get(user_id).password_hash

    def personal_words(self, user_id: UUID) -> list[str]:
        """Return what a password must not be made of.

        Raises: UserNotFound.
        """
        user = self._get(user_id)
        return [user.email, user.username or "", user.display_name]

    def page(
        self, codec: CursorCodec, limit: int, cursor: str | None, search: str, is_active: bool | None
    ) -> Slice[UserRead]:
        """Return accounts, the newest first."""
        found = self._repository.page(codec, limit, cursor, search, is_active)
        roles = self._roles.names_of_many(user.id for user in found.items)
        return Slice([self.read(u, roles.get(u.id, [])) for u in found.items], found.next_cursor)

    def stats(self) -> UserStats:
        """Return numbers about all accounts."""
        return UserStats(**self._repository.counts(self._now() - timedelta(days=7)))

    def update(self, user_id: UUID, form: UserUpdate) -> UserRead:
        """Change what people may change about themselves.

        Raises: UserNotFound, BadName, NameTaken.
        """
        user = self._get(user_id)
        if form.username is not None:
            name = clean_username(form.username)
            owner = self._repository.find_by_name(skeleton(name))
            if owner is not None and owner.id != user.id:
                raise NameTaken("this user name is taken")
            user.username, user.name_key = name, skeleton(name)
        if form.display_name is not None:
            user.display_name = clean_display_name(form.display_name)
        user.language = form.language or user.language
        user.updated_at = self._now()
        self._trail.record(
            "user.changed",
            str(user.id),
            target=str(user.id),
            target_type="user",
            fields=sorted(form.model_fields_set),
        )
        return self.read(user)

    def set_active(self, user_id: UUID, is_active: bool, by: Principal, reason: str) -> None:
        """Suspend or restore an account.

        Raises: UserNotFound, LastAdministrator.
        """
        user = self._get(user_id)
        if not is_active:
            self._roles.keep_an_administrator(user_id)
        user.is_active = is_active
        user.updated_at = self._now()
        action = "user.restored" if is_active else "user.suspended"
        self._trail.record(action, by, target=str(user_id), target_type="user", reason=reason)

    def set_roles(self, user_id: UUID, names: list[str], by: Principal) -> None:
        """Give exactly these roles.

        Raises: UserNotFound, RoleNotFound, BeyondOwnRights, LastAdministrator.
        """
        self._get(user_id)
        present = set(self._roles.rights_of(user_id).roles)
        for name in sorted(set(names) - present):
            self._roles.grant(user_id, name, by)
        for name in sorted(present - set(names)):
            self._roles.withdraw(user_id, name, by)

    def delete(self, user_id: UUID, by: Principal | str) -> None:
        """End an account: what names the person is removed, the id stays for the audit log.

        Raises: UserNotFound, LastAdministrator.
        """
        user = self._get(user_id)
        self._roles.keep_an_administrator(user_id)
        self._roles.withdraw_all(user_id)
        self._repository.delete_mail_tokens(user_id)
        user.email = user.email_key = f"deleted:{user.id}"
        user.username = user.name_key = user.password_hash = None
        user.display_name, user.is_active, user.deleted_at = "", False, self._now()
        user.updated_at = self._now()
        self._trail.record("user.deleted", by, target=str(user_id), target_type="user")

    def request_reset(self, login: str) -> None:
        """Mail a link to reset the password to the account's own address, if there is an account."""
        user = self._find_login(login)
        if user is not None and user.is_active:
            self._trail.record(
                "password.reset-requested", str(user.id), target=str(user.id), target_type="user"
            )
            self._links.send(user, RESET, "reset-password")
        else:
            self._note_nobody(RESET)

    def request_verification(self, login: str) -> None:
        """Mail another link to verify the address, if there is such an account and it needs one."""
        user = self._find_login(login)
        if user is not None and user.is_active and user.email_verified_at is None:
            self._links.send(user, VERIFY, "verify-address", user.password_hash)
        else:
            self._note_nobody(VERIFY)

    def _note_nobody(self, purpose: str) -> None:
        # Worth an entry by itself; and without a write the answer for nobody would come sooner.
        self._trail.record("mail.not-sent", "nobody", target=purpose, target_type="mail")

    def verify(self, token: str) -> UserRead:
        """Believe the address a link was sent to; the password is that of the registration the link came
        from.

        Raises: BadLink.
        """
        user, link = self._links.use(token, VERIFY)
        if user.email_verified_at is None:
            user.email_verified_at = self._now()
            user.password_hash = link.password_hash
            self._repository.delete_mail_tokens(user.id)
        self._trail.record("user.verified", str(user.id), target=str(user.id), target_type="user")
        return self.read(user)

    def peek_link(self, token: str, purpose: str = RESET) -> MailLink:
        """Return whose link this is, without using it.

        Raises: BadLink.
        """
        return self._links.peek(token, purpose)

    def reset_password(self, token: str, password_hash: str) -> UserRead:
        """Set a password by a mailed link, which also proves the address.

        Raises: BadLink.
        """
        user, _ = self._links.use(token, RESET)
        user.email_verified_at = user.email_verified_at or self._now()
        self._set_password(user, password_hash, "password.reset")
        return self.read(user)

    def change_password(self, user_id: UUID, password_hash: str) -> None:
        """Set a password for somebody who proved the old one.

        Raises: UserNotFound.
        """
        self._set_password(self._get(user_id), password_hash, "password.changed")

    def note_sign_in(self, user_id: UUID, new_hash: str | None = None) -> UserRead:
        """Note that somebody signed in; ``new_hash`` replaces one made with outdated parameters.

        Raises: UserNotFound.
        """
        user = self._get(user_id)
        user.last_login_at = self._now()
        if new_hash:
            user.password_hash = new_hash
        return self.read(user)

    def read(self, user: User, roles: Iterable[str] | None = None) -> UserRead:
        """Return an account in its API shape."""
        names = self._roles.names_of_many([user.id]).get(user.id, []) if roles is None else roles
        return UserRead(
            id=user.id,
            email=user.email,
            is_verified=user.email_verified_at is not None,
            username=user.username,
            display_name=user.display_name,
            language=self._language(user),
            is_active=user.is_active,
            roles=list(names),
            created_at=user.created_at,
            last_login_at=user.last_login_at,
        )

    def _add(self, wish: Registration, key: str, name: str | None) -> User:
        user = User(
            email=wish.email.strip(),
            email_key=key,
            username=name,
            name_key=skeleton(name) if name else None,
            display_name=clean_display_name(wish.display_name),
            language=wish.language,
            password_hash=wish.password_hash,
            password_changed_at=self._now() if wish.password_hash else None,
        )
        self._repository.add(user)
        self._roles.grant(user.id, DEFAULT_ROLE, "registration")
        return user

    def _get(self, user_id: UUID) -> User:
        user = self._repository.find(user_id)
        if user is None:
            raise UserNotFound("no such account")
        return user

    def _find_login(self, login: str) -> User | None:
        if "@" in login:
            try:
                return self._repository.find_by_email(email_key(login))
            except BadAddress:
                return None
        user = self._repository.find_by_name(skeleton(login[:64]))
        # The skeleton keeps look-alikes from being registered; it must not let them sign in as one another.
        return user if user is not None and (user.username or "").casefold() == login.casefold() else None

    def _set_password(self, user: User, password_hash: str, action: str) -> None:
        user.password_hash = password_hash
        user.password_changed_at = user.updated_at = self._now()
        self._repository.delete_mail_tokens(user.id)
        self._trail.record(action, str(user.id), target=str(user.id), target_type="user")
        self._links.tell(user, "password-changed", url=self._links.url("/signin/forgot"))

    @staticmethod
    def _language(user: User) -> Language:
        return cast(Language, user.language)


def build(session: Session, resources: Resources) -> AccountService:
    """Return the service for one transaction."""
    return AccountService(
        UserRepository(session),
        build_roles(session, resources),
        build_trail(session, resources),
        SecuritySettings.of(resources.settings),
    )
