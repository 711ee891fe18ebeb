"""An entry as it goes into the log: its leaf hash, and the line of each table as COPY reads it.

Written out in one pass, since the log takes entries as fast as this is made: every value is encoded once, for
the hash and for the table alike.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from types import SimpleNamespace

from hubs.intelligence_hub.audit.leaves import SENSITIVE, committed, encoded, instant, leaf_document
from hubs.intelligence_hub.audit.merkle import leaf_hash
from hubs.intelligence_hub.audit.schemas import EntryCreate
from shared.core.errors import Invalid

ENTRY_COLUMNS = (
    "seq", "id", "occurred_at", "recorded_at", "producer", "actor_type", "action", "target", "target_type",
    "request_id", "trace_id", "clock_source", "commitments", "leaf_hash",
)  # fmt: skip
VALUES_COLUMNS = ("seq", "actor", "fields")
_has_escapes = re.compile(r"[\\\n\r]").search
_ESCAPES = str.maketrans({"\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"})


@dataclass(slots=True)
class Written:
    """What is appended for one entry."""

    leaf_hash: bytes
    entry: bytes
    values: bytes


def write_entry(seq: int, entry: EntryCreate, recorded_at: str, salts: Iterator[bytes]) -> Written:
    """Return the hash and lines of an entry that becomes number ``seq``; ``recorded_at`` as ``instant`` says.

    Raises: Invalid for a number that cannot be written; UnicodeEncodeError for half of a surrogate pair.
    """
    commitments, kept = {}, []
    for field in SENSITIVE:
        value = getattr(entry, field)
        if not value:
            continue
        salt, (text, is_kept_exactly) = next(salts), _encoded(field, entry)
        commitments[field] = committed(field, salt, text)
        if field == "actor":
            told = b""
        elif is_kept_exactly:
            told = b',"value":%b' % text
        else:
            told = b',"text":%b' % encoded(text.decode())[0]
        kept.append(b'"%b":{"salt":"%b"%b}' % (field.encode(), salt.hex().encode(), told))
    occurred_at = instant(entry.occurred_at)
    row = SimpleNamespace(**entry.__dict__, commitments=commitments)
    leaf = leaf_hash(leaf_document(seq, row, occurred_at, recorded_at))
    texts = (
        entry.producer, entry.actor_type, entry.action, entry.target, entry.target_type, entry.request_id,
        entry.trace_id, entry.clock_source,
    )  # fmt: skip
    promises = ",".join([f'"{field}":"{value}"' for field, value in commitments.items()])
    line = (
        f"{seq}\t{entry.id.hex}\t{occurred_at}\t{recorded_at}\t{_texts(texts)}\t{{{promises}}}"
        f"\t\\\\x{leaf.hex()}\n"
    )
    fields = b",".join(kept).replace(b"\\", b"\\\\")
    actor = _texts((entry.actor,)).encode() if entry.actor else b"\\N"
    return Written(leaf, line.encode(), b"%d\t%b\t{%b}\n" % (seq, actor, fields))


def _texts(values: tuple[str, ...]) -> str:
    joined = "\t".join(values)
    if joined.count("\t") < len(values) and not _has_escapes(joined):
        return joined
    return "\t".join([value.translate(_ESCAPES) for value in values])


def _encoded(field: str, entry: EntryCreate) -> tuple[bytes, bool]:
    try:
        return encoded(getattr(entry, field))
    except TypeError:
        # A hub's own value that JSON does not know, such as a date: as the schema writes it.
        return encoded(entry.model_dump(mode="json", include={field})[field])
    except UnicodeEncodeError:
        raise
    except ValueError as error:
        raise Invalid(f"{field} has a number that cannot be written: {error}") from error
