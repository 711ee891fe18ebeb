"""eSCRIBE's pages: the header of a meeting, and its agenda items in the new and in the old template.

New template: ``.AgendaItemContainer`` nested, ``.AgendaItemTitle``, ``.AgendaItemMotion``. Old template: a
Word document whose items are ``a.SelectableItem[itemid]``, with attachments listed apart. Tags come in
capitals with single quotes, headings within the wrong parents: classes decide, never nesting of tags.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, time

from lxml import html

from services.scraper.parsers.base import Document
from services.scraper.parsers.page import parse_page
from services.scraper.parsers.text import clean
from services.scraper.platforms import meetings
from shared.contracts.civic import Ballot, VoteCount

_HAS = "contains(concat(' ', normalize-space(@class), ' '), ' {} ')"
_MAX_ITEMS = 5_000


@dataclass(slots=True)
class PageMotion:
    """A motion as the page tells it: words, mover, seconder, result and who voted how."""

    text: str = ""
    mover: str = ""
    seconder: str = ""
    result: str = ""
    votes: list[tuple[str, tuple[str, ...], int]] = field(default_factory=list)

    @property
    def counts(self) -> tuple[VoteCount, ...]:
        """Return the totals: those of the table, else those that the result states."""
        totals = {meetings.option(label): number for label, _, number in self.votes if number}
        if totals:
            return tuple(VoteCount(option=option, value=number) for option, number in totals.items())
        return meetings.tally(self.result)

    def ballots(self, document: Document | None) -> tuple[Ballot, ...]:
        """Return how each named member voted, with keys of persons when a document is given."""
        return tuple(
            Ballot(
                person_key=meetings.person_key(document, name) if document is not None else None,
                name=name[:500],
                option=meetings.option(label),
            )
            for label, names, _ in self.votes
            for name in names
        )


@dataclass(slots=True)
class PageItem:
    """One agenda item as the page tells it."""

    identity: str
    number: str
    title: str
    notes: str = ""
    attachments: list[tuple[str, str]] = field(default_factory=list)
    motions: list[PageMotion] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class PageHeader:
    """What a page says of the meeting itself."""

    is_meeting: bool
    name: str = ""
    day: date | None = None
    start: time | None = None
    end: time | None = None
    location: str = ""
    number: str = ""


def read_page_header(document: Document) -> PageHeader:
    """Return the header of a page of either template.

    Raises: ParseFailed as ``parse_page``.
    """
    root = parse_page(document)
    title = clean(root.findtext(".//title"))
    is_meeting = bool(
        _found(root, "AgendaHeader") or _found(root, "AgendaItem") or _found(root, "SelectableItem")
    )
    is_meeting = is_meeting or bool(_found(root, "Meeting") and _found(root, "Agenda"))
    heading = next(iter(_found(root, "AgendaHeaderTitle")), None)
    # "Planning Committee - September 08, 2022"
    name = re.sub(r"\s+-\s+[^-]*\d{4}\s*$", "", title)
    if heading is not None:
        lines = [clean(line) for line in heading.itertext() if clean(line)]
        name = name or (lines[0] if lines else "")
    # A Word document inside the page may bring a title of its own.
    days = [meetings.day_in(each.get("datetime") or "") for each in root.iter("time")]
    clocks = {
        name: meetings.clock_in(each.get("datetime") or _words(each))
        for name in ("AgendaMeetingTimeStart", "AgendaMeetingTimeEnd")
        for part in _found(root, name)[:1]
        for each in list(part.iter("time"))[:1]
    }
    article = next(iter(_found(root, "Meeting")), None)
    day = next((each for each in days if each), None) or meetings.day_in(title)
    if day is None and article is not None:
        day = meetings.day_in(_words(article)[:5_000])
    place = next(iter(_found(root, "Location")), None)
    number = next(iter(_found(root, "AgendaMeetingNumber")), None)
    told = re.search(r"(\d[\w.\-/]*)\s*$", _words(number)) if number is not None else None
    start = clocks.get("AgendaMeetingTimeStart")
    if start is None and article is not None and heading is None:
        start = meetings.clock_in(_words(article)[:3_000])
    return PageHeader(
        is_meeting=is_meeting,
        name=name[:500],
        day=day,
        start=start,
        end=clocks.get("AgendaMeetingTimeEnd"),
        location=_words(place)[:1_000] if place is not None else "",
        number=told[1] if told else "",
    )


def read_items(document: Document) -> list[PageItem]:
    """Return the items of a page of either template, in order.

    Raises: ParseFailed as ``parse_page``.
    """
    root = parse_page(document)
    containers = _found(root, "AgendaItemContainer")
    if containers:
        return list(_new_items(containers[:_MAX_ITEMS]))
    return list(_old_items(root))


# ----------------------------------------------------------------------------------------- new template
def _new_items(containers: list[html.HtmlElement]) -> Iterator[PageItem]:
    last: PageItem | None = None
    for container in containers:
        title = _own(container, "AgendaItemTitle")
        if title is None:
            closed = _own(container, "ClosedAgendaItemTitle")
            if closed is not None and last is not None:
                counter = _own(container, "ClosedAgendaItemCounter")
                told = clean(f"{_words(counter) if counter is not None else ''} {_words(closed)}")
                last.notes = clean(f"{last.notes} {told} (in camera).")
            continue
        item = _own(container, "AgendaItem")
        numbers = re.findall(r"\bAgendaItem(\d+)\b", item.get("class") or "") if item is not None else []
        counter = _own(container, "AgendaItemCounter")
        notes = _own(container, "AgendaItemDescription")
        last = PageItem(
            identity=numbers[0] if numbers else "",
            number=_words(counter).rstrip(".") if counter is not None else "",
            title=_words(title),
            notes=_words(notes) if notes is not None else "",
            attachments=_attachments(_all_own(container, "AgendaItemAttachment")),
            motions=[_motion(each) for each in _all_own(container, "AgendaItemMotion")],
        )
        if last.title:
            yield last


def _motion(element: html.HtmlElement) -> PageMotion:
    told = PageMotion()
    for name, attribute in (("MovedBy", "mover"), ("SecondedBy", "seconder")):
        part = next(iter(_found(element, name)), None)
        if part is not None:
            value = next(iter(_found(part, "Value")), None)
            words = (
                _words(value) if value is not None else re.sub(r"^.*?\bby:?\s*", "", _words(part), flags=re.I)
            )
            setattr(told, attribute, words[:500])
    text = next(iter(_found(element, "MotionText")), None)
    told.text = _words(text) if text is not None else ""
    results = _found(element, "MotionResult")
    told.result = _words(results[0])[:1_000] if results else ""
    for table in _found(element, "MotionVoters"):
        for row in table.iter("tr"):
            label = next(iter(_found(row, "VoterVote")), None)
            if label is None:
                continue
            # Some tenants mark the names, others leave them in the next cell.
            users = _found(row, "VotesUsers") or [
                cell for cell in row.iter("td") if cell is not label and label not in cell.iterdescendants()
            ]
            words = _words(label)
            stated = re.search(r"\((\d+)\)", words)
            names = tuple(name for each in users for name in _names(each))
            number = int(stated[1]) if stated else len(names)
            told.votes.append((re.sub(r"\s*\(\d+\)", "", words), names, number))
    return told


def _names(element: html.HtmlElement) -> list[str]:
    """Return the names in a cell: one a list item or line, or apart by commas and the last and."""
    lines = [_words(each) for each in element.iter("li")]
    if not lines:
        # Lines end where the page breaks them; within one, tags only dress a name.
        whole = "".join(
            f"\n{part}"
            if part.getparent() is not None and part.is_tail and part.getparent().tag == "br"
            else part
            for part in element.xpath(".//text()")
        )
        lines = whole.split("\n")
    parts = [part for line in lines for part in re.split(r",|;|\s+and\s+|\s+et\s+", line)]
    told = [re.sub(r"^(?:and|et)\s+", "", clean(part).strip(" ,;.")) for part in parts]
    return [name for name in told if name and not name.isdigit()]


# ----------------------------------------------------------------------------------------- old template
def _old_items(root: html.HtmlElement) -> Iterator[PageItem]:
    files: dict[str, list[html.HtmlElement]] = {}
    for attachment in _found(root, "AgendaItemAttachment"):
        for number in re.findall(r"\bAgendaItemAttachment(\d+)\b", attachment.get("class") or ""):
            files.setdefault(number, []).append(attachment)
    for link in _found(root, "SelectableItem")[:_MAX_ITEMS]:
        title = _words(link)
        if not title:
            continue
        identity = clean(link.get("itemid"))
        row = next((each for each in link.iterancestors("tr")), None)
        first = _words(next(iter(row), None)) if row is not None and len(row) else ""
        number = re.match(r"^([A-Z]?\d{1,3}(?:\.\d{1,3})*)\.?$", first)
        yield PageItem(
            identity=identity,
            number=number[1] if number else "",
            title=title,
            attachments=_attachments(files.get(identity, [])),
        )


# ------------------------------------------------------------------------------------------------- both
def _attachments(elements: list[html.HtmlElement]) -> list[tuple[str, str]]:
    told: dict[str, str] = {}
    for element in elements:
        for link in element.iter("a"):
            url, name = clean(link.get("href")), _words(link) or clean(link.get("data-original-title"))
            if "filestream.ashx" in url.lower() or "documentid=" in url.lower():
                told.setdefault(url, name)
    return [(name, url) for url, name in told.items()]


def _found(root: html.HtmlElement, name: str) -> list[html.HtmlElement]:
    found: list[html.HtmlElement] = root.xpath(f"descendant-or-self::*[{_HAS.format(name)}]")
    return found


def _all_own(container: html.HtmlElement, name: str) -> list[html.HtmlElement]:
    """Return the elements of a class that belong to this item and not to one nested in it."""
    return [
        each
        for each in _found(container, name)
        if next(
            (a for a in each.iterancestors() if "AgendaItemContainer" in (a.get("class") or "").split()), None
        )
        is container
    ]


def _own(container: html.HtmlElement, name: str) -> html.HtmlElement | None:
    return next(iter(_all_own(container, name)), None)


def _words(element: html.HtmlElement | None) -> str:
    return clean(" ".join(element.itertext())) if element is not None else ""
