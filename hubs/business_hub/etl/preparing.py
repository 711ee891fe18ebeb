"""Prepare: staged records are normalised and compared with the record, a chunk at a time.

For an upload this decides what is loaded at all: what is as before is only noted as seen, what other sources
name too is filled, kept or replaced, as its policy says.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from hubs.business_hub.etl.differences import Difference, difference
from hubs.business_hub.etl.loading import Canon
from hubs.business_hub.etl.models import ImportRun
from hubs.business_hub.etl.normalise import normalise
from hubs.business_hub.etl.quality import Discrepancy, Meter
from hubs.business_hub.etl.repository import AS_BEFORE, LEFT_OUT, TO_LOAD, UNNOTED, Settled, Staged
from shared.contracts.http.ingest import CompareBatch
from shared.contracts.records import content_hash
from shared.http.json import dumps, loads

_EMPTY: tuple[Any, ...] = ("", None, [], {})
Bodies = Callable[[Sequence[str]], Mapping[str, bytes]]
"""Fetches staged bodies by key."""


@dataclass
class Prepared:
    """What came of a chunk."""

    settled: list[Settled] = field(default_factory=list)
    forecast: dict[str, int] = field(default_factory=dict)
    sessions: dict[str, int] = field(default_factory=dict)
    rewritten: int = 0
    quality: dict[str, dict[str, list[int]]] = field(default_factory=dict)
    discrepancies: list[Discrepancy] = field(default_factory=list)
    differences: list[Difference] = field(default_factory=list)
    """Of the first of those that are new or changed."""
    unread: int = 0
    """Records that differ and of which only the hash is at hand: the upload must be read again."""

    def count(self, verdict: str) -> None:
        """Count a record under what would become of it."""
        self.forecast[verdict] = self.forecast.get(verdict, 0) + 1


@dataclass
class _Record:
    row: Staged
    body: bytes
    hash: bytes
    facts: dict[str, Any]


def prepare_scraped(canon: Canon, run: ImportRun, kind: str, rows: Sequence[Staged], listed: int) -> Prepared:
    """Normalise a chunk and foresee what loading it will do; all of it is sent, so that sources are renewed.

    Of what is new or changed, ``listed`` records are looked at field by field.

    Raises: AppError with status 429 or 50x while data_hub is away.
    """
    prepared = Prepared()
    meter = Meter((run.observed_at or run.created_at).date())
    records = [_read(kind, row, prepared, meter) for row in rows if row.body is not None]
    prepared.quality, prepared.discrepancies = meter.counts, meter.found
    if not records:
        return prepared
    report = canon.compare(_asked(run, kind, {record.row.key: record.hash.hex() for record in records}))
    new, changed = set(report.new), set(report.changed)
    touched = new | changed
    looked_at = [record.row.key for record in records if record.row.key in touched][:listed]
    facts = {record.row.key: record.facts for record in records}
    prepared.differences = _compared(canon, run, kind, looked_at, new, facts)
    for record in records:
        key = record.row.key
        prepared.count("inserted" if key in new else "updated" if key in changed else "unchanged")
        if record.body is not record.row.body:
            prepared.settled.append(Settled(key, record.hash, TO_LOAD, record.body))
    return prepared


def prepare_uploaded(
    canon: Canon, run: ImportRun, kind: str, rows: Sequence[Staged], bodies: Bodies, listed: int
) -> Prepared:
    """Decide what of a chunk is loaded, by its hashes; ``bodies`` fetches those that have to be looked into.

    Of what is new or changed, ``listed`` records are looked at field by field.

    Raises: AppError with status 429 or 50x while data_hub is away.
    """
    prepared = Prepared()
    open_rows = [row for row in rows if row.state != UNNOTED]
    for _ in range(len(rows) - len(open_rows)):
        prepared.count("unchanged")
    if not open_rows:
        return prepared
    report = canon.compare(_asked(run, kind, {row.key: (row.hash or b"").hex() for row in open_rows}))
    new, unchanged = set(report.new), set(report.unchanged)
    settled = new | unchanged
    shared, mine = set(report.shared), set(report.mine)
    to_fill = [
        row.key
        for row in open_rows
        if row.has_body
        and row.key not in settled
        and (row.is_partial or (row.key in shared and run.policy == "fill"))
    ]
    standing = _standing(canon, run, kind, to_fill)
    held = bodies(list(standing)) if standing else {}
    for row in open_rows:
        key, mark = row.key, row.hash or b""
        if key in unchanged:
            prepared.count("unchanged")
            prepared.settled.append(Settled(key, mark, AS_BEFORE))
        elif not row.has_body:
            prepared.unread += 1
        elif key in shared and run.policy == "keep":
            prepared.count("skipped")
            prepared.settled.append(Settled(key, mark, LEFT_OUT))
        elif key in held:
            _fill(key, held[key], standing[key], key in mine, prepared)
        else:
            prepared.count("inserted" if key in new else "updated")
            if row.state != TO_LOAD:
                # Prepared before, when it was as on record; the record has changed since.
                prepared.settled.append(Settled(key, mark, TO_LOAD))
    looked_at = [row.key for row in open_rows if row.has_body and row.key not in unchanged][:listed]
    if looked_at:
        came = {key: loads(body) for key, body in bodies(looked_at).items()}
        # What only fills gaps, or is left out, changes nothing that stands.
        passed = {one.key for one in prepared.settled if one.state != TO_LOAD}
        prepared.differences = [
            one for one in _compared(canon, run, kind, looked_at, new, came) if one.key not in passed
        ]
    return prepared


def _asked(run: ImportRun, kind: str, hashes: dict[str, str], facts_of: Sequence[str] = ()) -> CompareBatch:
    return CompareBatch(
        run_id=run.run_id,
        source_id=run.source_id,
        kind=kind,
        observed_at=run.observed_at or run.created_at,
        hashes=hashes,
        facts_of=tuple(facts_of),
    )


def _read(kind: str, row: Staged, prepared: Prepared, meter: Meter) -> _Record:
    assert row.body is not None
    body = normalise(row.body)
    prepared.rewritten += body is not row.body
    facts: dict[str, Any] = loads(body)
    facts.pop("sources", None)
    meter.measure(kind, facts)
    session = facts.get("session")
    if session:
        prepared.sessions[session] = prepared.sessions.get(session, 0) + 1
    return _Record(row, body, content_hash(dumps(facts)), facts)


def _standing(
    canon: Canon, run: ImportRun, kind: str, keys: Sequence[str]
) -> Mapping[str, Mapping[str, Any]]:
    return canon.compare(_asked(run, kind, {}, keys)).facts if keys else {}


def _compared(
    canon: Canon,
    run: ImportRun,
    kind: str,
    keys: Sequence[str],
    new: set[str],
    came: Mapping[str, dict[str, Any]],
) -> list[Difference]:
    standing = _standing(canon, run, kind, [key for key in keys if key not in new])
    return [difference(kind, key, standing.get(key), came[key]) for key in keys if key in came]


def _fill(key: str, body: bytes, standing: Mapping[str, Any], is_mine: bool, prepared: Prepared) -> None:
    """Put what stands before what came, gap by gap; where nothing is added, nothing is loaded."""
    record: dict[str, Any] = loads(body)
    sources = record.pop("sources", None)
    merged = {
        name: standing[name] if standing.get(name) not in _EMPTY else value for name, value in record.items()
    }
    added = {name for name, value in merged.items() if value not in _EMPTY and value != standing.get(name)}
    mark = content_hash(dumps(merged))
    if not added:
        prepared.count("unchanged")
        prepared.settled.append(Settled(key, mark, AS_BEFORE if is_mine else UNNOTED))
        return
    prepared.count("updated")
    prepared.settled.append(Settled(key, mark, TO_LOAD, dumps({**merged, "sources": sources})))
