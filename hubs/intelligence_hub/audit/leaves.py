"""What is hashed of an entry: a canonical document in which sensitive fields stand as salted commitments.

A redaction deletes a value and its salt; the commitment stays, and with it every proof.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from datetime import UTC, datetime
from typing import Any

SENSITIVE = ("actor", "before", "after", "reason", "metadata")
_SALT_BYTES = 16


def canonical(value: Any) -> bytes:
    """Return JSON with sorted keys and no spaces, in UTF-8: one byte string per value."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def instant(moment: datetime) -> str:
    """Return a moment in UTC with microseconds, the one way that is hashed."""
    return f"{moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec='microseconds')}Z"


def new_salt() -> bytes:
    """Return a fresh salt."""
    return secrets.token_bytes(_SALT_BYTES)


def commitment(field: str, salt: bytes, value: Any) -> str:
    """Return SHA-256(salt || field || 0x00 || canonical value) in hexadecimal."""
    return committed(field, salt, canonical(value))


def committed(field: str, salt: bytes, encoded: bytes) -> str:
    """Return the commitment of a value that is canonical bytes already."""
    return hashlib.sha256(salt + field.encode() + b"\x00" + encoded).hexdigest()


def leaf_document(seq: int, row: Any) -> bytes:
    """Return the bytes of entry number ``seq``; ``row`` has the columns of the entry."""
    # Entries from before the clock's source was kept have none in their document.
    clock = {"clock_source": row.clock_source} if row.clock_source else {}
    return canonical(
        {
            **clock,
            "seq": seq,
            "id": str(row.id),
            "occurred_at": instant(row.occurred_at),
            "recorded_at": instant(row.recorded_at),
            "producer": row.producer,
            "actor_type": row.actor_type,
            "action": row.action,
            "target": row.target,
            "target_type": row.target_type,
            "request_id": row.request_id,
            "trace_id": row.trace_id,
            "commitments": row.commitments,
        }
    )
