"""A batch on its way in: read with limits first, every record checked against its contract when it is new."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import orjson
from pydantic import ValidationError

from hubs.data_hub.database.errors import RecordRefused
from hubs.data_hub.database.repository.ledger import fingerprint
from hubs.data_hub.database.service.differing import content_hash
from hubs.data_hub.database.service.sheets import Sheet
from shared.contracts.civic import Ballot, Record, SourceRef
from shared.contracts.http.ingest import UpsertBatch
from shared.contracts.records import record_class

_MAX_PROBLEMS = 20
M = TypeVar("M")


@dataclass(slots=True)
class Incoming:
    """One record of a batch: as it came, its hash, and the documents it was read in."""

    index: int
    key: str
    raw: Mapping[str, Any]
    hash: bytes
    sources: list[bytes]


@dataclass(frozen=True)
class ReadBatch:
    """A batch whose keys and sources are sound; the records themselves are not checked yet."""

    records: dict[str, Incoming]
    documents: dict[bytes, Mapping[str, Any]]


def read_batch(batch: UpsertBatch) -> ReadBatch:
    """Take a batch apart into records by key and distinct source documents.

    Raises: RecordRefused when a record is no object or has no key, a key comes twice, or a source is
    malformed.
    """
    record_class(batch.kind)
    records: dict[str, Incoming] = {}
    documents: dict[bytes, Mapping[str, Any]] = {}
    for index, record in enumerate(batch.records):
        if not isinstance(record, dict):
            raise _refused(index, "", "a record is an object")
        key = record.get("key")
        if not isinstance(key, str) or not key:
            raise _refused(index, "key", "a record needs a key")
        if key in records:
            raise _refused(index, "key", f"the key {key!r} comes twice in the batch")
        raw = dict(record)
        marks = []
        for source in raw.pop("sources", None) or ():
            mark = _source_mark(index, source, documents)
            if mark not in marks:
                marks.append(mark)
        if not marks:
            raise _refused(index, "sources", "a record names at least one source document")
        records[key] = Incoming(index, key, raw, _hash(raw), marks)
    return ReadBatch(records, documents)


def _hash(raw: Mapping[str, Any]) -> bytes:
    ballots = raw.get("ballots")
    return content_hash({**raw, "ballots": ballots.fragment()} if isinstance(ballots, Sheet) else raw)


def _source_mark(index: int, source: Any, documents: dict[bytes, Mapping[str, Any]]) -> bytes:
    try:
        mark = fingerprint(source)
    except (KeyError, TypeError, AttributeError, UnicodeEncodeError):
        raise _refused(index, "sources", "a source has url, retrieved_at, sha256 and parser") from None
    if mark not in documents:
        try:
            documents[mark] = vars(SourceRef.model_validate(source))
        except ValidationError as error:
            raise _refused(index, "sources", error.errors()[0]["msg"]) from error
    return mark


def canonical(kind: str, incoming: list[Incoming]) -> dict[str, dict[str, Any]]:
    """Check records against their contract and return their facts by key, every field present.

    Raises: RecordRefused naming the records and fields at fault.
    """
    cls = record_class(kind)
    facts: dict[str, dict[str, Any]] = {}
    problems: list[dict[str, Any]] = []
    ballots = BallotReader()
    for item in incoming:
        try:
            if kind == "vote_event" and isinstance(item.raw.get("ballots"), list | Sheet):
                read = ballots.read(item.raw["ballots"])
                record: Record = cls.model_validate({**item.raw, "ballots": ()})
                facts[item.key] = record.facts() | {"ballots": read}
            else:
                facts[item.key] = cls.model_validate(item.raw).facts()
            if kind == "vote_event" and facts[item.key]["date"] is None:
                # The contract lets a sheet of ballots be read without its date; on record a vote has one.
                problems.append(_problem(item.index, item.key, ("date",), "a vote on record has a date"))
        except BallotRefused as refused:
            problems.append(_problem(item.index, item.key, refused.where, refused.detail))
        except ValidationError as error:
            problems += [_problem(item.index, item.key, e["loc"], e["msg"]) for e in error.errors()[:5]]
        if len(problems) >= _MAX_PROBLEMS:
            break
    if problems:
        first = problems[0]
        raise RecordRefused(f"{first['pointer']}: {first['detail']}", errors=problems[:_MAX_PROBLEMS])
    return facts


class BallotRefused(Exception):
    """A ballot breaks its contract: where in the record, and how."""

    def __init__(self, where: tuple[Any, ...], detail: str) -> None:
        super().__init__(detail)
        self.where = where
        self.detail = detail


class BallotReader:
    """Checks ballots against their contract, equal ones once.

    In the votes of a batch the same few hundred members say yes or no again and again: checking each of
    their ballots anew is most of the time that a batch of votes takes.
    """

    def __init__(self) -> None:
        self._known: dict[bytes, dict[str, Any]] = {}
        self._of_sheets: dict[int, dict[str, Any]] = {}

    def read(self, raw: list[Any] | Sheet) -> list[dict[str, Any]]:
        """Return the facts of ballots; equal ones are one and the same dictionary, not to be changed.

        Raises: BallotRefused.
        """
        if isinstance(raw, Sheet):
            known = self._of_sheets
            # A sheet's ballots live as long as the batch: what stands at an address stays there.
            return [
                known.get(id(ballot)) or self._check(position, ballot.value, known, id(ballot))
                for position, ballot in enumerate(raw.ballots)
            ]
        found = []
        for position, ballot in enumerate(raw):
            mark = orjson.dumps(ballot)
            found.append(self._known.get(mark) or self._check(position, ballot, self._known, mark))
        return found

    def _check(self, position: int, ballot: Any, known: dict[M, dict[str, Any]], mark: M) -> dict[str, Any]:
        try:
            facts = Ballot.model_validate(ballot).model_dump(mode="json")
        except ValidationError as error:
            first = error.errors()[0]
            raise BallotRefused(("ballots", position, *first["loc"]), first["msg"]) from error
        if facts["person_key"] is not None:
            # The match will write a key into one without: that one is its vote's own.
            known[mark] = facts
        return facts


def _refused(index: int, field: str, detail: str) -> RecordRefused:
    pointer = f"/records/{index}/{field}".rstrip("/")
    problem = {"in": "body", "pointer": pointer, "detail": detail}
    return RecordRefused(f"{problem['pointer']}: {detail}", errors=[problem])


def _problem(index: int, key: str, where: tuple[Any, ...], detail: str) -> dict[str, Any]:
    pointer = "/".join(["", "records", str(index), *map(str, where)])
    return {"in": "body", "pointer": pointer, "key": key[:300], "detail": detail}


__all__ = ["Incoming", "ReadBatch", "canonical", "read_batch"]
