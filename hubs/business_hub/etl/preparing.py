"""Prepare: staged records are normalised and compared with the record, a chunk at a time.

For an upload this decides what is loaded at all: what is as before is only noted as seen, what other sources
name too is filled, kept or replaced, as its policy says.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from hubs.business_hub.etl.loading import Canon
from hubs.business_hub.etl.models import ImportRun
from hubs.business_hub.etl.normalise import normalise
from hubs.business_hub.etl.repository import AS_BEFORE, LEFT_OUT, TO_LOAD, UNNOTED, Settled, Staged
from shared.contracts.http.ingest import CompareBatch, CompareReport
from shared.contracts.records import content_hash
from shared.http.json import dumps, loads

_EMPTY: tuple[Any, ...] = ("", None, [], {})


@dataclass
class Prepared:
    """What came of a chunk."""

    settled: list[Settled] = field(default_factory=list)
    forecast: dict[str, int] = field(default_factory=dict)
    sessions: dict[str, int] = field(default_factory=dict)
    rewritten: int = 0
    unread: int = 0
    """Records that differ and of which only the hash is at hand: the upload must be read again."""

    def count(self, verdict: str) -> None:
        """Count a record under what would become of it."""
        self.forecast[verdict] = self.forecast.get(verdict, 0) + 1


@dataclass
class _Record:
    row: Staged
    body: bytes | None
    facts: dict[str, Any] | None
    hash: bytes


def prepare_chunk(canon: Canon, run: ImportRun, kind: str, rows: Sequence[Staged]) -> Prepared:
    """Normalise and compare a chunk.

    Raises: AppError with status 429 or 50x while data_hub is away.
    """
    prepared = Prepared()
    records = []
    for row in rows:
        if row.state == UNNOTED:
            prepared.count("unchanged")
        else:
            records.append(_read(row, prepared))
    if not records:
        return prepared
    report = canon.compare(
        CompareBatch(
            run_id=run.run_id,
            source_id=run.source_id,
            kind=kind,
            observed_at=run.observed_at or run.created_at,
            hashes={record.row.key: record.hash.hex() for record in records},
        )
    )
    if run.origin == "upload":
        _decide(canon, run, kind, records, report, prepared)
    else:
        _foresee(records, report, prepared)
    return prepared


def _read(row: Staged, prepared: Prepared) -> _Record:
    if row.body is None:
        return _Record(row, None, None, row.hash or b"")
    body = normalise(row.body)
    prepared.rewritten += body is not row.body
    facts: dict[str, Any] = loads(body)
    sources = facts.pop("sources", None)
    session = facts.get("session")
    if session:
        prepared.sessions[session] = prepared.sessions.get(session, 0) + 1
    mark = content_hash(dumps(facts))
    facts["sources"] = sources
    return _Record(row, body, facts, mark)


def _foresee(records: Sequence[_Record], report: CompareReport, prepared: Prepared) -> None:
    """Everything of a scrape is sent: only count what will come of it."""
    new, changed = set(report.new), set(report.changed)
    for record in records:
        key = record.row.key
        prepared.count("inserted" if key in new else "updated" if key in changed else "unchanged")
        if record.body is not record.row.body:
            prepared.settled.append(Settled(key, record.hash, TO_LOAD, record.body))


def _decide(
    canon: Canon,
    run: ImportRun,
    kind: str,
    records: Sequence[_Record],
    report: CompareReport,
    prepared: Prepared,
) -> None:
    new, unchanged, shared = set(report.new), set(report.unchanged), set(report.shared)
    mine = set(report.mine)
    to_fill = [
        record
        for record in records
        if record.facts is not None
        and record.row.key not in new | unchanged
        and (record.row.is_partial or (record.row.key in shared and run.policy == "fill"))
    ]
    standing = _standing(canon, run, kind, to_fill)
    for record in records:
        key = record.row.key
        if key in unchanged:
            prepared.count("unchanged")
            prepared.settled.append(Settled(key, record.hash, AS_BEFORE, record.body))
        elif record.facts is None:
            prepared.unread += 1
        elif key in shared and run.policy == "keep":
            prepared.count("skipped")
            prepared.settled.append(Settled(key, record.hash, LEFT_OUT))
        elif key in standing:
            _fill(record, standing[key], key in mine, prepared)
        else:
            prepared.count("inserted" if key in new else "updated")
            prepared.settled.append(Settled(key, record.hash, TO_LOAD, record.body))


def _standing(
    canon: Canon, run: ImportRun, kind: str, records: Sequence[_Record]
) -> Mapping[str, Mapping[str, Any]]:
    if not records:
        return {}
    report = canon.compare(
        CompareBatch(
            run_id=run.run_id,
            source_id=run.source_id,
            kind=kind,
            observed_at=run.observed_at or run.created_at,
            hashes={},
            facts_of=tuple(record.row.key for record in records),
        )
    )
    return report.facts


def _fill(record: _Record, standing: Mapping[str, Any], is_mine: bool, prepared: Prepared) -> None:
    """Put what stands before what came, gap by gap; where nothing is added, nothing is loaded."""
    assert record.facts is not None
    merged = {
        name: standing[name] if standing.get(name) not in _EMPTY else value
        for name, value in record.facts.items()
        if name != "sources"
    }
    added = {name for name, value in merged.items() if value not in _EMPTY and value != standing.get(name)}
    mark = content_hash(dumps(merged))
    if not added:
        prepared.count("unchanged")
        prepared.settled.append(Settled(record.row.key, mark, AS_BEFORE if is_mine else UNNOTED))
        return
    prepared.count("updated")
    body = dumps({**merged, "sources": record.facts["sources"]})
    prepared.settled.append(Settled(record.row.key, mark, TO_LOAD, body))
