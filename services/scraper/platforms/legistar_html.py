"""Legistar's pages: calendar, one meeting, search results of legislation, people and one person.

Documents: ``municipal/legistar_html``. Every page is a grid (``table.rgMasterTable``) whose columns a client
may name, order and leave out: cells are known by the ids of what is in them (``hypBody``,
``hypMeetingDetail``) and by their headings.
"""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlsplit

from lxml import html

from services.scraper.parsers import contacts
from services.scraper.parsers.base import Document, Fetch, Parser, ParseResult
from services.scraper.parsers.council import Seat as CouncilSeat
from services.scraper.parsers.council import bare_name, is_vacant, named
from services.scraper.parsers.page import parse_page
from services.scraper.parsers.text import clean, head
from services.scraper.platforms import meetings
from services.scraper.platforms.legistar_grid import (
    by_id,
    cells_of,
    grid,
    grid_in,
    href,
    number_in,
    number_of,
    scheme,
    words,
)
from shared.contracts.civic import ContactDetail, Identifier, Link
from shared.contracts.legislation import BillRecord
from shared.contracts.people import MembershipRecord, PersonRecord
from shared.contracts.proceedings import AgendaItem, DocumentRecord, EventRecord, Motion

_NOT_THERE = re.compile(r"^not\s+available$", re.I)
_FAR_FUTURE = 2090


def read_calendar(document: Document) -> ParseResult:
    """Read the calendar; with ``parameters.details`` each meeting asks for its own page.

    Raises: ParseFailed (``wrong-shape``, or as ``parse_page``).
    """
    result = ParseResult()
    headings, rows = grid(document, "gridCalendar")
    for row in rows:
        cells = cells_of(headings, row)
        name = by_id(row, "hypBody")
        told = words(name) if name is not None else cells.get("name", "")
        when = next((text for cell in row if meetings.day_in(text := words(cell))), "")
        day = meetings.day_in(when)
        if day is None or not told:
            result.skip("meeting without a day")
            continue
        meeting = meetings.event(
            document,
            result,
            number_of(row, "hypMeetingDetail", "hypiCal") or f"{told} {when} {_clock_text(row)}",
            told,
            day,
            meetings.clock_in(_clock_text(row)),
            identity_scheme=scheme(document, "meeting"),
            location=_location(row, cells),
            notes=(cells.get("meeting location", "") or _location(row, cells), _clock_text(row)),
            links=_links(document, row, {"hypMeetingDetail": "page", "hypVideo": "video"}),
        )
        papers = _papers(document, row, meeting)
        detail = href(document, by_id(row, "hypMeetingDetail"))
        if detail and document.source.parameters.get("details"):
            result.add(*papers)
            result.next(
                Fetch(url=detail, step="meeting", context={"id": meeting.identifiers[0].value},
                      is_required=False, otherwise=(meeting,))
            )  # fmt: skip
        else:
            result.add(meeting, *papers)
    return result


def read_meeting(document: Document) -> ParseResult:
    """Read the page of one meeting with its agenda items.

    Raises: ParseFailed (``wrong-shape``, or as ``parse_page``).
    """
    root = parse_page(document)
    result = ParseResult()
    headings, rows = grid_in(root, "gridMain")
    day = meetings.day_in(words(by_id(root, "lblDate")))
    name = words(by_id(root, "hypName")) or words(by_id(root, "lblName"))
    if day is None or not name:
        raise document.failed("wrong-shape", "not the page of a meeting")
    query = parse_qs(urlsplit(document.url).query)
    agenda_link = by_id(root, "hypAgenda")
    identity = (
        str(document.context.get("id") or "")
        or next(iter(query.get("ID") or query.get("LEGID") or ()), "")
        or number_in(agenda_link)
        or f"{name} {day}"
    )
    meeting = meetings.event(
        document,
        result,
        identity,
        name,
        day,
        meetings.clock_in(words(by_id(root, "lblTime"))),
        identity_scheme=scheme(document, "meeting"),
        location=words(by_id(root, "lblLocation")),
        notes=(words(by_id(root, "lblAgendaStatus")),),
        links=[Link(url=document.url[:2_000], note="page")] if document.url.startswith("http") else [],
        agenda=[_item(document, headings, row, order) for order, row in enumerate(rows, 1)],
    )
    result.add(meeting, *_papers(document, root, meeting))
    return result


