"""Tables of the audit log; all but the tree's edge and the redactable values are append-only."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Index, LargeBinary, SmallInteger, text
from sqlalchemy.orm import Mapped, mapped_column

from hubs.intelligence_hub.base import Model

APPEND_ONLY = ("audit_entry", "audit_hash", "audit_checkpoint")


class AuditEntry(Model):
    """One entry; ``seq`` is its leaf index, ``commitments`` stand for the sensitive fields."""

    __tablename__ = "audit_entry"
    __table_args__ = (
        Index("ix_audit_entry_action", "action", "seq"),
        Index("ix_audit_entry_target", "target", "seq"),
        Index("ix_audit_entry_occurred_at", "occurred_at"),
    )

    seq: Mapped[int] = mapped_column(BigInteger(), primary_key=True, autoincrement=False)
    id: Mapped[UUID] = mapped_column(unique=True)
    occurred_at: Mapped[datetime]
    recorded_at: Mapped[datetime]
    producer: Mapped[str]
    actor_type: Mapped[str]
    action: Mapped[str]
    target: Mapped[str]
    target_type: Mapped[str]
    request_id: Mapped[str]
    trace_id: Mapped[str]
    clock_source: Mapped[str] = mapped_column(server_default=text("''"))
    """Whose clock said ``occurred_at``; empty in entries from before this was kept."""
    commitments: Mapped[dict[str, Any]]
    leaf_hash: Mapped[bytes] = mapped_column(LargeBinary())


class AuditValues(Model):
    """The sensitive values of one entry with the salts of their commitments; a redaction takes some out.

    No foreign key: its check would lock the entry, which takes a right that the hub's role gave up.
    """

    __tablename__ = "audit_values"
    __table_args__ = (Index("ix_audit_values_actor", "actor"),)

    seq: Mapped[int] = mapped_column(BigInteger(), primary_key=True, autoincrement=False)
    actor: Mapped[str | None]
    """The actor's value, as plain text for the index; null when there is none or it was redacted."""
    fields: Mapped[dict[str, Any]]
    """By field: ``{"salt": hex, "value": ...}``; the actor's has the salt alone, and a value that JSONB
    would change (1e16 comes back as a whole number) stands as its JSON in ``"text"``."""


class AuditHash(Model):
    """The hash of a complete subtree of 256**level leaves: one entry of a tile above level 0."""

    __tablename__ = "audit_hash"

    level: Mapped[int] = mapped_column(SmallInteger(), primary_key=True, autoincrement=False)
    index: Mapped[int] = mapped_column(BigInteger(), primary_key=True, autoincrement=False)
    hash: Mapped[bytes] = mapped_column(LargeBinary())


class AuditTree(Model):
    """The one row that says how far the log has grown; locked by whoever appends."""

    __tablename__ = "audit_tree"

    id: Mapped[int] = mapped_column(SmallInteger(), primary_key=True, autoincrement=False)
    size: Mapped[int] = mapped_column(BigInteger(), default=0)
    edge: Mapped[bytes] = mapped_column(LargeBinary(), default=b"")
    checkpoint: Mapped[int] = mapped_column(BigInteger(), server_default=text("0"))
    """Size of the checkpoint that was given out last; each names the one before it."""


class AuditCheckpoint(Model):
    """A signed checkpoint that was given out."""

    __tablename__ = "audit_checkpoint"

    size: Mapped[int] = mapped_column(BigInteger(), primary_key=True, autoincrement=False)
    root: Mapped[bytes] = mapped_column(LargeBinary())
    note: Mapped[str]
    created_at: Mapped[datetime]
