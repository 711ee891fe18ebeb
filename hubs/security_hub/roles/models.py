"""Tables: roles and who has them."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from hubs.security_hub.base import Model
from shared.core.clock import utc_now
from shared.db.base import HasId, HasTimestamps


class Role(HasId, HasTimestamps, Model):
    """A named set of permissions; built-in roles are defined in code and cannot be changed."""

    __tablename__ = "roles"
    name: Mapped[str] = mapped_column(unique=True)
    title_en: Mapped[str]
    title_fr: Mapped[str]
    permissions: Mapped[list[str]]
    is_builtin: Mapped[bool] = mapped_column(default=False)


class RoleGrant(HasId, Model):
    """A role that somebody has."""

    __tablename__ = "role_grants"
    __table_args__ = (UniqueConstraint("subject_id", "role_id"),)
    subject_id: Mapped[UUID] = mapped_column(index=True)
    """A user or a service account."""
    role_id: Mapped[UUID] = mapped_column(ForeignKey("security.roles.id", ondelete="CASCADE"))
    granted_at: Mapped[datetime] = mapped_column(default=utc_now)
    granted_by: Mapped[str]