def read_legislation(document: Document) -> ParseResult:
    """Read search results of legislation.

    Raises: ParseFailed (``wrong-shape``, or as ``parse_page``).
    """
    result = ParseResult()
    headings, rows = grid(document, "gridMain")
    for row in rows:
        cells = cells_of(headings, row)
        file = words(by_id(row, "hypFile"))
        if not file:
            result.skip("row without a file number")
            continue
        link = href(document, by_id(row, "hypFile"))
        dates = {
            name: meetings.day_in(cells.get(name, ""))
            for name in ("intro date", "file created", "final action")
        }
        introduced = dates["intro date"] or dates["file created"]
        number = number_in(by_id(row, "hypFile"))
        result.add(
            BillRecord(
                key=meetings.key(document, "bill", file),
                jurisdiction=document.source.jurisdiction.ocd_id,
                session=str(introduced.year) if introduced else "",
                number=file[:500],
                title_en=cells.get("title", "") or cells.get("name", "") or file,
                type_en=cells.get("type", "")[:500],
                status_en=cells.get("status", "")[:500],
                chamber="council",
                introduced_on=introduced,
                latest_activity_on=dates["final action"] or introduced,
                identifiers=(Identifier(scheme=scheme(document, "legislation"), value=number),)
                if number
                else (),
                links=(Link(url=meetings.absolute(document, link)[:2_000], note="page"),) if link else (),
                detail_level="list",
            )
        )
    return result


def read_people(document: Document) -> ParseResult:
    """Read the list of members.

    Raises: ParseFailed (``wrong-shape``, or as ``parse_page``).
    """
    result = ParseResult()
    headings, rows = grid(document, "gridPeople")
    for row in rows:
        cells = cells_of(headings, row)
        link = by_id(row, "hypPerson")
        told = words(link) or cells.get("person name", "")
        if is_vacant(told) or is_vacant(told.partition(",")[0]):
            result.skip("vacant")
            continue
        page = href(document, link)
        number = number_in(link)
        found = _contacts(cells, row)
        result.add(_person(document, told, number, found, page, href(document, by_id(row, "hypWebSite"))))
    return result


def read_person(document: Document) -> ParseResult:
    """Read the page of one person with the bodies they sit, or sat, on.

    Raises: ParseFailed (``wrong-shape``, or as ``parse_page``).
    """
    root = parse_page(document)
    result = ParseResult()
    first, last = words(by_id(root, "lblFirst")), words(by_id(root, "lblLast"))
    if not (first or last):
        raise document.failed("wrong-shape", "not the page of a person")
    number = next(iter(parse_qs(urlsplit(document.url).query).get("ID", ())), "") or number_in(
        by_id(root, "imgPhoto"), "src"
    )
    mail = by_id(root, "hypEmail")
    address = contacts.email(mail.get("href") or words(mail)) if mail is not None else ""
    found = (ContactDetail(type="email", value=address),) if address else ()
    site = href(document, by_id(root, "hypWebSite"))
    person = _person(document, f"{last}, {first}", number, found, document.url, site)
    result.add(person)
    headings, rows = grid_in(root, "gridDepartments")
    for row in rows:
        cells = cells_of(headings, row)
        body_name = cells.get("department name", "") or words(by_id(row, "hypDepartment"))
        start, end = meetings.day_in(cells.get("start date", "")), meetings.day_in(cells.get("end date", ""))
        if not body_name:
            result.skip("row without a body")
            continue
        of = meetings.body(document, body_name)
        result.add(of)
        result.add(
            MembershipRecord(
                key=meetings.key(
                    document,
                    "membership",
                    person.key.rpartition("/")[2],
                    f"{of.key.rpartition('/')[2][:150]}-{start.isoformat() if start else 'unknown'}",
                ),
                jurisdiction=document.source.jurisdiction.ocd_id,
                person_key=person.key,
                organization_key=of.key,
                role_en=cells.get("title", "")[:500],
                start_date=start,
                # An open end is written as a day in the far future with an asterisk.
                end_date=end if end and end.year < _FAR_FUTURE else None,
            )
        )
    return result


# ----------------------------------------------------------------------------------------------- meetings
def _clock_text(row: html.HtmlElement) -> str:
    return words(by_id(row, "lblTime"))


def _location(row: html.HtmlElement, cells: dict[str, str]) -> str:
    if "meeting location" in cells:
        return cells["meeting location"]
    # Without headings the place stands between the time and the link to the meeting.
    told, is_after = "", False
    for cell in row:
        if any("lblTime" in (each.get("id") or "") for each in cell.iter()):
            is_after = True
        elif is_after:
            told = words(cell)
            break
    return told if not told.lower().startswith("meeting") else ""


