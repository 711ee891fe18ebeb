"""Tables: organisations of account holders, their members and invitations."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from hubs.security_hub.base import Model
from shared.core.clock import utc_now
from shared.db.base import HasId, HasTimestamps


class Organisation(HasId, HasTimestamps, Model):
    """Some people who act together."""

    __tablename__ = "organisations"
    slug: Mapped[str] = mapped_column(unique=True)
    name_en: Mapped[str]
    name_fr: Mapped[str]


class OrganisationMember(Model):
    """Somebody's part in an organisation: owner, admin or member."""

    __tablename__ = "organisation_members"
    organisation_id: Mapped[UUID] = mapped_column(
        ForeignKey("security.organisations.id", ondelete="CASCADE"), primary_key=True
    )
    user_id: Mapped[UUID] = mapped_column(
        ForeignKey("security.users.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    part: Mapped[str]
    joined_at: Mapped[datetime] = mapped_column(default=utc_now)


class Invitation(Model):
    """An invitation sent to an address; whoever holds that address may accept it."""

    __tablename__ = "invitations"
    token_hash: Mapped[str] = mapped_column(primary_key=True)
    organisation_id: Mapped[UUID] = mapped_column(
        ForeignKey("security.organisations.id", ondelete="CASCADE"), index=True
    )
    email_key: Mapped[str]
    part: Mapped[str]
    invited_by: Mapped[UUID]
    expires_at: Mapped[datetime]
