"""House and joint committees, their meetings and their evidence.

Pages: ``/Committees/en/List`` (``.accordion-item`` with ``.committee-acronym-cell``),
``/Committees/en/{ACR}/Meetings`` (``#meeting-item-{id}.meeting-item-{date}``), the document viewer, whose
link to XML leads to the evidence. The evidence itself is read as a Hansard document.
"""

from __future__ import annotations

import re
from datetime import date, datetime, time
from urllib.parse import urljoin
from zoneinfo import ZoneInfo

from lxml import html

from services.scraper.parsers import keys
from services.scraper.parsers.base import Document, Fetch, Parser, ParseResult
from services.scraper.parsers.hansard import pair as pair_evidence
from services.scraper.parsers.hansard import read_listed_debate as read_evidence
from services.scraper.parsers.hansard_reading import OTTAWA
from services.scraper.parsers.house_bodies import HOUSE, PARLIAMENT, SENATE
from services.scraper.parsers.page import parse_page
from services.scraper.parsers.text import clean, head, slug
from shared.contracts.civic import Identifier, Link
from shared.contracts.people import OrganizationRecord
from shared.contracts.proceedings import AgendaItem, EventRecord

_SITES = {"house": "https://www.ourcommons.ca", "joint": "https://www.parl.ca"}
_MEETINGS = "{site}/Committees/{language}/{acronym}/Meetings?parl={parliament}&session={session}"
_ACRONYM = re.compile(r"^[A-Z]{2,6}\d?$")
_CLOCK = re.compile(r"(\d{1,2})\s*(?::|\s?h\s?)(\d{2})\s*(a\.?m\.?|p\.?m\.?)?", re.IGNORECASE)
_BUTTONS = (("notice", "notice of meeting"), ("minutes", "minutes"), ("evidence", "evidence"))


def read_list(document: Document) -> ParseResult:
    """Read the list of committees; the meetings of each are followed.

    Raises: ParseFailed (``empty``, or as ``parse_page``).
    """
    result = ParseResult()
    french = document.companions.get("fr")
    names_fr = {acronym: name for acronym, name, _, _ in _committees(french)} if french else {}
    session = document.source.parameter("session")
    parliament, _, ordinal = session.partition("-")
    result.add(PARLIAMENT, HOUSE, SENATE)
    seen: set[str] = set()
    for acronym, name, is_joint, subcommittees in _committees(document):
        if acronym in seen:
            continue
        seen.add(acronym)
        key = keys.committee(acronym, session)
        result.add(
            OrganizationRecord(
                key=key,
                name_en=name,
                name_fr=names_fr.get(acronym, ""),
                classification="committee",
                abbreviation=acronym,
                parent_key=keys.PARLIAMENT if is_joint else keys.HOUSE,
                session=session,
            )
        )
        for sub in subcommittees:
            result.add(
                OrganizationRecord(
                    key=f"{key}/{slug(sub)[:120]}",
                    name_en=sub,
                    classification="subcommittee",
                    parent_key=key,
                    session=session,
                )
            )
        urls = {
            language: _MEETINGS.format(
                site=_SITES["joint" if is_joint else "house"],
                language=language,
                acronym=acronym,
                parliament=parliament,
                session=ordinal,
            )
            for language in ("en", "fr")
        }
        result.next(
            Fetch(
                url=urls["en"],
                step="meetings",
                context={"acronym": acronym, "name_en": name, "name_fr": names_fr.get(acronym, "")},
                companions={"fr": urls["fr"]},
                is_companion_required=False,
                may_be_missing=True,
            )
        )
    if not seen:
        raise document.failed("empty", "the page lists no committee")
    result.completes("organization", f"{keys.HOUSE}/committee/{session}/")
    return result


def _committees(document: Document) -> list[tuple[str, str, bool, list[str]]]:
    """Return acronym, name, whether joint, and the names of subcommittees."""
    found = []
    for item in parse_page(document).xpath('//*[contains(concat(" ", @class, " "), " accordion-item ")]'):
        acronym = _text(item, "committee-acronym-cell")
        name = _text(item, "committee-name")
        if not _ACRONYM.match(acronym) or not name:
            continue
        section = str(item.xpath('string(ancestor::*[contains(@id, "-committees-section")][1]/@id)'))
        links = " ".join(map(str, item.xpath(".//a/@href")))
        is_joint = section.startswith("joint") or "//www.parl.ca/Committees" in links
        subs = [
            clean(sub.text_content()) for sub in item.xpath('.//*[contains(@class, "subcommittee-name")]')
        ]
        found.append((acronym, name, is_joint, [sub for sub in subs if sub]))
    return found


def _text(item: html.HtmlElement, mark: str) -> str:
    return clean(str(item.xpath(f'string(.//*[contains(concat(" ", @class, " "), " {mark} ")])')))


def read_meetings(document: Document) -> ParseResult:
    """Read the meetings of one committee; where the source wants it, their evidence is followed.

    Raises: ParseFailed (as ``parse_page``).
    """
    result = ParseResult()
    french = document.companions.get("fr")
    studies_fr = {_id(item): _studies(item) for item in _meetings(french)} if french else {}
    session = document.source.parameter("session")
    acronym = str(document.context.get("acronym") or _acronym_of(document))
    committee_key = keys.committee(acronym, session)
    with_evidence = bool(document.source.parameter("evidence"))
    for item in _meetings(document):
        event, evidence = _event(document, item, acronym, committee_key, studies_fr.get(_id(item), []))
        if not with_evidence:
            result.add(event)
        elif evidence:
            result.next(Fetch(url=evidence, step="viewer", may_be_missing=True))
    if not with_evidence:
        result.completes("event", f"{committee_key}/meeting/")
    return result


