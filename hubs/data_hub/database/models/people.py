"""Tables of people and the bodies they sit in."""

from __future__ import annotations

import datetime as dt
from typing import Any, ClassVar

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from hubs.data_hub.base import Model
from hubs.data_hub.database.models.row import CivicRow, TextArray


class Jurisdiction(CivicRow, Model):
    """A government with a legislature or council."""

    __tablename__ = "jurisdiction"
    ocd_id: Mapped[str] = mapped_column(index=True)
    level: Mapped[str] = mapped_column(index=True)
    division_id: Mapped[str]
    url: Mapped[str]


class Division(CivicRow, Model):
    """A territory with the dates between which it is valid."""

    __tablename__ = "division"
    has_identifiers: ClassVar[bool] = True
    ocd_id: Mapped[str] = mapped_column(index=True)
    type: Mapped[str] = mapped_column(index=True)
    parent_ocd_id: Mapped[str] = mapped_column(index=True)
    valid_from: Mapped[dt.date | None]
    valid_through: Mapped[dt.date | None]


class Organization(CivicRow, Model):
    """A legislature, chamber, party, committee or council."""

    __tablename__ = "organization"
    has_identifiers: ClassVar[bool] = True
    classification: Mapped[str] = mapped_column(index=True)
    abbreviation: Mapped[str]
    parent_key: Mapped[str | None] = mapped_column(index=True)
    session: Mapped[str]
    start_date: Mapped[dt.date | None]
    end_date: Mapped[dt.date | None]


class Post(CivicRow, Model):
    """A seat, held or vacant."""

    __tablename__ = "post"
    organization_key: Mapped[str] = mapped_column(index=True)
    division_id: Mapped[str] = mapped_column(index=True)
    division_name: Mapped[str]
    division_folded: Mapped[str] = mapped_column(server_default="")
    role_en: Mapped[str]
    is_vacant: Mapped[bool]

    @staticmethod
    def own_indexes() -> tuple[Any, ...]:
        """Return the indexes that only this table has."""
        return (Index(None, "organization_key", "division_folded"),)


class Person(CivicRow, Model):
    """A person."""

    __tablename__ = "person"
    has_identifiers: ClassVar[bool] = True
    name: Mapped[str]
    family_name: Mapped[str]
    given_name: Mapped[str]
    gender: Mapped[str]
    name_keys: Mapped[list[str]] = mapped_column(TextArray)
    """Every name the person goes by, folded: what ballots and speeches are matched with."""

    @staticmethod
    def own_indexes() -> tuple[Any, ...]:
        """Return the indexes that only this table has."""
        return (
            Index("ix_person_name_keys", "name_keys", postgresql_using="gin"),
            Index("ix_person_merged_into", "merged_into"),
        )


class Membership(CivicRow, Model):
    """A person in a body between two dates."""

    __tablename__ = "membership"
    person_key: Mapped[str] = mapped_column(index=True)
    organization_key: Mapped[str] = mapped_column(index=True)
    post_key: Mapped[str | None] = mapped_column(index=True)
    on_behalf_of_key: Mapped[str | None]
    role_en: Mapped[str]
    party: Mapped[str] = mapped_column(index=True)
    area: Mapped[str] = mapped_column(index=True)
    area_folded: Mapped[str] = mapped_column(server_default="")
    province: Mapped[str]
    start_date: Mapped[dt.date | None]
    end_date: Mapped[dt.date | None]

    @staticmethod
    def own_indexes() -> tuple[Any, ...]:
        """Return the indexes that only this table has."""
        return (Index(None, "organization_key", "area_folded"),)


class Election(CivicRow, Model):
    """An election or by-election."""

    __tablename__ = "election"
    has_identifiers: ClassVar[bool] = True
    date: Mapped[dt.date]
    is_byelection: Mapped[bool]


class Candidacy(CivicRow, Model):
    """One candidate in one division of one election."""

    __tablename__ = "candidacy"
    election_key: Mapped[str] = mapped_column(index=True)
    person_key: Mapped[str | None] = mapped_column(index=True)
    division_id: Mapped[str] = mapped_column(index=True)
    division_name_en: Mapped[str]
    party_en: Mapped[str]
    votes: Mapped[int | None]
    is_elected: Mapped[bool | None]
    is_incumbent: Mapped[bool | None]
