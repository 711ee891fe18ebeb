"""Tables of error reports."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from hubs.ops_hub.base import Model
from shared.db.base import HasId


class ErrorProject(Model):
    """Something that reports errors, and the public key it does so with."""

    __tablename__ = "error_project"

    id: Mapped[int] = mapped_column(Integer(), primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    public_key: Mapped[str] = mapped_column(unique=True)
    created_at: Mapped[datetime]


class ErrorIssue(HasId, Model):
    """Events that are one problem."""

    __tablename__ = "error_issue"
    __table_args__ = (
        UniqueConstraint("project_id", "fingerprint"),
        Index("ix_error_issue_last_seen", "status", "last_seen"),
    )

    project_id: Mapped[int] = mapped_column(ForeignKey(ErrorProject.id))
    fingerprint: Mapped[str]
    title: Mapped[str]
    culprit: Mapped[str]
    level: Mapped[str]
    status: Mapped[str]
    """unresolved, resolved or muted."""
    count: Mapped[int] = mapped_column(BigInteger(), default=0)
    first_seen: Mapped[datetime]
    last_seen: Mapped[datetime]
    first_release: Mapped[str]
    last_release: Mapped[str]
    resolved_at: Mapped[datetime | None]
    muted_until: Mapped[datetime | None]
    regressed_at: Mapped[datetime | None]


class ErrorEvent(Model):
    """One report, scrubbed."""

    __tablename__ = "error_event"
    __table_args__ = (Index("ix_error_event_issue", "issue_id", "received_at"),)

    event_id: Mapped[UUID] = mapped_column(primary_key=True)
    project_id: Mapped[int] = mapped_column(ForeignKey(ErrorProject.id), primary_key=True)
    issue_id: Mapped[UUID] = mapped_column(ForeignKey(ErrorIssue.id, ondelete="CASCADE"))
    received_at: Mapped[datetime] = mapped_column(index=True)
    occurred_at: Mapped[datetime]
    level: Mapped[str]
    message: Mapped[str]
    release: Mapped[str]
    environment: Mapped[str]
    server_name: Mapped[str]
    trace_id: Mapped[str]
    tags: Mapped[dict[str, Any]]
    payload: Mapped[dict[str, Any]]


class ErrorMonitor(Model):
    """A task that checks in, and what it last said."""

    __tablename__ = "error_monitor"

    project_id: Mapped[int] = mapped_column(ForeignKey(ErrorProject.id), primary_key=True)
    slug: Mapped[str] = mapped_column(primary_key=True)
    status: Mapped[str]
    schedule: Mapped[dict[str, Any]]
    check_in_id: Mapped[str]
    duration_s: Mapped[float | None]
    last_check_in: Mapped[datetime]
    last_ok: Mapped[datetime | None]