def _acronym_of(document: Document) -> str:
    found = re.search(r"/Committees/(?:en|fr)/([A-Za-z]{2,6}\d?)/", document.url)
    if found is None:
        raise document.failed("wrong-shape", "the address names no committee")
    return found[1].upper()


def _meetings(document: Document) -> list[html.HtmlElement]:
    return list(parse_page(document).xpath('//*[starts-with(@id, "meeting-item-")]'))


def _id(item: html.HtmlElement) -> str:
    return str(item.get("id") or "").removeprefix("meeting-item-")


def _studies(item: html.HtmlElement) -> list[str]:
    # The page prints each study twice, for two sizes of screen.
    texts = [clean(x.text_content()) for x in item.xpath('.//*[contains(@class, "studies-activities-item")]')]
    return list(dict.fromkeys(text for text in texts if text))


def _event(
    document: Document, item: html.HtmlElement, acronym: str, committee_key: str, studies_fr: list[str]
) -> tuple[EventRecord, str]:
    dated = re.search(r"\bmeeting-item-(\d{4}-\d{2}-\d{2})\b", item.get("class") or "")
    if dated is None:
        raise document.failed("wrong-shape", f"meeting {_id(item)} has no date")
    day = date.fromisoformat(dated[1])
    number = re.sub(r"\D", "", _text(item, "meeting-number"))
    times = [_moment(day, match) for match in _CLOCK.finditer(_text(item, "the-time"))][:2]
    everything = item.text_content().lower()
    links = {
        kind: urljoin(
            document.url, str(item.xpath(f'string(.//a[contains(@class, "btn-meeting-{kind}")]/@href)'))
        )
        for kind, _ in _BUTTONS
        if item.xpath(f'.//a[contains(@class, "btn-meeting-{kind}")]/@href')
    }
    studies = _studies(item)
    paired = studies_fr if len(studies_fr) == len(studies) else [""] * len(studies)
    name = str(document.context.get("name_en") or acronym)
    name_fr = str(document.context.get("name_fr") or "")
    event = EventRecord(
        key=f"{committee_key}/meeting/{number or _id(item)}",
        name_en=f"{name}, meeting {number}" if number else name,
        name_fr=f"{name_fr}, réunion {number}" if number and name_fr else name_fr,
        organization_key=committee_key,
        body_name=name,
        start_date=day,
        starts_at=times[0] if times else None,
        ends_at=times[1] if len(times) > 1 else None,
        time_zone="America/Toronto",
        location=_text(item, "meeting-location")[:2_000],
        status="cancelled" if "cancelled" in everything or "annulée" in everything else "confirmed",
        session=document.source.parameter("session"),
        number=number,
        agenda=tuple(
            AgendaItem(order=place, title_en=study, title_fr=study_fr)
            for place, (study, study_fr) in enumerate(zip(studies, paired, strict=True), start=1)
        ),
        links=tuple(Link(url=links[kind], note=note) for kind, note in _BUTTONS if kind in links),
        identifiers=(Identifier(scheme="ourcommons.ca/meeting", value=_id(item)),),
    )
    return event, links.get("evidence", "")


def _moment(day: date, clock: re.Match[str]) -> datetime:
    hour = int(clock[1]) % 24
    half = (clock[3] or "").lower()[:1]
    if half == "p" and hour < 12:
        hour += 12
    elif half == "a" and hour == 12:
        hour = 0
    local = datetime.combine(day, time(hour, int(clock[2]) % 60), tzinfo=OTTAWA)
    return local.astimezone(ZoneInfo("UTC"))


def read_viewer(document: Document) -> ParseResult:
    """Read where the XML of an evidence is.

    Raises: ParseFailed (``wrong-shape``, or as ``parse_page``).
    """
    result = ParseResult()
    root = parse_page(document)
    addresses = [
        str(link) for link in root.xpath("//a/@href") if re.search(r"/Evidence/.*\.xml$", link, re.I)
    ]
    if not addresses:
        raise document.failed("wrong-shape", "the page has no link to XML")
    url = urljoin(document.url, addresses[0])
    result.next(
        Fetch(
            url=re.sub(r"-[EF](?=\.xml$)", "-E", url, flags=re.I),
            step="evidence",
            companions={"fr": re.sub(r"-[EF](?=\.xml$)", "-F", url, flags=re.I)},
            is_companion_required=False,
            may_be_missing=True,
        )
    )
    return result


def recognise(document: Document) -> str:
    """Tell evidence, the list of committees, a list of meetings and a viewer page apart."""
    if "<Hansard" in head(document.body, 12_000):
        return "evidence"
    page = head(document.body, 4_000_000)
    if "committee-acronym-cell" in page:
        return "list"
    return "meetings" if 'id="meeting-item-' in page else "viewer"


def pair(document: Document) -> tuple[str, str] | None:
    """Pair loose evidence documents; pages come in pairs only when they are fetched."""
    return pair_evidence(document) if recognise(document) == "evidence" else None


PARSER = Parser(
    name="house-committees",
    version=1,
    steps={
        "list": read_list,
        "meetings": read_meetings,
        "viewer": read_viewer,
        "evidence": read_evidence,
    },
    recognise=recognise,
    pair=pair,
)
