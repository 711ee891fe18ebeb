"""Facts kept from the change feed: what indicators are computed from, rebuildable at any time."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import BigInteger, Index, SmallInteger
from sqlalchemy.orm import Mapped, mapped_column

from hubs.intelligence_hub.base import Model


class VoteFact(Model):
    """One recorded vote."""

    __tablename__ = "vote_fact"

    vote_key: Mapped[str] = mapped_column(primary_key=True)
    slug: Mapped[str]
    date: Mapped[date] = mapped_column(index=True)
    session: Mapped[str]
    organization_key: Mapped[str]
    result: Mapped[str]
    subject_en: Mapped[str]
    subject_fr: Mapped[str]
    bill_key: Mapped[str | None]


class BallotFact(Model):
    """How one member voted in one vote."""

    __tablename__ = "ballot_fact"
    __table_args__ = (Index("ix_ballot_fact_member", "member_key", "vote_key"),)

    vote_key: Mapped[str] = mapped_column(primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    member_key: Mapped[str]
    """The person's key, or the name as printed when no person was found."""
    name: Mapped[str]
    party: Mapped[str]
    option: Mapped[str]


class BillFact(Model):
    """One bill with the days that matter."""

    __tablename__ = "bill_fact"

    bill_key: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[str]
    session: Mapped[str]
    chamber: Mapped[str]
    is_government: Mapped[bool | None]
    title_en: Mapped[str]
    title_fr: Mapped[str]
    status_code: Mapped[str]
    status_en: Mapped[str]
    status_fr: Mapped[str]
    introduced_on: Mapped[date | None]
    royal_assent_on: Mapped[date | None]
    sponsor_key: Mapped[str]
    sponsor_name: Mapped[str]
    stages: Mapped[list[dict[str, Any]]]


class FeedPosition(Model):
    """How far the change feed was read; moved in the transaction that keeps what was read."""

    __tablename__ = "feed_position"

    id: Mapped[int] = mapped_column(SmallInteger(), primary_key=True, autoincrement=False)
    seq: Mapped[int] = mapped_column(BigInteger())
