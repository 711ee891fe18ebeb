"""LEGISinfo's list before 2021, where a list held every bill in full.

Document: ``legisinfo/old_xml/bills_42-1_2018_old_schema.xml`` (``Bills/Bill[@id]``, texts as
``Title[@language]``, events with chamber and date).
"""

from __future__ import annotations

from datetime import date

from lxml import etree

from services.scraper.parsers import keys
from services.scraper.parsers.base import Document, ParseResult
from services.scraper.parsers.legisinfo_codes import classify
from services.scraper.parsers.text import slug, straight_apostrophes
from services.scraper.parsers.xml import local_day, parse_xml, whole_text
from shared.contracts.civic import Identifier, Link
from shared.contracts.legislation import BillAction, BillRecord, BillVersion, Chamber, Sponsor

_PAGE = "https://www.parl.ca/legisinfo/{language}/bill/{session}/{number}"
_ASSENT = "royal-assent"


def read_bills(document: Document) -> ParseResult:
    """Read the list.

    Raises: ParseFailed (``wrong-shape``, ``empty``, or as ``parse_xml``).
    """
    result = ParseResult()
    root = parse_xml(document)
    bills = [child for child in root if child.tag == "Bill" and child.get("id")]
    if root.tag != "Bills" or (len(root) and not bills):
        raise document.failed("wrong-shape", f"root element {root.tag!r}, not bills with an id")
    if not bills:
        raise document.failed("empty", "the list holds no bill")
    for bill in bills:
        result.add(_bill(document, bill))
    return result


def _bill(document: Document, bill: etree._Element) -> BillRecord:
    place = bill.find("ParliamentSession")
    numbered = bill.find("BillNumber")
    if place is None or numbered is None:
        raise document.failed("wrong-shape", f"bill {bill.get('id')} has no number or session")
    session = f"{place.get('parliamentNumber')}-{place.get('sessionNumber')}"
    number = keys.bill_number(f"{numbered.get('prefix')}-{numbered.get('number')}")
    title_en, title_fr = _pair(bill, "BillTitle")
    if not number or not title_en:
        raise document.failed("wrong-shape", f"bill {bill.get('id')} has no number or title")
    kind_en, kind_fr = _pair(bill, "BillType")
    short_en, short_fr = _pair(bill, "ShortTitle")
    actions = _actions(bill)
    latest = bill.find("Events/LastMajorStageEvent/Event")
    status_en, status_fr = _pair(latest, "Status") if latest is not None else ("", "")
    assent = next((a.date for a in actions if slug(a.description_en) == _ASSENT), None)
    return BillRecord(
        key=keys.bill(session, number),
        session=session,
        number=number,
        title_en=title_en,
        title_fr=title_fr,
        short_title_en=short_en,
        short_title_fr=short_fr,
        type_en=kind_en,
        type_fr=kind_fr,
        is_government="Government" in kind_en,
        is_private_member="Private Member" in kind_en,
        chamber="senate" if number.startswith("S") else "house",
        introduced_on=local_day(whole_text(bill.find("BillIntroducedDate"))),
        latest_activity_on=local_day(latest.get("date") or "") if latest is not None else None,
        latest_activity_en=status_en,
        latest_activity_fr=status_fr,
        royal_assent_on=assent,
        statute_year=_number(bill, "Statute/Year"),
        statute_chapter=str(_number(bill, "Statute/Chapter") or ""),
        sponsors=_sponsors(bill),
        actions=actions,
        versions=_versions(bill),
        identifiers=(Identifier(scheme="parl.ca/legisinfo", value=bill.get("id") or ""),),
        links=tuple(
            Link(
                url=_PAGE.format(language=language, session=session, number=number.lower()),
                note=f"LEGISinfo ({language})",
            )
            for language in ("en", "fr")
        ),
        detail_level="detail",
    )


def _pair(element: etree._Element, name: str) -> tuple[str, str]:
    texts = {
        title.get("language"): straight_apostrophes(whole_text(title))
        for title in element.findall(f"{name}/Title")
    }
    return texts.get("en", ""), texts.get("fr", "")


def _number(element: etree._Element, path: str) -> int | None:
    text = whole_text(element.find(path))
    return int(text) if text.isdigit() and int(text) else None


def _sponsors(bill: etree._Element) -> tuple[Sponsor, ...]:
    affiliation = bill.find("SponsorAffiliation")
    person = None if affiliation is None else affiliation.find("Person")
    if affiliation is None or person is None or not whole_text(person.find("FullName")):
        return ()
    name = whole_text(person.find("FullName"))
    title_en, title_fr = (straight_apostrophes(whole_text(title)) for title in _titles(affiliation))
    identity = person.get("id") or ""
    return (
        Sponsor(
            person_key=keys.senator(name) if slug(title_en) == "senator" else keys.person(identity, name),
            name=name,
            title_en=title_en,
            title_fr=title_fr,
            identifiers=(Identifier(scheme="ourcommons.ca/person", value=identity),) if identity else (),
        ),
    )


def _titles(affiliation: etree._Element) -> tuple[etree._Element | None, etree._Element | None]:
    found = {title.get("language"): title for title in affiliation.findall("Title")}
    return found.get("en"), found.get("fr")


def _actions(bill: etree._Element) -> tuple[BillAction, ...]:
    dated: dict[tuple[date, str, str], BillAction] = {}
    for event in bill.findall("Events/LegislativeEvents/Event"):
        on = local_day(event.get("date") or "")
        en, fr = _pair(event, "Status")
        chamber: Chamber = "senate" if event.get("chamber") == "SEN" else "house"
        if on and en:
            dated[on, chamber, en] = BillAction(
                date=on, chamber=chamber, description_en=en, description_fr=fr, classification=classify(en)
            )
    return tuple(sorted(dated.values(), key=lambda action: action.date))


def _versions(bill: etree._Element) -> tuple[BillVersion, ...]:
    versions = []
    for publication in bill.findall("Publications/Publication"):
        titles = {title.get("language"): whole_text(title) for title in publication.findall("Title")}
        files = {
            file.get("language"): f"https:{file.get('relativePath')}"
            for file in publication.iter("PublicationFile")
            if (file.get("relativePath") or "").startswith("//")
        }
        if publication.get("id") and titles.get("en"):
            versions.append(
                BillVersion(
                    identifier=publication.get("id") or "",
                    name_en=titles["en"],
                    name_fr=straight_apostrophes(titles.get("fr", "")),
                    url_en=files.get("en", ""),
                    url_fr=files.get("fr", ""),
                )
            )
    return tuple(versions)


def is_old_list(start: str) -> bool:
    """Tell this schema from the present one by the attribute that only it has."""
    return "<Bill id=" in start
