"""Every query about organisations."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import Row, delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from hubs.security_hub.organisations.models import Invitation, Organisation, OrganisationMember


class OrganisationRepository:
    """The tables of organisations."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, row: Organisation | OrganisationMember | Invitation) -> None:
        """Insert a row."""
        self._session.add(row)
        self._session.flush()

    def find_slug(self, slug: str) -> Organisation | None:
        """Return an organisation, whoever asks."""
        return self._session.scalar(select(Organisation).where(Organisation.slug == slug))

    def find_of(self, slug: str, user_id: UUID) -> tuple[Organisation, OrganisationMember] | None:
        """Return an organisation and somebody's part in it, locked against changes of members."""
        query = (
            select(Organisation, OrganisationMember)
            .join(OrganisationMember, OrganisationMember.organisation_id == Organisation.id)
            .where(Organisation.slug == slug, OrganisationMember.user_id == user_id)
            .with_for_update(of=Organisation)
        )
        row = self._session.execute(query).one_or_none()
        return None if row is None else (row[0], row[1])

    def list_of(self, user_id: UUID) -> Sequence[Row[Organisation, str]]:
        """Return somebody's organisations by name, with the part in each."""
        query = (
            select(Organisation, OrganisationMember.part)
            .join(OrganisationMember, OrganisationMember.organisation_id == Organisation.id)
            .where(OrganisationMember.user_id == user_id)
            .order_by(Organisation.name_en, Organisation.id)
        )
        return self._session.execute(query).all()

    def members(self, organisation_id: UUID) -> Sequence[OrganisationMember]:
        """Return everybody in an organisation, the first to join first."""
        query = select(OrganisationMember).where(OrganisationMember.organisation_id == organisation_id)
        return self._session.scalars(
            query.order_by(OrganisationMember.joined_at, OrganisationMember.user_id)
        ).all()

    def find_member(self, organisation_id: UUID, user_id: UUID) -> OrganisationMember | None:
        """Return somebody's part."""
        return self._session.get(OrganisationMember, (organisation_id, user_id))

    def join(self, organisation_id: UUID, user_id: UUID, part: str) -> None:
        """Let somebody in; who is in already keeps the part."""
        row = {"organisation_id": organisation_id, "user_id": user_id, "part": part}
        self._session.execute(insert(OrganisationMember).values(**row).on_conflict_do_nothing())

    def owners(self, organisation_id: UUID) -> int:
        """Return how many owners an organisation has."""
        query = select(func.count()).where(
            OrganisationMember.organisation_id == organisation_id, OrganisationMember.part == "owner"
        )
        return self._session.scalar(query) or 0

    def delete(self, row: Organisation | OrganisationMember | Invitation) -> None:
        """Delete a row and what hangs on it."""
        self._session.delete(row)
        self._session.flush()

    def find_invitation(self, token_hash: str, now: datetime) -> Invitation | None:
        """Return an invitation that still counts, locked; those that have run out are dropped."""
        self._session.execute(delete(Invitation).where(Invitation.expires_at < now))
        query = select(Invitation).where(Invitation.token_hash == token_hash)
        return self._session.scalar(query.with_for_update())
