"""Members of the House of Commons, from ``ourcommons.ca/Members/en/search/XML``.

Documents: ``ourcommons/members/members_search_2021-03.xml`` (without ``PersonId``) and
``members_search_45-1_with_PersonId_EXCERPT.xml`` (with it); the CSV export of the same list
is read as well. With the parameter ``profiles`` each member's profile page is read for contacts.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from services.scraper.parsers import keys
from services.scraper.parsers.base import Document, Fetch, Parser, ParseResult
from services.scraper.parsers.house_bodies import HOUSE, PARLIAMENT, party
from services.scraper.parsers.house_pages import read_addresses, read_constituencies, read_contacts
from services.scraper.parsers.tabular import read_table
from services.scraper.parsers.text import clean, head, is_html_page
from services.scraper.parsers.xml import leaf, parse_xml
from shared.contracts.civic import Identifier, Link, Record
from shared.contracts.people import MembershipRecord, PersonRecord, PostRecord
from shared.contracts.records import RECORD_KINDS

PERSON_SCHEME = "ourcommons.ca/person"
_CSV_COLUMNS = ("First Name", "Last Name", "Constituency", "Province / Territory", "Political Affiliation")
_CSV_OPTIONAL = ("Person ID", "Honorific Title", "Start Date", "End Date")
_CSV_COLUMNS_FR = {
    "titre honorifique": "Honorific Title",
    "prénom": "First Name",
    "nom de famille": "Last Name",
    "circonscription": "Constituency",
    "province / territoire": "Province / Territory",
    "affiliation politique": "Political Affiliation",
    "appartenance politique": "Political Affiliation",
    "date de début": "Start Date",
    "date de fin": "End Date",
}
"""How the French export is taken to word its columns; no such file was at hand."""


@dataclass(frozen=True, slots=True)
class _Member:
    person_id: str
    honorific: str
    given_name: str
    family_name: str
    riding: str
    province: str
    caucus: str
    start: date | None
    end: date | None


def read_members(document: Document) -> ParseResult:
    """Read the members list.

    Raises: ParseFailed (``wrong-shape``, ``empty``, or as ``parse_xml``).
    """
    return _records(document, list(_xml_members(document)))


def read_members_csv(document: Document) -> ParseResult:
    """Read the CSV export of the members list.

    Raises: ParseFailed (``wrong-shape``, ``empty``, or as ``read_table``).
    """
    members = [
        _Member(
            person_id=row.get("Person ID", ""),
            honorific=row.get("Honorific Title", ""),
            given_name=row["First Name"],
            family_name=row["Last Name"],
            riding=row["Constituency"],
            province=row["Province / Territory"],
            caucus=row["Political Affiliation"],
            start=_day(document, row.get("Start Date", "")),
            end=_day(document, row.get("End Date", "")),
        )
        for row in read_table(document, _CSV_COLUMNS, _CSV_OPTIONAL, _CSV_COLUMNS_FR)
    ]
    return _records(document, members)


def _xml_members(document: Document) -> Iterator[_Member]:
    root = parse_xml(document)
    if root.tag != "ArrayOfMemberOfParliament":
        raise document.failed("wrong-shape", f"root element {root.tag!r}, not ArrayOfMemberOfParliament")
    for element in root.iter("MemberOfParliament"):
        yield _Member(
            person_id=leaf(element, "PersonId"),
            honorific=leaf(element, "PersonShortHonorific"),
            given_name=leaf(element, "PersonOfficialFirstName"),
            family_name=leaf(element, "PersonOfficialLastName"),
            riding=leaf(element, "ConstituencyName"),
            province=leaf(element, "ConstituencyProvinceTerritoryName"),
            caucus=leaf(element, "CaucusShortName"),
            start=_day(document, leaf(element, "FromDateTime")),
            end=_day(document, leaf(element, "ToDateTime")),
        )


def _records(document: Document, members: list[_Member]) -> ParseResult:
    result = ParseResult()
    if not members:
        raise document.failed("empty", "the list holds no member")
    result.add(PARLIAMENT, HOUSE)
    seen_parties: set[str] = set()
    for member in members:
        name = clean(f"{member.given_name} {member.family_name}")
        if not name or not member.riding:
            raise document.failed("wrong-shape", f"a member without name or riding: {member}"[:300])
        body = party(member.caucus)
        if body is not None and body.key not in seen_parties:
            seen_parties.add(body.key)
            result.add(body)
        records = _records_of(member, name, body.key if body else None)
        if member.person_id and document.source.parameter("profiles"):
            result.next(
                Fetch(
                    url=f"https://www.ourcommons.ca/Members/en/{member.person_id}",
                    step="profile",
                    context={"records": [_packed(record) for record in records]},
                    is_required=False,
                    may_be_missing=True,
                    otherwise=records,
                )
            )
        else:
            result.add(*records)
    result.completes("membership", f"{keys.HOUSE}/membership/")
    return result


def _records_of(member: _Member, name: str, party_key: str | None) -> tuple[Record, ...]:
    person_key = keys.person(member.person_id, name)
    return (
        _person(member, person_key, name),
        PostRecord(
            key=keys.seat(member.riding),
            organization_key=keys.HOUSE,
            label_en=f"Member of Parliament for {member.riding}",
            label_fr=f"Député(e) – {member.riding}",
            role_en="Member of Parliament",
            role_fr="Député(e)",
            division_name=member.riding,
        ),
        MembershipRecord(
            key=_membership_key(member, name),
            person_key=person_key,
            organization_key=keys.HOUSE,
            post_key=keys.seat(member.riding),
            on_behalf_of_key=party_key,
            role_en="Member of Parliament",
            role_fr="Député(e)",
            party=member.caucus,
            area=member.riding,
            province=member.province,
            start_date=member.start,
            end_date=member.end,
        ),
    )


def _packed(record: Record) -> dict[str, Any]:
    return {"kind": record.kind, "facts": record.facts()}


def read_profile(document: Document) -> ParseResult:
    """Read a member's profile page and join its contacts and photo to what the list says.

    Raises: ParseFailed (``wrong-shape``, or as ``parse_page``).
    """
    result = ParseResult()
    profile = read_contacts(document)
    packed = document.context.get("records") or []
    for each in packed:
        record = RECORD_KINDS[each["kind"]].model_validate(each["facts"])
        if isinstance(record, PersonRecord):
            record = record.model_copy(update={"contacts": profile.contacts, "image": profile.image})
        result.add(record)
    if not packed:
        result.add(PersonRecord(key=keys.person("", profile.name), **profile.fields()))
    return result


def _person(member: _Member, key: str, name: str) -> PersonRecord:
    identifiers: tuple[Identifier, ...] = ()
    links: tuple[Link, ...] = ()
    if member.person_id:
        identifiers = (Identifier(scheme=PERSON_SCHEME, value=member.person_id),)
        links = (
            Link(url=f"https://www.ourcommons.ca/Members/en/{member.person_id}", note="profile (en)"),
            Link(url=f"https://www.ourcommons.ca/Members/fr/{member.person_id}", note="profile (fr)"),
        )
    return PersonRecord(
        key=key,
        name=name,
        given_name=member.given_name,
        family_name=member.family_name,
        honorific_prefix=member.honorific,
        identifiers=identifiers,
        links=links,
    )


def _membership_key(member: _Member, name: str) -> str:
    who = keys.person(member.person_id, name).rpartition("/")[2]
    start = member.start.isoformat() if member.start else "unknown"
    return f"{keys.HOUSE}/membership/{who}/{start}"


def _day(document: Document, text: str) -> date | None:
    if not text:
        return None
    for form in (None, "%m/%d/%Y %I:%M:%S %p", "%Y-%m-%d %I:%M:%S %p"):
        try:
            moment = datetime.fromisoformat(text) if form is None else datetime.strptime(text, form)  # noqa: DTZ007
        except ValueError:
            continue
        return moment.date()
    raise document.failed("wrong-shape", f"not a date: {text!r}")


def recognise(document: Document) -> str:
    """Tell the list, its CSV export and the three kinds of pages apart."""
    start = head(document.body)
    if start.startswith("<Array"):
        return "members"
    page = head(document.body, 4_000_000) if is_html_page(document.body) else ""
    for mark, step in (
        ("Constituency Office(s)", "addresses"),
        ("mip-constituency-tile", "constituencies"),
        ('id="contact"', "profile"),
    ):
        if mark in page:
            return step
    return "members_csv" if start and not start.startswith("<") else "members"


PARSER = Parser(
    name="house-members",
    version=3,
    steps={
        "members": read_members,
        "members_csv": read_members_csv,
        "profile": read_profile,
        "addresses": read_addresses,
        "constituencies": read_constituencies,
    },
    recognise=recognise,
)
