"""The two tables of each hub's schema: what is still to be sent, and what was already handled."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    Uuid,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from shared.db.types import UTCDateTime

OUTBOX = "outbox"
INBOX = "inbox"


def outbox_table(metadata: MetaData) -> Table:
    """Define the outbox in a hub's MetaData; rows leave it once the bus has confirmed them."""
    return Table(
        OUTBOX,
        metadata,
        Column("id", BigInteger, Identity(always=True), primary_key=True),
        Column("message_id", Uuid, nullable=False),
        Column("topic", Text, nullable=False),
        Column("body", LargeBinary, nullable=False),
        Column("producer", Text, nullable=False),
        Column("correlation_id", Text),
        Column("priority", SmallInteger, nullable=False),
        Column("headers", JSONB, nullable=False),
        Column("is_mandatory", Boolean, nullable=False, server_default=text("false")),
        Column("attempts", Integer, nullable=False, server_default=text("0")),
        Column("not_before", UTCDateTime()),
        Column("created_at", UTCDateTime(), nullable=False, server_default=func.now()),
    )


def inbox_table(metadata: MetaData) -> Table:
    """Define the inbox in a hub's MetaData: one row per consumer and message handled."""
    return Table(
        INBOX,
        metadata,
        Column("consumer", Text, primary_key=True),
        Column("message_id", Uuid, primary_key=True),
        Column("seen_at", UTCDateTime(), nullable=False, server_default=func.now()),
        Index(None, "seen_at"),
    )


def wake_channel(schema: str | None) -> str:
    """Return the NOTIFY channel that wakes the relay of a schema's outbox."""
    return f"outbox:{schema or 'public'}"
