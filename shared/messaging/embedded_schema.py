"""The embedded broker's tables in schema ``broker``: created where missing by whoever comes first.

A message is one row per queue it fell into. A consumer holds a session-level advisory lock on a number of its
own and writes that number into the rows it claims: when the process or the connection dies PostgreSQL drops
the lock, and the claim is void at once. No lease runs out, no transaction stays open while a handler works.
"""

from __future__ import annotations

import hashlib
from typing import LiteralString

import psycopg

# First half of the two-part advisory lock keys: consumers, and the creation of the tables.
CONSUMER_LOCK = 0x6F70_6271
SCHEMA_LOCK = 0x6F70_6273
# Held in common by all consumers of a queue, whose hash is the second half: who looks can count them.
PRESENCE_LOCK = 0x6F70_6274

_SCHEMA: LiteralString = """
CREATE TABLE IF NOT EXISTS broker.queue (
    name text PRIMARY KEY,
    is_priority boolean NOT NULL,
    max_length integer,
    owner bigint,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE IF NOT EXISTS broker.binding (
    queue text NOT NULL REFERENCES broker.queue ON DELETE CASCADE,
    pattern text NOT NULL,
    regex text NOT NULL,
    PRIMARY KEY (queue, pattern)
);
CREATE TABLE IF NOT EXISTS broker.message (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    queue text NOT NULL,
    priority smallint NOT NULL,
    message_id text NOT NULL,
    topic text NOT NULL,
    producer text NOT NULL,
    correlation_id text,
    headers jsonb NOT NULL,
    body bytea NOT NULL,
    deliveries integer NOT NULL DEFAULT 0,
    claimed_by bigint,
    enqueued_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX IF NOT EXISTS message_waiting ON broker.message (queue, priority, id) WHERE claimed_by IS NULL;
CREATE INDEX IF NOT EXISTS message_in_hand ON broker.message (queue, claimed_by) WHERE claimed_by IS NOT NULL;
CREATE OR REPLACE FUNCTION broker.live_consumers(lock bigint) RETURNS bigint[] STABLE LANGUAGE sql AS $$
    SELECT ARRAY(
        SELECT objid::bigint FROM pg_locks
        WHERE locktype = 'advisory' AND granted AND objsubid = 2 AND classid::bigint = lock
          AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))
$$;
CREATE SEQUENCE IF NOT EXISTS broker.consumer_number AS integer CYCLE;
"""


def ensure_schema(connection: psycopg.Connection[tuple[object, ...]]) -> None:
    """Create what is missing; safe when many processes do it at the same moment."""
    present = connection.execute("SELECT to_regclass('broker.consumer_number') IS NOT NULL").fetchone()
    if present and present[0]:
        return
    with connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(%s, 0)", (SCHEMA_LOCK,))
        # IF NOT EXISTS alone asks for the right to create schemas even where the schema is there.
        schema = connection.execute("SELECT to_regnamespace('broker') IS NOT NULL").fetchone()
        if not (schema and schema[0]):
            connection.execute("CREATE SCHEMA broker")
        connection.execute(_SCHEMA)


def channel(queue: str) -> str:
    """Return the NOTIFY channel of a queue (at most 63 bytes, as PostgreSQL wants it)."""
    name = f"broker:{queue}"
    if len(name.encode()) <= 63:
        return name
    return f"broker:{hashlib.sha256(queue.encode()).hexdigest()[:48]}"
