"""Feeding the search index: standing rows with what surrounds them, by change or from the start."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

from sqlalchemy.orm import Session, sessionmaker

from hubs.data_hub.database.repository.feeding import FeedingRepository
from hubs.data_hub.database.repository.ledger import CHANGE_CHANNEL
from hubs.data_hub.database.service.collections import BY_PATH, PATH_OF, url_of
from shared.db.session import transaction

Row = Mapping[str, Any]

SEARCHABLE: tuple[str, ...] = (
    "person", "organization", "bill", "vote_event", "speech", "event", "document", "bill_text", "election",
    "division",
)  # fmt: skip


@dataclass(frozen=True)
class Feed:
    """A row to be indexed: its kind, itself, and the rows around it."""

    kind: str
    row: Row
    type: str
    url: str
    seats: Sequence[Row] = ()
    """Memberships of the person it is about, newest first."""
    person: Row | None = None
    parent: Row | None = None
    """The debate of a speech, the bill of a text or a vote, the body of an event or document."""
    body: Row | None = None
    """The body that met: of an event, a document, or the debate of a speech."""


@dataclass(frozen=True)
class Step:
    """Changes up to a position: rows to index anew and ids to take out."""

    position: int
    feeds: Sequence[Feed]
    gone: Sequence[UUID]
    is_last: bool


class OpenSession(Protocol):
    """Opens a read transaction."""

    def __call__(self) -> AbstractContextManager[Session]:
        """Return the transaction."""


_PARENT = {
    "speech": ("debate_key", "debate"),
    "bill_text": ("bill_key", "bill"),
    "vote_event": ("bill_key", "bill"),
    "event": ("organization_key", "organization"),
    "document": ("organization_key", "organization"),
}
_PARENT_COLUMNS = ("id", "title_en", "title_fr", "sort_date", "slug", "identifiers")
_TYPE_OF_ORGANIZATION = {"committee": "committee", "subcommittee": "committee"}


class FeedingService:
    """Reads for the index, each call in a transaction of its own."""

    def __init__(self, sessions: sessionmaker[Session]) -> None:
        self._sessions = sessions

    def position(self) -> int:
        """Return the position of the newest change."""
        with transaction(self._sessions) as session:
            return FeedingRepository(session).position()

    def step(self, after: int, limit: int) -> Step:
        """Return what the next changes after a position mean for the index."""
        with transaction(self._sessions) as session:
            repository = FeedingRepository(session)
            changes = repository.changes(after, limit)
            wanted: dict[str, set[UUID]] = {}
            for change in changes:
                wanted.setdefault(change["kind"], set()).add(change["record_id"])
            if memberships := wanted.get("membership"):
                wanted.setdefault("person", set()).update(repository.people_of_memberships(memberships))
            feeds: list[Feed] = []
            gone: list[UUID] = []
            for kind in SEARCHABLE:
                if ids := wanted.get(kind):
                    rows = repository.rows(kind, ids)
                    feeds += self._surround(repository, kind, rows)
                    gone += sorted(ids - {row["id"] for row in rows})
            position = changes[-1]["seq"] if changes else after
            return Step(position, feeds, gone, len(changes) < limit)

    def scan(self, kind: str, after: UUID | None, limit: int) -> list[Feed]:
        """Return the next rows of a kind, in the order of their ids."""
        with transaction(self._sessions) as session:
            repository = FeedingRepository(session)
            return self._surround(repository, kind, repository.scan(kind, after, limit))

    def counts(self) -> dict[str, int]:
        """Return how many rows of each searchable kind stand."""
        with transaction(self._sessions) as session:
            repository = FeedingRepository(session)
            return {kind: repository.count(kind) for kind in SEARCHABLE}

    def ids(self, kind: str, after: UUID | None, limit: int) -> list[UUID]:
        """Return ids of standing rows in order: what the index is compared with."""
        with transaction(self._sessions) as session:
            return FeedingRepository(session).ids(kind, after, limit)

    def _surround(self, repository: FeedingRepository, kind: str, rows: Sequence[Row]) -> list[Feed]:
        people = _person_keys(kind, rows)
        seats = repository.seats(people) if people else {}
        known = repository.by_keys("person", people, ("id", "title_en", "slug")) if people else {}
        parents: dict[str, Row] = {}
        reference, parent_kind = _PARENT.get(kind, ("", ""))
        if reference:
            keys = {row["facts"][reference] for row in rows if row["facts"].get(reference)}
            columns = (*_PARENT_COLUMNS, "organization_key") if kind == "speech" else _PARENT_COLUMNS
            parents = repository.by_keys(parent_kind, keys, columns) if keys else {}
        bodies = parents
        if kind == "speech":
            # A chamber's debates are most speeches, and its name is no help in finding one.
            met = {p["organization_key"] for p in parents.values() if "/committee/" in p["organization_key"]}
            bodies = repository.by_keys("organization", met, _PARENT_COLUMNS) if met else {}
        feeds = []
        for row in rows:
            key = row["key"] if kind == "person" else row["facts"].get("person_key")
            parent = parents.get(row["facts"].get(reference) or "") if reference else None
            where = parent["organization_key"] if kind == "speech" and parent else row["facts"].get(reference)
            feeds.append(
                Feed(
                    kind=kind,
                    row=row,
                    type=_type_of(kind, row),
                    url=url_of(kind, row["id"]),
                    seats=seats.get(key or "", ()),
                    person=known.get(key or ""),
                    parent=parent,
                    body=bodies.get(where or "") if kind in ("event", "document", "speech") else None,
                )
            )
        return feeds


def _person_keys(kind: str, rows: Sequence[Row]) -> Collection[str]:
    if kind == "person":
        return {row["key"] for row in rows}
    if kind == "speech":
        return {row["facts"]["person_key"] for row in rows if row["facts"]["person_key"]}
    return ()


def _type_of(kind: str, row: Row) -> str:
    if kind == "organization":
        return _TYPE_OF_ORGANIZATION.get(row["facts"]["classification"], "organization")
    return BY_PATH[PATH_OF[kind]].singular.replace(" ", "_")


__all__ = ["CHANGE_CHANNEL", "SEARCHABLE", "Feed", "FeedingService", "Step"]
