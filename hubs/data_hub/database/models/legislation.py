"""Tables of sessions, bills and recorded votes."""

from __future__ import annotations

import datetime as dt
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import Index, LargeBinary, SmallInteger, Text
from sqlalchemy.dialects.postgresql import ARRAY, JSON
from sqlalchemy.orm import Mapped, mapped_column

from hubs.data_hub.base import Model
from hubs.data_hub.database.models.row import CivicRow, TextArray


class Session(CivicRow, Model):
    """A legislative session such as 45-1."""

    __tablename__ = "session"
    identifier: Mapped[str] = mapped_column(index=True)
    start_date: Mapped[dt.date | None]
    end_date: Mapped[dt.date | None]


class Bill(CivicRow, Model):
    """A bill; stages, actions, versions and relations are in ``facts``."""

    __tablename__ = "bill"
    has_identifiers: ClassVar[bool] = True
    session: Mapped[str]
    number: Mapped[str]
    chamber: Mapped[str]
    status_code: Mapped[str]
    is_government: Mapped[bool | None]
    is_private_member: Mapped[bool | None]
    is_law: Mapped[bool]
    introduced_on: Mapped[dt.date | None]
    latest_activity_on: Mapped[dt.date | None]
    royal_assent_on: Mapped[dt.date | None]
    sponsor_keys: Mapped[list[str]] = mapped_column(TextArray)
    related_keys: Mapped[list[str]] = mapped_column(TextArray)

    @staticmethod
    def own_indexes() -> tuple[Any, ...]:
        """Return the indexes that only this table has."""
        return (
            Index("ix_bill_session_number", "session", "number"),
            Index("ix_bill_introduced_on", "introduced_on", "id"),
            Index("ix_bill_sponsor_keys", "sponsor_keys", postgresql_using="gin"),
        )


class BillText(CivicRow, Model):
    """The text of one version of a bill in one language."""

    __tablename__ = "bill_text"
    bill_key: Mapped[str] = mapped_column(index=True)
    version: Mapped[str]
    language: Mapped[str]


class VoteEvent(CivicRow, Model):
    """A recorded division; its ballots are rows of their own."""

    __tablename__ = "vote_event"
    has_identifiers: ClassVar[bool] = True
    organization_key: Mapped[str] = mapped_column(index=True)
    session: Mapped[str]
    number: Mapped[int | None]
    date: Mapped[dt.date]
    result: Mapped[str]
    bill_key: Mapped[str | None] = mapped_column(index=True)
    event_key: Mapped[str | None] = mapped_column(index=True)
    yes_count: Mapped[int]
    no_count: Mapped[int]
    paired_count: Mapped[int]
    ballot_count: Mapped[int]
    is_consistent: Mapped[bool | None]
    """Whether the ballots add up to the totals that the source states; NULL when it states none."""
    party_lines: Mapped[list[Any]] = mapped_column(JSON)
    """Per party: its counts, its line (yes, no, free or none) and who broke it."""
    ballots_hash: Mapped[bytes | None] = mapped_column(LargeBinary)

    @staticmethod
    def own_indexes() -> tuple[Any, ...]:
        """Return the indexes that only this table has."""
        return (Index("ix_vote_event_session_number", "session", "number"),)


class Ballot(Model):
    """How one member voted in one division."""

    __tablename__ = "ballot"
    vote_id: Mapped[UUID] = mapped_column(primary_key=True)
    position: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    """Order in which the source lists it, from 0."""
    date: Mapped[dt.date]
    person_key: Mapped[str | None]
    name: Mapped[str]
    option: Mapped[str]
    party: Mapped[str]
    constituency: Mapped[str]
    identifiers: Mapped[list[str] | None] = mapped_column(ARRAY(Text))
    is_dissent: Mapped[bool]
    """Whether it went against the line of the member's party."""

    __table_args__ = (Index(None, "person_key", "date", "vote_id"),)
