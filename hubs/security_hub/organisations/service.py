"""Organisations of account holders: made, joined by invitation, left; one owner stays."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from hubs.security_hub.accounts.service import AccountService, email_key
from hubs.security_hub.accounts.service import build as build_accounts
from hubs.security_hub.organisations.errors import (
    BadInvitation,
    LastOwner,
    NotYourPart,
    OrganisationNotFound,
)
from hubs.security_hub.organisations.models import Invitation, Organisation, OrganisationMember
from hubs.security_hub.organisations.repository import OrganisationRepository
from hubs.security_hub.organisations.schemas import (
    InvitationForm,
    MemberRead,
    OrganisationCreate,
    OrganisationRead,
    OrganisationUpdate,
    Part,
)
from hubs.security_hub.tokens.service import opaque_token, token_hash
from hubs.security_hub.trail.service import Trail
from hubs.security_hub.trail.service import build as build_trail
from shared.app import Resources
from shared.core.clock import utc_now
from shared.core.errors import Conflict

_INVITATION = timedelta(days=7)
_RANK = {"member": 0, "admin": 1, "owner": 2}


class OrganisationService:
    """Organisations and who belongs to them."""

    def __init__(
        self,
        repository: OrganisationRepository,
        accounts: AccountService,
        trail: Trail,
        public_url: str,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._repository = repository
        self._accounts = accounts
        self._trail = trail
        self._public_url = public_url
        self._now = now

    def create(self, form: OrganisationCreate, user_id: UUID) -> OrganisationRead:
        """Make an organisation that the caller owns.

        Raises: Conflict when the slug is taken.
        """
        if self._repository.find_slug(form.slug):
            raise Conflict(f"there is an organisation {form.slug!r} already")
        row = Organisation(**form.model_dump())
        self._repository.add(row)
        self._repository.join(row.id, user_id, "owner")
        self._record("organisation.created", user_id, row.slug)
        return _read(row, "owner")

    def list(self, user_id: UUID) -> Sequence[OrganisationRead]:
        """Return somebody's organisations."""
        return [_read(row, part) for row, part in self._repository.list_of(user_id)]

    def get(self, slug: str, user_id: UUID) -> OrganisationRead:
        """Return an organisation that somebody belongs to.

        Raises: OrganisationNotFound.
        """
        row, member = self._find(slug, user_id, "member")
        return _read(row, member.part)

    def update(self, slug: str, form: OrganisationUpdate, user_id: UUID) -> OrganisationRead:
        """Rename an organisation.

        Raises: OrganisationNotFound, NotYourPart.
        """
        row, member = self._find(slug, user_id, "admin")
        changes = form.model_dump(exclude_none=True)
        for name, value in changes.items():
            setattr(row, name, value)
        row.updated_at = self._now()
        self._record("organisation.changed", user_id, slug, after=changes)
        return _read(row, member.part)

    def delete(self, slug: str, user_id: UUID) -> None:
        """Delete an organisation.

        Raises: OrganisationNotFound, NotYourPart.
        """
        row, _ = self._find(slug, user_id, "owner")
        self._repository.delete(row)
        self._record("organisation.deleted", user_id, slug)

    def members(self, slug: str, user_id: UUID) -> Sequence[MemberRead]:
        """Return everybody in an organisation.

        Raises: OrganisationNotFound.
        """
        row, _ = self._find(slug, user_id, "member")
        found = []
        for member in self._repository.members(row.id):
            user = self._accounts.get(member.user_id)
            found.append(
                MemberRead(
                    user_id=user.id,
                    display_name=user.display_name,
                    email=user.email,
                    part=_part(member.part),
                    joined_at=member.joined_at,
                )
            )
        return found

    def invite(self, slug: str, form: InvitationForm, user_id: UUID) -> None:
        """Mail an invitation; the answer does not tell whether the address has an account.

        Raises: OrganisationNotFound, NotYourPart, BadAddress.
        """
        row, member = self._find(slug, user_id, "admin")
        self._require_rank(member, form.part)
        token = opaque_token("opi")
        self._repository.add(
            Invitation(
                token_hash=token_hash(token),
                organisation_id=row.id,
                email_key=email_key(form.email),
                part=form.part,
                invited_by=user_id,
                expires_at=self._now() + _INVITATION,
            )
        )
        inviter = self._accounts.get(user_id)
        self._trail.mail(
            "organisation-invitation",
            form.email,
            inviter.language,
            url=f"{self._public_url}/organisations/join?token={token}",
            name=inviter.display_name,
            organisation_en=row.name_en,
            organisation_fr=row.name_fr,
        )
        self._record("organisation.invited", user_id, slug, after={"part": form.part})

    def accept(self, token: str, user_id: UUID) -> OrganisationRead:
        """Join by an invitation that was sent to the caller's own address.

        Raises: BadInvitation.
        """
        invitation = self._repository.find_invitation(token_hash(token), self._now())
        user = self._accounts.get(user_id)
        if invitation is None or not user.is_verified or invitation.email_key != email_key(user.email):
            raise BadInvitation("the invitation is not for you, or has run out")
        self._repository.join(invitation.organisation_id, user_id, invitation.part)
        self._repository.delete(invitation)
        found = next(
            (row, part)
            for row, part in self._repository.list_of(user_id)
            if row.id == invitation.organisation_id
        )
        self._record("organisation.joined", user_id, found[0].slug)
        return _read(*found)

    def set_part(self, slug: str, member_id: UUID, part: Part, user_id: UUID) -> None:
        """Give somebody another part.

        Raises: OrganisationNotFound, NotYourPart, LastOwner.
        """
        row, caller = self._find(slug, user_id, "admin")
        member = self._member(row, member_id)
        self._require_rank(caller, part)
        self._require_rank(caller, member.part)
        if member.part == "owner" and part != "owner":
            self._keep_an_owner(row)
        member.part = part
        self._record("organisation.part-changed", user_id, slug, after={"user": str(member_id), "part": part})

    def remove(self, slug: str, member_id: UUID, user_id: UUID) -> None:
        """Take somebody out; everybody may leave.

        Raises: OrganisationNotFound, NotYourPart, LastOwner.
        """
        row, caller = self._find(slug, user_id, "member")
        member = self._member(row, member_id)
        if member_id != user_id:
            if caller.part == "member":
                raise NotYourPart("only admins and owners take others out")
            self._require_rank(caller, member.part)
        if member.part == "owner":
            self._keep_an_owner(row)
        self._repository.delete(member)
        self._record("organisation.left", user_id, slug, after={"user": str(member_id)})

    def _find(self, slug: str, user_id: UUID, least: Part) -> tuple[Organisation, OrganisationMember]:
        found = self._repository.find_of(slug, user_id)
        if found is None:
            raise OrganisationNotFound(f"no organisation {slug!r}")
        self._require_rank(found[1], least)
        return found

    def _member(self, row: Organisation, member_id: UUID) -> OrganisationMember:
        member = self._repository.find_member(row.id, member_id)
        if member is None:
            raise OrganisationNotFound("no such member")
        return member

    def _keep_an_owner(self, row: Organisation) -> None:
        if self._repository.owners(row.id) == 1:
            raise LastOwner("name another owner first")

    @staticmethod
    def _require_rank(member: OrganisationMember, part: str) -> None:
        if _RANK[member.part] < _RANK[part]:
            raise NotYourPart(f"this needs to be done by an {part}")

    def _record(self, action: str, user_id: UUID, slug: str, after: dict[str, str] | None = None) -> None:
        self._trail.record(action, str(user_id), target=slug, target_type="organisation", after=after)


def _part(text: str) -> Part:
    return "owner" if text == "owner" else "admin" if text == "admin" else "member"


def _read(row: Organisation, part: str) -> OrganisationRead:
    return OrganisationRead(
        slug=row.slug, name_en=row.name_en, name_fr=row.name_fr, part=_part(part), created_at=row.created_at
    )


def build(session: Session, resources: Resources) -> OrganisationService:
    """Return the service for one transaction."""
    settings = resources.settings
    return OrganisationService(
        OrganisationRepository(session),
        build_accounts(session, resources),
        build_trail(session, resources),
        (settings.public_url or settings.hubs.ux).rstrip("/"),
    )
