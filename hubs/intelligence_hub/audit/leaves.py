"""What is hashed of an entry: a canonical document in which sensitive fields stand as salted commitments.

A redaction deletes a value and its salt; the commitment stays, and with it every proof.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import orjson

SENSITIVE = ("actor", "before", "after", "reason", "metadata")
_SALT_BYTES = 16
_ATOMS = frozenset({str, int, bool, type(None)})
_PLAIN = _ATOMS | {dict, list}
_INSTANT_CHARS = len("2026-01-01T00:00:00.000000")
_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def canonical(value: Any) -> bytes:
    """Return JSON with sorted keys and no spaces, in UTF-8: one byte string per value.

    Raises: TypeError for what JSON does not know; UnicodeEncodeError for half of a surrogate pair; ValueError
    for a number that is not finite.
    """
    return encoded(value)[0]


def encoded(value: Any) -> tuple[bytes, bool]:
    """Return the same, and whether a database's JSON gives it back as it was.

    Fractions and very long numbers it does not: 1e16 comes back as a whole number. Raises: as ``canonical``.
    """
    if _is_plain(value):
        try:
            return _plain(value), True
        except orjson.JSONEncodeError:
            # Half of a surrogate pair, say, is no text for either encoder; the other one says so.
            pass
    return _ENCODER.encode(value).encode(), False


def _plain(value: Any) -> bytes:
    # The faster encoder, and the same bytes for what `_is_plain`.
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def _is_plain(value: Any) -> bool:
    """Tell whether both encoders write a value with the same bytes: numbers with a fraction, they do not.

    What the faster one refuses (a long whole number, a key that is no text) is left to it.
    """
    kind = type(value)
    if kind is dict:
        value = value.values()
    elif kind is not list:
        return kind in _ATOMS
    kinds = set(map(type, value))
    if kinds <= _ATOMS:
        return True
    return kinds <= _PLAIN and all(map(_is_plain, value))


def instant(moment: datetime) -> str:
    """Return a moment in UTC with microseconds, the one way that is hashed."""
    if moment.tzinfo is not UTC:
        moment = moment.astimezone(UTC)
    # Several times as fast as `isoformat`; a whole second it would write without a fraction.
    if moment.microsecond:
        return orjson.dumps(moment, option=orjson.OPT_UTC_Z)[1:-1].decode()
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
    return hashlib.sha256(b"%b%b\0%b" % (salt, field.encode(), encoded)).hexdigest()


def leaf_document(seq: int, row: Any, occurred_at: str = "", recorded_at: str = "") -> bytes:
    """Return the bytes of entry number ``seq``; ``row`` has the columns of the entry.

    Whoever has the two moments as ``instant`` writes them already, gives them.
    """
    document = {
        "seq": seq,
        "id": row.id,
        "occurred_at": occurred_at or instant(row.occurred_at),
        "recorded_at": recorded_at or instant(row.recorded_at),
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
