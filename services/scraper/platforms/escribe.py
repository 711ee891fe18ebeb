"""eSCRIBE: the calendar as JSON, agendas and minutes as pages in the two templates of one tenant.

Documents: ``municipal/escribe`` and ``municipal/escribe_ottawa`` (``pub-{city}.escribemeetings.com``,
``MeetingsCalendarView.aspx/GetCalendarMeetings`` by POST, ``Meeting.aspx?Id=&Agenda=&lang=``). No recorded
page holds a recorded vote: tables of voters are read by the class names of the platform's style sheet.
Items behind closed doors have no title of their own class; they are noted at the item before them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, urljoin, urlsplit

from services.scraper.parsers.base import Document, Fetch, Parser, ParseResult
from services.scraper.parsers.json import parse_json
from services.scraper.parsers.text import clean, head, plain
from services.scraper.platforms import meetings
from services.scraper.platforms.escribe_pages import PageItem, read_items, read_page_header
from shared.contracts.civic import Identifier, Link
from shared.contracts.legislation import VoteEventRecord
from shared.contracts.proceedings import AgendaItem, DocumentRecord, EventRecord, Motion

SCHEME = "escribemeetings.com/meeting"
_GUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.I)
_LANGUAGES = {9: "en", 12: "fr"}
_BEST_PAGE = ("PostMinutes", "PostAgenda", "Agenda")
_KINDS = {
    "Agenda": "agenda", "AgendaCover": "agenda", "PostAgenda": "agenda", "PostMinutes": "minutes",
    "Video": "video", "AdditionalDocuments": "attachment",
}  # fmt: skip


def read_calendar(document: Document) -> ParseResult:
    """Read the calendar: each meeting with its documents; one with a page asks for it in both languages.

    Raises: ParseFailed (``wrong-shape``, or as ``parse_json``).
    """
    rows = parse_json(document, dict).get("d")
    if not isinstance(rows, list) or not all(isinstance(row, Mapping) and "ID" in row for row in rows):
        raise document.failed("wrong-shape", "no list of meetings under `d`")
    result = ParseResult()
    for row in rows:
        meeting = _meeting(document, result, row)
        if meeting is None:
            result.skip("meeting without a day")
            continue
        papers = _papers(document, result, row, meeting)
        pages = _pages(row)
        # The page tells more; the calendar's own word stands if it cannot be read.
        best = next((pages[kind] for kind in _BEST_PAGE if pages.get(kind, {}).get("en")), {})
        if not best or meeting.status == "cancelled":
            result.add(meeting, *papers)
            continue
        base = _base(document, row)
        companions = {"fr": urljoin(base, best["fr"])} if best.get("fr") else {}
        result.add(*papers)
        result.next(
            Fetch(
                url=urljoin(base, best["en"]),
                step="page",
                context={"meeting": {name: row.get(name) for name in _CONTEXT}},
                companions=companions,
                is_companion_required=False,
                is_required=False,
                otherwise=(meeting,),
            )
        )
    return result


_CONTEXT = ("ID", "MeetingName", "MeetingType", "StartDate", "EndDate", "Location", "Url", "TimeOverride")


def read_page(document: Document) -> ParseResult:
    """Read an agenda or minutes page of either template, its French version as companion ``fr``.

    Raises: ParseFailed (``wrong-shape`` for a page that is neither, or as ``parse_page``).
    """
    header = read_page_header(document)
    items = read_items(document)
    if not header.is_meeting:
        raise document.failed("wrong-shape", "not a meeting page: neither a header nor items of an agenda")
    result = ParseResult()
    given = document.context.get("meeting")
    row: Mapping[str, Any] = given if isinstance(given, Mapping) else {}
    day = meetings.day_in(str(row.get("StartDate") or "")) or header.day
    if day is None:
        raise document.failed("wrong-shape", "the page states no day")
    french = document.companions.get("fr")
    other = read_items(french) if french is not None else []
    french_name = read_page_header(french).name if french is not None else ""
    if french is None and _is_french(document.url):
        # The French page alone: what it says is French, the meeting has no English name but its own.
        items, other, french_name = _untold(items), items, header.name
    identity = str(row.get("ID") or _identity(document))
    start = _clock(row.get("StartDate")) or header.start
    name = clean(str(row.get("MeetingName") or "")) or header.name
    ends = _moment(document, row.get("EndDate")) or meetings.moment(document, day, header.end)
    meeting = meetings.event(
        document,
        result,
        identity,
        name,
        day,
        start,
        identity_scheme=SCHEME,
        end=ends,
        location=str(row.get("Location") or header.location),
        body_name=clean(str(row.get("MeetingType") or "")) or name,
        name_fr=french_name if french_name != name or _is_french(document.url) else "",
        number=header.number,
        links=_page_links(document),
        agenda=_agenda(document, items, other),
    )
    result.add(meeting)
    result.add(*_votes(document, meeting, items, other))
    return result


def _agenda(document: Document, items: list[PageItem], french: list[PageItem]) -> list[AgendaItem]:
    by_number = {item.identity: item for item in french}
    told = []
    for order, item in enumerate(items, 1):
        # The two languages share the number that the page gives an item; order is the last resort.
        other = by_number.get(item.identity)
        if other is None and len(french) == len(items):
            other = french[order - 1]
        told.append(
            AgendaItem(
                order=order,
                number=item.number,
                title_en=item.title,
                title_fr=other.title if other else "",
                notes=item.notes,
                identifiers=(Identifier(scheme="escribemeetings.com/item", value=item.identity),)
                if item.identity
                else (),
                links=tuple(
                    Link(url=meetings.absolute(document, url)[:2_000], note=name[:2_000])
                    for name, url in item.attachments
                ),
                motions=tuple(
                    Motion(
                        text_en=motion.text,
                        text_fr=other.motions[place].text if other and place < len(other.motions) else "",
                        mover=motion.mover,
                        seconder=motion.seconder,
                        result=motion.result,
                        counts=motion.counts,
                        ballots=motion.ballots(None),
                    )
                    for place, motion in enumerate(item.motions)
                ),
            )
        )
    return told


def _is_french(url: str) -> bool:
    return re.search(r"lang=French|[_\-.]French\b", url, re.I) is not None


def _untold(items: list[PageItem]) -> list[PageItem]:
    """Return items with everything that is not a matter of language, their words left out."""
    return [
        replace(item, title="", notes="", motions=[replace(motion, text="") for motion in item.motions])
        for item in items
    ]


def _votes(
    document: Document, meeting: EventRecord, items: list[PageItem], french: list[PageItem]
) -> list[VoteEventRecord]:
    """Return the motions on which votes were recorded as records of their own."""
    by_number = {item.identity: item for item in french}
    told: list[VoteEventRecord] = []
    for item in items:
        other = by_number.get(item.identity)
        for place, motion in enumerate(item.motions):
            ballots = motion.ballots(document)
            if not ballots:
                continue
            identity = f"{meeting.key.rpartition('/')[2]}-{item.identity or item.number}-{place + 1}"
            counterpart = other.motions[place] if other and place < len(other.motions) else None
            told.append(
                VoteEventRecord(
                    key=meetings.key(document, "vote", identity),
                    jurisdiction=document.source.jurisdiction.ocd_id,
                    organization_key=meeting.organization_key or meetings.key(document, "body", "council"),
                    date=meeting.start_date,
                    subject_en=item.title,
                    subject_fr=other.title if other else "",
                    motion_en=motion.text,
                    motion_fr=counterpart.text if counterpart else "",
                    result=meetings.outcome(motion.result),
                    result_text_en=motion.result,
                    result_text_fr=counterpart.result if counterpart else "",
                    counts=motion.counts or meetings.counts_of(ballots),
                    event_key=meeting.key,
                    agenda_item=item.number,
                    ballots=ballots,
                )
            )
    return told


# --------------------------------------------------------------------------------------------- calendar
def _meeting(document: Document, result: ParseResult, row: Mapping[str, Any]) -> EventRecord | None:
    start = str(row.get("StartDate") or "")
    day = meetings.day_in(start)
    if day is None:
        return None
    url = clean(str(row.get("Url") or ""))
    name = clean(plain(str(row.get("MeetingName") or "")))
    return meetings.event(
        document,
        result,
        str(row["ID"]),
        name,
        day,
        _clock(start),
        identity_scheme=SCHEME,
        end=_moment(document, row.get("EndDate")),
        location=str(row.get("Location") or ""),
        body_name=clean(plain(str(row.get("MeetingType") or ""))) or name,
        notes=(plain(str(row.get("Description") or ""))[:500], str(row.get("TimeOverride") or "")),
        links=[Link(url=url[:2_000], note="page")] if url.startswith("http") else [],
    )


def _clock(stamp: object) -> Any:
    text = str(stamp or "")
    return meetings.clock_in(text.partition(" ")[2] or text.partition("T")[2]) if text else None


def _moment(document: Document, stamp: object) -> datetime | None:
    return meetings.moment(document, meetings.day_in(str(stamp or "")), _clock(stamp))


def _links_of(row: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    found = row.get("MeetingDocumentLink")
    return [link for link in found if isinstance(link, Mapping)] if isinstance(found, list) else []


def _pages(row: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """Return the addresses of the pages by kind and language."""
    told: dict[str, dict[str, str]] = {}
    for link in _links_of(row):
        url, language = clean(str(link.get("Url") or "")), _language(link)
        if str(link.get("Format") or "").upper() == "HTML" and language and "meeting.aspx" in url.lower():
            told.setdefault(str(link.get("Type")), {}).setdefault(language, url)
    return told


def _language(link: Mapping[str, Any]) -> str:
    number = str(link.get("LanguageId") or "")
    return _LANGUAGES.get(int(number), "") if number.isdecimal() and len(number) < 6 else ""


def _papers(
    document: Document, result: ParseResult, row: Mapping[str, Any], meeting: EventRecord
) -> list[DocumentRecord]:
    base = _base(document, row)
    told: dict[str, DocumentRecord] = {}
    for link in _links_of(row):
        url = clean(str(link.get("Url") or ""))
        if not url:
            result.skip("document without an address")
            continue
        if url.lower().startswith("javascript:"):
            continue
        language = _language(link)
        kind, form = str(link.get("Type") or ""), str(link.get("Format") or "")
        number = re.search(r"DocumentId=(\d+)", url, re.I)
        identity = number[1] if number else f"{kind}-{form}-{language or len(told)}"
        title = clean(plain(str(link.get("Title") or kind)))
        paper = meetings.paper(
            document,
            meeting.key,
            identity,
            title if language != "fr" else f"{meeting.name_en}, {_KINDS.get(kind, 'document')} (French)",
            urljoin(base, url),
            _KINDS.get(kind, kind.lower()),
            language,
            title if language == "fr" else "",
            meeting.start_date,
            meeting.organization_key,
        )
        media = {".pdf": "application/pdf", "HTML": "text/html"}.get(form, paper.media_type)
        told[paper.key] = paper.model_copy(update={"media_type": media})
    return list(told.values())


def _base(document: Document, row: Mapping[str, Any]) -> str:
    for url in (str(row.get("Url") or ""), document.url):
        if url.startswith("http"):
            parts = urlsplit(url)
            return f"{parts.scheme}://{parts.netloc}/"
    return document.source.parameter("site")


def _identity(document: Document) -> str:
    """Return the meeting's number: from the address, a file's name, or the page itself."""
    given = parse_qs(urlsplit(document.url).query).get("Id", [""])[0]
    found = _GUID.search(given) or _GUID.search(document.url) or _GUID.search(head(document.body, 400_000))
    if found is None:
        raise document.failed("wrong-shape", "neither the address nor the page names the meeting")
    return found[0].lower()


def _page_links(document: Document) -> list[Link]:
    pages = [(document.url, "page")]
    if "fr" in document.companions:
        pages.append((document.companions["fr"].url, "page (fr)"))
    return [Link(url=url[:2_000], note=note) for url, note in pages if url.startswith("http")]


def recognise(document: Document) -> str:
    """Tell the calendar from a page by the first character."""
    return "calendar" if head(document.body, 2_048).startswith(("{", "[")) else "page"


def pair(document: Document) -> tuple[str, str] | None:
    """Pair the English and the French page of one meeting by its number and the language in the name."""
    number = _GUID.search(document.url)
    language = re.search(r"(english|french)", document.url.rpartition("/")[2], re.I)
    if number is None or language is None:
        return None
    kind = re.search(r"(PostMinutes|PostAgenda|Agenda)", document.url.rpartition("/")[2])
    return f"{number[0].lower()}/{kind[1] if kind else ''}", "fr" if language[1].lower() == "french" else "en"


PARSER = Parser(
    name="escribe",
    version=1,
    steps={"calendar": read_calendar, "page": read_page},
    recognise=recognise,
    pair=pair,
)
