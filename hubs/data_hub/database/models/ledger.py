"""Tables of how the record came to be: sources, sightings, revisions, changes, permalinks."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Identity, Index, LargeBinary, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY, JSON, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from hubs.data_hub.base import Model


class SourceDocument(Model):
    """A document as it was retrieved: one row per content, whoever was read from it."""

    __tablename__ = "source_document"
    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    fingerprint: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    """Hash of url, sha256, parser and licence."""
    url: Mapped[str]
    sha256: Mapped[str] = mapped_column(index=True)
    parser: Mapped[str]
    licence: Mapped[str]
    retrieved_at: Mapped[datetime]
    run_id: Mapped[UUID]
    source_id: Mapped[str]


class Sighting(Model):
    """A record as one source names it: when it did last, and in which documents."""

    __tablename__ = "sighting"
    source_id: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    record_id: Mapped[UUID] = mapped_column(index=True)
    run_id: Mapped[UUID]
    seen_at: Mapped[datetime]
    gone_at: Mapped[datetime | None]
    documents: Mapped[list[int]] = mapped_column(ARRAY(BigInteger))

    # Every run rewrites run and time of every row: room on the page keeps that off the indexes.
    __table_args__ = ({"postgresql_with": {"fillfactor": 70}},)


class Revision(Model):
    """A state in which a record was, with the time between which it stood so here."""

    __tablename__ = "revision"
    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    kind: Mapped[str]
    record_id: Mapped[UUID]
    key: Mapped[str]
    recorded_from: Mapped[datetime]
    recorded_to: Mapped[datetime]
    was_deleted: Mapped[bool]
    facts: Mapped[dict[str, Any]] = mapped_column(JSON)
    ballots: Mapped[list[Any] | None] = mapped_column(JSON)
    documents: Mapped[list[int]] = mapped_column(ARRAY(BigInteger))

    __table_args__ = (
        Index(None, "record_id", "recorded_from"),
        Index(None, "kind", "recorded_to"),
    )


class Change(Model):
    """One entry of the change feed; ``seq`` follows the order of commits."""

    __tablename__ = "change"
    seq: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    kind: Mapped[str]
    record_id: Mapped[UUID]
    key: Mapped[str]
    change: Mapped[str]
    jurisdiction: Mapped[str]
    title_en: Mapped[str]
    title_fr: Mapped[str]
    fields: Mapped[dict[str, Any]] = mapped_column(JSON)
    source_id: Mapped[str]
    run_id: Mapped[UUID | None]
    changed_at: Mapped[datetime]

    __table_args__ = (Index(None, "record_id", "seq"), Index(None, "kind", "seq"))


class Permalink(Model):
    """A further name of a record: the slug that it would have been given after it was renamed."""

    __tablename__ = "permalink"
    kind: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    record_id: Mapped[UUID] = mapped_column(index=True)
    reason: Mapped[str]
    created_at: Mapped[datetime]


class FreshnessRow(Model):
    """When a source last named any record of a kind in a jurisdiction."""

    __tablename__ = "freshness"
    kind: Mapped[str] = mapped_column(primary_key=True)
    jurisdiction: Mapped[str] = mapped_column(primary_key=True)
    source_id: Mapped[str] = mapped_column(primary_key=True)
    seen_at: Mapped[datetime]
    run_id: Mapped[UUID]
    promise_hours: Mapped[int | None]
    """Within how many hours this is promised to be renewed; NULL is the default of its kind."""


class IdempotencyKey(Model):
    """A write that was carried out, and what was answered."""

    __tablename__ = "idempotency_key"
    key: Mapped[str] = mapped_column(primary_key=True)
    caller: Mapped[str] = mapped_column(primary_key=True)
    request_hash: Mapped[bytes] = mapped_column(LargeBinary)
    response: Mapped[dict[str, Any] | None]
    created_at: Mapped[datetime] = mapped_column(index=True)


class UnmatchedRow(Model):
    """A name in a record for which no person is known: the queue that a human works through."""

    __tablename__ = "unmatched"
    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    name: Mapped[str]
    folded: Mapped[str] = mapped_column(index=True)
    jurisdiction: Mapped[str]
    context: Mapped[str]
    record_kind: Mapped[str]
    record_key: Mapped[str]
    seen_at: Mapped[datetime]
    resolved_at: Mapped[datetime | None]
    resolution: Mapped[str]
    person_key: Mapped[str | None]

    __table_args__ = (UniqueConstraint("record_kind", "record_key", "folded"),)


class Correction(Model):
    """A field that a human set: loads leave it alone until the correction is withdrawn."""

    __tablename__ = "correction"
    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    kind: Mapped[str]
    record_key: Mapped[str]
    field: Mapped[str]
    value: Mapped[Any] = mapped_column(JSONB)
    source_value: Mapped[Any] = mapped_column(JSONB)
    """What the sources last said in its place."""
    reason: Mapped[str]
    source_url: Mapped[str]
    actor: Mapped[str]
    created_at: Mapped[datetime]
    withdrawn_at: Mapped[datetime | None]
    withdrawn_by: Mapped[str | None]

    __table_args__ = (
        Index(
            "uq_correction_in_force",
            "kind",
            "record_key",
            "field",
            unique=True,
            postgresql_where=text("withdrawn_at IS NULL"),
        ),
    )


class MergeEvent(Model):
    """Two records that were found to be one, and whether that was taken back."""

    __tablename__ = "merge_event"
    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    kind: Mapped[str]
    merged_id: Mapped[UUID] = mapped_column(index=True)
    into_id: Mapped[UUID] = mapped_column(index=True)
    reason: Mapped[str]
    actor: Mapped[str]
    merged_at: Mapped[datetime]
    undone_at: Mapped[datetime | None]
    undone_by: Mapped[str | None]
    undone_reason: Mapped[str | None]
