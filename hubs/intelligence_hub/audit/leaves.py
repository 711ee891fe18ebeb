"""What is hashed of an entry: a canonical document in which sensitive fields stand as salted commitments.

A redaction deletes a value and its salt; the commitment stays, and with it every proof.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import secrets
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import orjson

SENSITIVE = ("actor", "before", "after", "reason", "metadata")
_SALT_BYTES = 16
_WORD = 1 << 63
_INSTANT_CHARS = len("2026-01-01T00:00:00.000000")
_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def canonical(value: Any) -> bytes:
    """Return JSON with sorted keys and no spaces, in UTF-8: one byte string per value.

    Raises: TypeError for what JSON does not know; UnicodeEncodeError for half of a surrogate pair.
    """
    if _is_plain(value):
        # Half of a surrogate pair is no text for either encoder; the other one says so.
        with contextlib.suppress(orjson.JSONEncodeError):
            return _plain(value)
    return _ENCODER.encode(value).encode()


def _plain(value: Any) -> bytes:
    # The faster encoder, and the same bytes for what `_is_plain`.
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def _is_text(key: Any) -> bool:
    return type(key) is str


def _is_plain(value: Any) -> bool:
    """Tell whether both encoders write a value with the same bytes: numbers with a fraction, they do not."""
    kind = type(value)
    if kind is dict:
        return all(map(_is_text, value)) and all(map(_is_plain, value.values()))
    if kind is list:
        return all(map(_is_plain, value))
    return kind is str or kind is bool or value is None or (kind is int and -_WORD <= value < _WORD)


def instant(moment: datetime) -> str:
    """Return a moment in UTC with microseconds, the one way that is hashed."""
    if moment.tzinfo is not UTC:
        moment = moment.astimezone(UTC)
    return f"{moment.isoformat(timespec='microseconds')[:_INSTANT_CHARS]}Z"


def new_salts(count: int) -> Iterator[bytes]:
    """Yield fresh salts; all are drawn at once, since each draw is a system call."""
    drawn = secrets.token_bytes(_SALT_BYTES * count)
    return (drawn[start : start + _SALT_BYTES] for start in range(0, len(drawn), _SALT_BYTES))


def commitment(field: str, salt: bytes, value: Any) -> str:
    """Return SHA-256(salt || field || 0x00 || canonical value) in hexadecimal."""
    return committed(field, salt, canonical(value))


def committed(field: str, salt: bytes, encoded: bytes) -> str:
    """Return the commitment of a value that is canonical bytes already."""
    return hashlib.sha256(salt + field.encode() + b"\x00" + encoded).hexdigest()


def leaf_document(seq: int, row: Any) -> bytes:
    """Return the bytes of entry number ``seq``; ``row`` has the columns of the entry."""
    document = {
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
    # Entries from before the clock's source was kept have none in their document.
    if row.clock_source:
        document["clock_source"] = row.clock_source
    return _plain(document)
