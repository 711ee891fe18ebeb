"""The ledger: what an upload held, packed into few bytes, so that the same upload is recognised."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from uuid import UUID

import orjson

from hubs.business_hub.etl.repository import TO_LOAD, UNNOTED, StageRow

Mark = tuple[str, str, bytes | None, bool, int]


def pack_marks(marks: Sequence[Mark]) -> bytes:
    """Return kind, key, hash, partial and state of records in few bytes."""
    rows = [[kind, key, (mark or b"").hex(), partial, state] for kind, key, mark, partial, state in marks]
    return zlib.compress(orjson.dumps(rows), level=1)


def unpack_marks(packed: bytes, run_id: UUID) -> Iterator[StageRow]:
    """Yield the rows that a further run of the same bytes stages: hashes without bodies."""
    for kind, key, mark, partial, state in orjson.loads(zlib.decompress(packed)):
        yield StageRow(
            run_id=run_id,
            kind=kind,
            key=key,
            batch=0,
            body=None,
            hash=bytes.fromhex(mark),
            is_partial=partial,
            # What was sent then is as before now, unless the comparison finds otherwise.
            state=UNNOTED if state == UNNOTED else TO_LOAD,
        )
