"""Who holds which office in the House and the government: ministers, secretaries, officers, party standings.

Documents: ``ourcommons/members/house_officers_45-1_2026.xml`` (``ArrayOfHouseOfficer``); the exports
``ministries/XML`` (``ArrayOfMinister``), ``parliamentary-secretaries/XML`` and ``party-standings/XML``
(``ArrayOfPartyStanding``) have the same leaves.
"""

from __future__ import annotations

from collections import Counter
from datetime import date

from lxml import etree

from services.scraper.parsers import keys
from services.scraper.parsers.base import Document, Parser, ParseResult
from services.scraper.parsers.house_bodies import HOUSE, PARLIAMENT, party, party_key
from services.scraper.parsers.text import clean, head, slug
from services.scraper.parsers.xml import leaf, local_day, parse_xml
from shared.contracts.people import MembershipRecord, OrganizationRecord

CABINET = OrganizationRecord(
    key="ca/cabinet",
    name_en="Ministry of the Government of Canada",
    name_fr="Conseil des ministres du Canada",
    classification="ministry",
    parent_key=None,
)
_OFFICES = {
    "Minister": CABINET.key,
    "CabinetMember": CABINET.key,
    "ParliamentarySecretary": CABINET.key,
    "HouseOfficer": keys.HOUSE,
    "ChairOccupant": keys.HOUSE,
}


def read_offices(document: Document) -> ParseResult:
    """Read one list of office holders; French titles come from the companion ``fr`` by person and date.

    Raises: ParseFailed (``wrong-shape``, ``empty``, or as ``parse_xml``).
    """
    result = ParseResult()
    kind, rows = _rows(document)
    french = document.companions.get("fr")
    titles_fr = _titles(french) if french else {}
    organization = _OFFICES[kind]
    result.add(PARLIAMENT, HOUSE, *([CABINET] if organization == CABINET.key else []))
    for row in rows:
        title, identity = leaf(row, "Title"), _identity(row)
        if not title or not identity[0]:
            raise document.failed("wrong-shape", f"a {kind} without a title or a person")
        names = titles_fr.get(identity, [])
        title_fr = names.pop(0) if names else ""
        if french and not title_fr:
            result.alarm(french.url, "no-translation", f"{title} of {identity[0]} has no French title")
        result.add(_membership(kind, organization, row, title, title_fr))
    result.completes("membership", f"{organization}/{slug(kind)}/")
    return result


def _rows(document: Document) -> tuple[str, list[etree._Element]]:
    root = parse_xml(document)
    kind = str(root.tag).removeprefix("ArrayOf")
    rows = [row for row in root if row.tag == kind]
    if kind not in _OFFICES or len(rows) != len(root):
        raise document.failed("wrong-shape", f"root element {root.tag!r}, not a list of office holders")
    if not rows:
        raise document.failed("empty", "the list names nobody")
    return kind, rows


def _identity(row: etree._Element) -> tuple[str, str]:
    name = clean(f"{leaf(row, 'PersonOfficialFirstName')} {leaf(row, 'PersonOfficialLastName')}")
    return leaf(row, "PersonId") or slug(name), leaf(row, "FromDateTime")


def _titles(document: Document) -> dict[tuple[str, str], list[str]]:
    titles: dict[tuple[str, str], list[str]] = {}
    for row in _rows(document)[1]:
        titles.setdefault(_identity(row), []).append(leaf(row, "Title"))
    return titles


def _membership(
    kind: str, organization: str, row: etree._Element, title: str, title_fr: str
) -> MembershipRecord:
    name = clean(f"{leaf(row, 'PersonOfficialFirstName')} {leaf(row, 'PersonOfficialLastName')}")
    person_key = keys.person(leaf(row, "PersonId"), name)
    start: date | None = local_day(leaf(row, "FromDateTime"))
    who = person_key.rpartition("/")[2]
    caucus = leaf(row, "CaucusShortName")
    return MembershipRecord(
        key=f"{organization}/{slug(kind)}/{who}/{slug(title)[:80]}/{start or 'unknown'}",
        person_key=person_key,
        organization_key=organization,
        on_behalf_of_key=party_key(caucus) if caucus else None,
        # Some titles in the export begin with a small letter.
        role_en=title[:1].upper() + title[1:],
        role_fr=title_fr[:1].upper() + title_fr[1:],
        party=caucus,
        area=leaf(row, "ConstituencyName"),
        province=leaf(row, "ProvinceTerritoryName") or leaf(row, "ConstituencyProvinceTerritoryName"),
        start_date=start,
        end_date=local_day(leaf(row, "ToDateTime")),
    )


def read_standings(document: Document) -> ParseResult:
    """Read the seats by province and party: which parties there are; seats are counted from members.

    Raises: ParseFailed (``wrong-shape``, ``empty``, or as ``parse_xml``).
    """
    result = ParseResult()
    root = parse_xml(document)
    if root.tag != "ArrayOfPartyStanding":
        raise document.failed("wrong-shape", f"root element {root.tag!r}, not ArrayOfPartyStanding")
    seats: Counter[str] = Counter()
    for row in root.iter("PartyStanding"):
        count = leaf(row, "SeatCount")
        if not count.isdigit():
            raise document.failed("wrong-shape", f"SeatCount is {count[:50]!r}")
        seats[leaf(row, "CaucusShortName")] += int(count)
    if not seats:
        raise document.failed("empty", "the table names no party")
    for name in seats:
        body = party(name)
        if body is not None:
            result.add(body)
        elif name.lower() not in {"independent", "vacant", "indépendant"}:
            result.skip("no party")
    return result


def recognise(document: Document) -> str:
    """Tell the party standings from the lists of office holders."""
    return "standings" if "<ArrayOfPartyStanding" in head(document.body) else "offices"


PARSER = Parser(
    name="house-roles",
    version=1,
    steps={"offices": read_offices, "standings": read_standings},
    recognise=recognise,
)
