"""Records about people and the bodies they sit in (Popolo: Person, Organization, Post, Membership)."""

from __future__ import annotations

from typing import ClassVar, Literal

from shared.contracts.civic import ContactDetail, Day, Identifier, Key, Link, Record, ShortText, Text


class DivisionRecord(Record):
    """A territory (Open Civic Data division) with the dates between which it is valid."""

    kind: ClassVar[str] = "division"
    ocd_id: ShortText
    name_en: ShortText
    name_fr: ShortText = ""
    type: ShortText = ""
    valid_from: Day | None = None
    valid_through: Day | None = None
    parent_ocd_id: ShortText = ""
    identifiers: tuple[Identifier, ...] = ()


class JurisdictionRecord(Record):
    """A government with a legislature or council."""

    kind: ClassVar[str] = "jurisdiction"
    ocd_id: ShortText
    name_en: ShortText
    name_fr: ShortText = ""
    level: Literal["federal", "provincial", "municipal", "regional", "school", "other"]
    division_id: ShortText = ""
    url: ShortText = ""


class OrganizationRecord(Record):
    """A legislature, chamber, party, committee or council."""

    kind: ClassVar[str] = "organization"
    name_en: ShortText
    name_fr: ShortText = ""
    classification: Literal[
        "legislature", "chamber", "party", "committee", "subcommittee", "council", "ministry", "other"
    ]
    abbreviation: ShortText = ""
    parent_key: Key | None = None
    session: ShortText = ""
    start_date: Day | None = None
    end_date: Day | None = None
    identifiers: tuple[Identifier, ...] = ()
    links: tuple[Link, ...] = ()


class PostRecord(Record):
    """A seat: it exists while nobody holds it (``is_vacant``)."""

    kind: ClassVar[str] = "post"
    organization_key: Key
    label_en: ShortText
    label_fr: ShortText = ""
    role_en: ShortText = ""
    role_fr: ShortText = ""
    division_id: ShortText = ""
    division_name: ShortText = ""
    is_vacant: bool = False


class PersonRecord(Record):
    """A person; memberships travel as records of their own."""

    kind: ClassVar[str] = "person"
    name: ShortText
    given_name: ShortText = ""
    family_name: ShortText = ""
    honorific_prefix: ShortText = ""
    gender: ShortText = ""
    birth_date: ShortText = ""
    image: ShortText = ""
    biography_en: Text = ""
    biography_fr: Text = ""
    other_names: tuple[ShortText, ...] = ()
    identifiers: tuple[Identifier, ...] = ()
    contacts: tuple[ContactDetail, ...] = ()
    links: tuple[Link, ...] = ()


class MembershipRecord(Record):
    """A person in a body, or in a post of it, between two dates."""

    kind: ClassVar[str] = "membership"
    person_key: Key
    organization_key: Key
    post_key: Key | None = None
    on_behalf_of_key: Key | None = None
    """The party on whose behalf the seat is held."""
    role_en: ShortText = ""
    role_fr: ShortText = ""
    party: ShortText = ""
    area: ShortText = ""
    province: ShortText = ""
    start_date: Day | None = None
    end_date: Day | None = None


class ElectionRecord(Record):
    """An election or by-election."""

    kind: ClassVar[str] = "election"
    name_en: ShortText
    name_fr: ShortText = ""
    date: Day
    is_byelection: bool = False
    identifiers: tuple[Identifier, ...] = ()


class CandidacyRecord(Record):
    """One candidate in one division of one election."""

    kind: ClassVar[str] = "candidacy"
    election_key: Key
    person_key: Key | None = None
    name: ShortText
    party_en: ShortText = ""
    party_fr: ShortText = ""
    division_name_en: ShortText
    division_name_fr: ShortText = ""
    division_id: ShortText = ""
    votes: int | None = None
    vote_share: float | None = None
    is_elected: bool | None = None
    is_incumbent: bool | None = None
    is_acclaimed: bool = False
    occupation: ShortText = ""
    residence: ShortText = ""
