"""CivicPlus AgendaCenter: one row a meeting, under the heading of its board.

Documents: ``municipal/civicplus``. A tenant may answer with a redirect page to the city's own domain first.
"""

from __future__ import annotations

import re
from urllib.parse import urljoin

from lxml import html

from services.scraper.parsers.base import Document, Fetch, Parser, ParseResult
from services.scraper.parsers.page import parse_page
from services.scraper.parsers.text import clean
from services.scraper.platforms import meetings
from shared.contracts.proceedings import DocumentRecord, EventRecord

SCHEME = "civicplus.com/agenda"
_MAX_ROWS = 10_000
_NUMBER = re.compile(r"_(\d{8})-(\d+)")


def read_agendas(document: Document) -> ParseResult:
    """Read an AgendaCenter page or a search within it.

    Raises: ParseFailed (``wrong-shape`` for another page, or as ``parse_page``).
    """
    root = parse_page(document)
    result = ParseResult()
    rows = root.xpath("//tr[contains(concat(' ', normalize-space(@class), ' '), ' catAgendaRow ')]")[
        :_MAX_ROWS
    ]
    if not rows:
        moved = _moved(root)
        if moved:
            result.next(Fetch(url=urljoin(document.url, moved), step=document.step))
            result.skip("redirect page")
            return result
        if "agendacenter" not in html.tostring(root, encoding="unicode")[:400_000].lower():
            raise document.failed("wrong-shape", "not an AgendaCenter page")
        return result
    for row in rows:
        meeting = _meeting(document, result, row)
        if meeting is None:
            result.skip("meeting without a day")
            continue
        result.add(meeting, *_papers(document, row, meeting))
    return result


def _moved(root: html.HtmlElement) -> str:
    if clean(root.findtext(".//title")).lower() != "object moved":
        return ""
    link = root.find(".//a[@href]")
    return clean(link.get("href")) if link is not None else ""


def _meeting(document: Document, result: ParseResult, row: html.HtmlElement) -> EventRecord | None:
    number = next(
        (
            m
            for a in row.iter("a")
            for v in (a.get("id"), a.get("name"), a.get("href"))
            if v and (m := _NUMBER.search(v))
        ),
        None,
    )
    strong = next(row.iter("strong"), None)
    said = clean(f"{strong.get('aria-label') or ''} {strong.text_content()}") if strong is not None else ""
    day = meetings.day_in(said)
    if day is None and number is not None:
        stamp = number[1]
        day = meetings.day_in(f"{stamp[4:]}-{stamp[:2]}-{stamp[2:4]}")
    if day is None:
        return None
    paragraph = next(row.iter("p"), None)
    title = clean(paragraph.text_content()) if paragraph is not None else ""
    board = _board(row)
    identity = f"{number[1]}-{number[2]}" if number else clean(row.get("id")) or title
    return meetings.event(
        document,
        result,
        identity,
        title or board,
        day,
        meetings.clock_in(title),
        identity_scheme=SCHEME,
        body_name=board,
        notes=(title,),
    )


def _board(row: html.HtmlElement) -> str:
    for ancestor in row.iterancestors():
        if "listing" in (ancestor.get("class") or "").split():
            heading = next(ancestor.iter("h2", "h3"), None)
            return clean(heading.text_content()).lstrip("▼►▲ ") if heading is not None else ""
    return ""


def _papers(document: Document, row: html.HtmlElement, meeting: EventRecord) -> list[DocumentRecord]:
    told: dict[str, DocumentRecord] = {}
    for link in row.iter("a"):
        url = clean(link.get("href"))
        kind = re.search(r"/(?:ViewFile|PreviousVersions)/?(Agenda|Minutes)?", url, re.I)
        if kind is None or "PreviousVersions" in url:
            continue
        classification = (kind[1] or "document").lower()
        form = "packet" if "packet=true" in url else "html" if "html=true" in url else ""
        identity = f"{classification}-{form}" if form else classification
        media = (
            "text/html" if form == "html" else "application/pdf" if "pdf" in (link.get("class") or "") else ""
        )
        paper = meetings.paper(
            document,
            meeting.key,
            identity,
            f"{meeting.name_en}, {form or classification}"[:2_000],
            url,
            "packet" if form == "packet" else classification,
            day=meeting.start_date,
            organization_key=meeting.organization_key,
        ).model_copy(update={"media_type": media})
        if identity not in told or media:
            told[identity] = paper
    return list(told.values())


PARSER = Parser(name="civicplus", version=1, steps={"agendas": read_agendas})