def _links(document: Document, row: html.HtmlElement, wanted: dict[str, str]) -> list[Link]:
    return [
        Link(url=url[:2_000], note=note)
        for ending, note in wanted.items()
        if (url := href(document, by_id(row, ending))).startswith("http")
    ]


def _papers(document: Document, scope: html.HtmlElement, meeting: EventRecord) -> list[DocumentRecord]:
    told: dict[str, DocumentRecord] = {}
    for link in scope.iter("a"):
        ending = (link.get("id") or "").rpartition("_")[2]
        url = href(document, link)
        label = words(link)
        kind = next(
            (k for k in ("agenda", "minutes", "notice", "summary", "extra") if k in ending.lower()), ""
        )
        if not kind or "view.ashx" not in url.lower() or _NOT_THERE.match(label) or "grid" in ending.lower():
            continue
        if "gridMain" in (link.get("id") or ""):
            continue
        told.setdefault(
            ending,
            meetings.paper(
                document,
                meeting.key,
                ending,
                f"{meeting.name_en}, {label or kind}",
                url,
                "document" if kind == "extra" else kind,
                day=meeting.start_date,
                organization_key=meeting.organization_key,
            ),
        )
    return list(told.values())


def _item(document: Document, headings: list[str], row: html.HtmlElement, order: int) -> AgendaItem:
    cells = cells_of(headings, row)
    file = words(by_id(row, "hypFile")) or cells.get("file #", "")
    action, told = cells.get("action", ""), cells.get("result", "")
    link = href(document, by_id(row, "hypFile"))
    return AgendaItem(
        order=order,
        number=(cells.get("agenda #", "") or cells.get("ver.", ""))[:100],
        title_en=cells.get("title", "") or cells.get("name", "") or file or "Item",
        notes=cells.get("agenda note", ""),
        identifiers=(Identifier(scheme="legistar.com/matter-file", value=file[:500]),) if file else (),
        links=(Link(url=meetings.absolute(document, link)[:2_000], note="matter"),) if link else (),
        motions=(Motion(text_en=action, result=(told or action)[:500]),) if action or told else (),
    )


# ------------------------------------------------------------------------------------------------- people
def _contacts(cells: dict[str, str], row: html.HtmlElement) -> tuple[ContactDetail, ...]:
    found: list[ContactDetail] = []
    link = by_id(row, "hypEmail")
    if address := contacts.email((link.get("href") or "") if link is not None else cells.get("e-mail", "")):
        found.append(ContactDetail(type="email", value=address))
    for heading, text in cells.items():
        kind = "fax" if "fax" in heading else "voice" if "phone" in heading else ""
        if kind and text:
            number = contacts.phone(text)[:500]
            found.append(ContactDetail(type="fax" if kind == "fax" else "voice", value=number, note=heading))
        elif "address" in heading and text:
            found.append(ContactDetail(type="address", value=text[:2_000], note=heading))
    return tuple(dict.fromkeys(found))


def _person(
    document: Document, told: str, number: str, found: tuple[ContactDetail, ...], page: str, site: str
) -> PersonRecord:
    family, comma, given = told.partition(",")
    seat = named(
        CouncilSeat(
            name="" if comma else told, given_name=clean(given), family_name=clean(family) if comma else ""
        )
    )
    links = [Link(url=page[:2_000], note="profile")] if page.startswith("http") else []
    if site.startswith("http"):
        links.append(Link(url=site[:2_000]))
    return PersonRecord(
        key=meetings.person_key(document, seat.name)
        or meetings.key(document, "person", f"legistar-{number}"),
        jurisdiction=document.source.jurisdiction.ocd_id,
        name=bare_name(seat.name)[0][:500],
        given_name=seat.given_name[:500],
        family_name=seat.family_name[:500],
        honorific_prefix=seat.honorific,
        identifiers=(Identifier(scheme=scheme(document, "person"), value=number),) if number else (),
        contacts=found,
        links=tuple(links),
    )


def recognise(document: Document) -> str:
    """Tell the pages apart by the name of their grid."""
    body = head(document.body, 4_000_000)
    if "gridCalendar" in body:
        return "calendar"
    if "gridPeople" in body:
        return "people"
    if "gridDepartments" in body and "lblFirst" in body:
        return "person"
    return "meeting" if '_lblTime"' in body and "gridMain" in body else "legislation"


PARSER = Parser(
    name="legistar-html",
    version=1,
    steps={
        "calendar": read_calendar,
        "meeting": read_meeting,
        "legislation": read_legislation,
        "people": read_people,
        "person": read_person,
    },
    recognise=recognise,
)
