"""Tables of uploads: the bytes in pieces, what was found wrong, and saved mappings."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Identity, LargeBinary, text
from sqlalchemy.orm import Mapped, mapped_column

from hubs.business_hub.base import Model
from shared.db.base import HasId, HasTimestamps

_STATES = "'receiving', 'received', 'inspected', 'started', 'undone'"


class Upload(HasId, HasTimestamps, Model):
    """Files that somebody brought, or a folder that is already here, and what is to become of them."""

    __tablename__ = "upload"
    __table_args__ = (CheckConstraint(f"state IN ({_STATES})", name="state"),)

    name: Mapped[str]
    source_id: Mapped[str] = mapped_column(index=True)
    """The data set, ``import:<name>``: the next upload of it replaces this one's records."""
    state: Mapped[str]
    size_bytes: Mapped[int] = mapped_column(BigInteger, default=0)
    sha256: Mapped[str] = mapped_column(default="")
    path: Mapped[str] = mapped_column(default="")
    """Below the folder of imports, when the bytes are not in the database."""
    options: Mapped[dict[str, Any]] = mapped_column(default=dict)
    inspection: Mapped[dict[str, Any]] = mapped_column(default=dict)
    reason: Mapped[str] = mapped_column(default="")
    job_id: Mapped[UUID | None] = mapped_column(index=True)
    run_id: Mapped[UUID | None]
    earlier_runs: Mapped[list[str]] = mapped_column(default=list, server_default=text("'[]'"))
    """The runs before the last one that may have loaded something, oldest first."""
    counts: Mapped[dict[str, Any]] = mapped_column(default=dict)
    problems: Mapped[int] = mapped_column(default=0)
    rejected_rows: Mapped[int] = mapped_column(default=0)
    created_by: Mapped[str] = mapped_column(default="")
    undone_by: Mapped[str] = mapped_column(default="")
    undone_at: Mapped[datetime | None]


class UploadChunk(Model):
    """A piece of an upload; pieces are numbered from 0 and stored as they come."""

    __tablename__ = "upload_chunk"

    upload_id: Mapped[UUID] = mapped_column(
        ForeignKey("business.upload.id", ondelete="CASCADE"), primary_key=True
    )
    number: Mapped[int] = mapped_column(primary_key=True)
    body: Mapped[bytes] = mapped_column(LargeBinary)


class UploadProblem(Model):
    """Something in an upload that gave no record, or less than it seems to say."""

    __tablename__ = "upload_problem"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    upload_id: Mapped[UUID] = mapped_column(ForeignKey("business.upload.id", ondelete="CASCADE"), index=True)
    document: Mapped[str]
    row: Mapped[int | None] = mapped_column(BigInteger)
    column: Mapped[str]
    code: Mapped[str]
    detail: Mapped[str]
    value: Mapped[str]
    is_fatal: Mapped[bool]
    cells: Mapped[list[str]] = mapped_column(default=list)


class MappingTemplate(HasTimestamps, Model):
    """A mapping of columns that is used again."""

    __tablename__ = "mapping_template"

    name: Mapped[str] = mapped_column(primary_key=True)
    target: Mapped[str]
    mapping: Mapped[dict[str, Any]]
    constants: Mapped[dict[str, Any]] = mapped_column(default=dict)
    created_by: Mapped[str] = mapped_column(default="")
