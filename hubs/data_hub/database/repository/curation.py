"""Queries of human decisions: merges, corrections, names without a person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, literal, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from hubs.data_hub.database.models import (
    TABLES,
    Ballot,
    Correction,
    MergeEvent,
    UnmatchedRow,
    table_of,
)

Row = Mapping[str, Any]


class CurationRepository:
    """Reads and writes of one decision."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def lock(self, kind: str, record_id: UUID) -> Row | None:
        """Return a row and hold it until the transaction ends."""
        table = table_of(kind)
        found = self._session.execute(select(table).where(table.c.id == record_id).with_for_update())
        row = found.mappings().first()
        return dict(row) if row else None

    def set_merged(self, kind: str, record_id: UUID, into: UUID | None, at: datetime) -> None:
        """Merge a row into another, or make it stand alone again."""
        table = table_of(kind)
        self._session.execute(
            update(table).where(table.c.id == record_id).values(merged_into=into, updated_at=at)
        )
        if into is not None:
            # What was merged into it before goes along: a merge leads in one step.
            self._session.execute(
                update(table).where(table.c.merged_into == record_id).values(merged_into=into)
            )

    def family(self, kind: str, head: UUID) -> list[Row]:
        """Return a row and those merged into it."""
        table = table_of(kind)
        rows = self._session.execute(
            select(table.c.id, table.c.facts).where(or_(table.c.id == head, table.c.merged_into == head))
        )
        return [dict(row) for row in rows.mappings()]

    def heads(self, kind: str, ids: Sequence[UUID]) -> list[UUID]:
        """Return those rows that others are merged into, among these and what these are merged into."""
        table = table_of(kind)
        found = self._session.execute(
            select(func.coalesce(table.c.merged_into, table.c.id))
            .where(or_(table.c.id.in_(ids) & table.c.merged_into.is_not(None), table.c.merged_into.in_(ids)))
            .distinct()
        )
        return list(found.scalars())

    def set_columns(self, kind: str, record_id: UUID, values: Row) -> None:
        """Write some columns of a row."""
        table = table_of(kind)
        self._session.execute(update(table).where(table.c.id == record_id).values(**values))

    def note_merge(self, values: Row) -> None:
        """Keep that two records were merged."""
        self._session.execute(insert(MergeEvent).values(**values))

    def undo_merge(self, merged_id: UUID, at: datetime, actor: str, reason: str) -> UUID | None:
        """Note that the last merge of a record was taken back; return what it had been merged into."""
        table = MergeEvent.__table__
        last = (
            select(table.c.id)
            .where(table.c.merged_id == merged_id, table.c.undone_at.is_(None))
            .order_by(table.c.id.desc())
            .limit(1)
            .scalar_subquery()
        )
        done = (
            update(MergeEvent)
            .where(table.c.id == last)
            .values(undone_at=at, undone_by=actor, undone_reason=reason)
        )
        return self._session.execute(done.returning(table.c.into_id)).scalar_one_or_none()

    def merges(self, limit: int, offset: int) -> list[Row]:
        """Return merges, newest first."""
        table = MergeEvent.__table__
        rows = self._session.execute(select(table).order_by(table.c.id.desc()).limit(limit).offset(offset))
        return [dict(row) for row in rows.mappings()]

    def namesakes(self, row: Row, limit: int) -> list[Row]:
        """Return standing people who share a name or an identifier with a person."""
        person = TABLES["person"]
        rows = self._session.execute(
            select(person)
            .where(
                or_(
                    person.c.name_keys.overlap(row["name_keys"]),
                    person.c.identifiers.overlap(row["identifiers"]),
                    person.c.family_name == (row["family_name"] or literal("\x01")),
                ),
                person.c.id != row["id"],
                person.c.deleted_at.is_(None),
                person.c.merged_into.is_(None),
            )
            .order_by(person.c.sort_name)
            .limit(limit)
        )
        return [dict(found) for found in rows.mappings()]

    def seats(self, keys: Sequence[str]) -> list[Row]:
        """Return the standing memberships of people."""
        table = TABLES["membership"]
        names = ("person_key", "party", "area", "province", "start_date", "end_date")
        rows = self._session.execute(
            select(*(table.c[name] for name in names)).where(
                table.c.person_key.in_(list(keys)), table.c.deleted_at.is_(None)
            )
        )
        return [dict(row) for row in rows.mappings()]

    def set_correction(self, values: Row) -> int:
        """Write a correction in place of the one in force; return its number."""
        table = Correction.__table__
        self._session.execute(
            update(Correction)
            .where(
                table.c.kind == values["kind"],
                table.c.record_key == values["record_key"],
                table.c.field == values["field"],
                table.c.withdrawn_at.is_(None),
            )
            .values(withdrawn_at=values["created_at"], withdrawn_by=values["actor"])
        )
        written = insert(Correction).values(**values).returning(Correction.id)
        return int(self._session.execute(written).scalar_one())

    def find_correction(self, number: int) -> Row | None:
        """Return a correction and hold it until the transaction ends."""
        table = Correction.__table__
        found = self._session.execute(select(table).where(table.c.id == number).with_for_update())
        row = found.mappings().first()
        return dict(row) if row else None

    def in_force(self, kind: str, key: str, field: str) -> Row | None:
        """Return the correction of a field that is in force."""
        table = Correction.__table__
        found = self._session.execute(
            select(table).where(
                table.c.kind == kind,
                table.c.record_key == key,
                table.c.field == field,
                table.c.withdrawn_at.is_(None),
            )
        )
        row = found.mappings().first()
        return dict(row) if row else None

    def withdraw(self, number: int, at: datetime, actor: str) -> None:
        """Note that a correction no longer holds."""
        table = Correction.__table__
        self._session.execute(
            update(Correction).where(table.c.id == number).values(withdrawn_at=at, withdrawn_by=actor)
        )

    def corrections(self, kind: str, key: str, limit: int, offset: int, *, all_of_them: bool) -> list[Row]:
        """Return corrections, newest first."""
        table = Correction.__table__
        statement = select(table).order_by(table.c.id.desc()).limit(limit).offset(offset)
        if kind:
            statement = statement.where(table.c.kind == kind)
        if key:
            statement = statement.where(table.c.record_key == key)
        if not all_of_them:
            statement = statement.where(table.c.withdrawn_at.is_(None))
        return [dict(row) for row in self._session.execute(statement).mappings()]

    def unmatched(self, limit: int, after: int, jurisdiction: str, *, resolved: bool) -> list[Row]:
        """Return names without a person, grouped by name and jurisdiction, the most frequent first."""
        table = UnmatchedRow.__table__
        statement = (
            select(
                func.min(table.c.id).label("id"),
                func.min(table.c.name).label("name"),
                table.c.folded,
                table.c.jurisdiction,
                func.count().label("count"),
                func.min(table.c.context).label("context"),
                func.min(table.c.record_kind).label("record_kind"),
                func.min(table.c.record_key).label("example"),
                func.max(table.c.seen_at).label("seen_at"),
                func.max(table.c.resolved_at).label("resolved_at"),
                func.max(table.c.person_key).label("person_key"),
                func.max(table.c.resolution).label("resolution"),
            )
            .where(table.c.resolved_at.is_not(None) if resolved else table.c.resolved_at.is_(None))
            .group_by(table.c.folded, table.c.jurisdiction)
            .order_by(func.count().desc(), table.c.folded, table.c.jurisdiction)
            .limit(limit)
            .offset(after)
        )
        if jurisdiction:
            statement = statement.where(table.c.jurisdiction == jurisdiction)
        return [dict(row) for row in self._session.execute(statement).mappings()]

    def find_unmatched(self, number: int) -> Row | None:
        """Return one entry of the queue."""
        table = UnmatchedRow.__table__
        row = self._session.execute(select(table).where(table.c.id == number)).mappings().first()
        return dict(row) if row else None

    def resolve(
        self, folded: str, jurisdiction: str, person_key: str | None, at: datetime, said: str
    ) -> list[Row]:
        """Close every entry of a name in a jurisdiction; return the records that they stand in."""
        table = UnmatchedRow.__table__
        done = (
            update(UnmatchedRow)
            .where(table.c.folded == folded, table.c.jurisdiction == jurisdiction)
            .values(resolved_at=at, person_key=person_key, resolution=said)
            .returning(table.c.record_kind, table.c.record_key)
        )
        return [dict(row) for row in self._session.execute(done).mappings()]

    def open_ballots(self, vote_keys: Sequence[str]) -> list[Row]:
        """Return the ballots of votes that name nobody on record."""
        ballot, vote = Ballot.__table__, TABLES["vote_event"]
        rows = self._session.execute(
            select(ballot.c.vote_id, ballot.c.position, ballot.c.name)
            .join(vote, vote.c.id == ballot.c.vote_id)
            .where(vote.c.key.in_(list(vote_keys)), ballot.c.person_key.is_(None))
        )
        return [dict(row) for row in rows.mappings()]

    def set_ballot_person(self, vote_id: UUID, position: int, person_key: str) -> None:
        """Say whose ballot it is."""
        table = Ballot.__table__
        self._session.execute(
            update(Ballot)
            .where(table.c.vote_id == vote_id, table.c.position == position)
            .values(person_key=person_key)
        )

    def rows_by_key(self, kind: str, keys: Sequence[str]) -> list[Row]:
        """Return rows by key and hold them until the transaction ends."""
        table = table_of(kind)
        rows = self._session.execute(
            select(table).where(table.c.key.in_(list(keys))).order_by(table.c.id).with_for_update()
        )
        return [dict(row) for row in rows.mappings()]
