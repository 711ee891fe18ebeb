"""Administration of accounts: what it changes takes effect at once, sessions included."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy.orm import Session

from hubs.security_hub.accounts.schemas import UserAdminCreate, UserAdminUpdate, UserRead, UserStats
from hubs.security_hub.accounts.service import AccountService, Registration
from hubs.security_hub.accounts.service import build as build_accounts
from hubs.security_hub.sessions.schemas import SessionRead
from hubs.security_hub.sessions.service import SessionService
from hubs.security_hub.sessions.service import build as build_sessions
from shared.app import Resources
from shared.auth import Principal
from shared.db.cursor import CursorCodec
from shared.db.paginate import Slice


class DirectoryService:
    """Accounts as an administrator handles them."""

    def __init__(self, accounts: AccountService, sessions: SessionService) -> None:
        self._accounts = accounts
        self._sessions = sessions

    def page(
        self, codec: CursorCodec, limit: int, cursor: str | None, search: str, is_active: bool | None
    ) -> Slice[UserRead]:
        """Return accounts, the newest first."""
        return self._accounts.page(codec, limit, cursor, search, is_active)

    def get(self, user_id: UUID) -> UserRead:
        """Return an account.

        Raises: UserNotFound.
        """
        return self._accounts.get(user_id)

    def stats(self) -> UserStats:
        """Return numbers about accounts and sessions."""
        return self._accounts.stats().model_copy(update={"sessions": self._sessions.count()})

    def create(self, form: UserAdminCreate, caller: Principal) -> UserRead:
        """Make an account whose owner chooses the password through a mail.

        Raises: BadAddress, Conflict, RoleNotFound, BeyondOwnRights.
        """
        wish = Registration(form.email, None, display_name=form.display_name, language=form.language)
        return self._accounts.create(wish, by=caller, roles=form.roles, is_verified=False)

    def update(self, user_id: UUID, form: UserAdminUpdate, caller: Principal) -> UserRead:
        """Suspend, restore or give other roles; a suspended account is signed out everywhere.

        Raises: UserNotFound, RoleNotFound, BeyondOwnRights, LastAdministrator.
        """
        if form.roles is not None:
            self._accounts.set_roles(user_id, form.roles, caller)
        if form.is_active is not None:
            self._accounts.set_active(user_id, form.is_active, caller, form.reason)
            if not form.is_active:
                self._sessions.end_all(user_id, "suspended", is_distrusted=True)
        return self._accounts.get(user_id)

    def delete(self, user_id: UUID, caller: Principal) -> None:
        """End an account.

        Raises: UserNotFound, LastAdministrator.
        """
        self._accounts.delete(user_id, caller)
        self._sessions.end_all(user_id, "account deleted", is_distrusted=True)

    def sessions(self, user_id: UUID) -> list[SessionRead]:
        """Return where somebody is signed in.

        Raises: UserNotFound.
        """
        self._accounts.get(user_id)
        return list(self._sessions.list(user_id, None))

    def end_sessions(self, user_id: UUID) -> None:
        """Sign somebody out everywhere.

        Raises: UserNotFound.
        """
        self._accounts.get(user_id)
        self._sessions.end_all(user_id, "signed out by an administrator", is_distrusted=True)


def build(session: Session, resources: Resources) -> DirectoryService:
    """Return the service for one transaction."""
    return DirectoryService(build_accounts(session, resources), build_sessions(session, resources))
