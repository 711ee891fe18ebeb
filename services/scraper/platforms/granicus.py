"""Granicus: lists of meetings (ViewPublisher.php) in the markup a client chose, and pages of one recording.

Documents: ``municipal/granicus``. The markup of a list differs by client (tables, rows of divs); what they
share is links to AgendaViewer, MinutesViewer and MediaPlayer with ``clip_id`` or ``event_id``. Everything
that stands between the links of one number and those of the next is about that meeting.
"""

from __future__ import annotations

import re
from urllib.parse import urljoin

from lxml import html

from services.scraper.parsers.base import Document, Parser, ParseResult
from services.scraper.parsers.page import parse_page
from services.scraper.parsers.text import clean, head
from services.scraper.parsers.xml import leaf, parse_xml
from services.scraper.platforms import meetings
from shared.contracts.proceedings import DocumentRecord, EventRecord

SCHEME = "granicus.com/clip"
_NUMBER = re.compile(r"\b(clip_id|event_id)=(\d+)", re.I)
_VIEWERS = (("AgendaViewer", "agenda"), ("GeneratedAgendaViewer", "agenda"), ("MinutesViewer", "minutes"),
            ("MediaPlayer", "video"), ("/player/clip/", "video"), ("/player/event/", "video"))  # fmt: skip
_MAX_LINKS = 50_000
_DURATION = re.compile(r"^\d{1,2}\s*h(?:r|ours?)?\s*\d{1,2}\s*m(?:in)?$", re.I)


def read_list(document: Document) -> ParseResult:
    """Read a list of meetings.

    Raises: ParseFailed (``wrong-shape`` for a page without links of Granicus, or as ``parse_page``).
    """
    root = parse_page(document)
    result = ParseResult()
    rows = _rows(root)
    if not rows and not _is_publisher(document):
        raise document.failed("wrong-shape", "no link to an agenda, minutes or recording of Granicus")
    told: dict[str, html.HtmlElement] = {}
    result.add(*_live_feeds(document, root))
    for row in rows:
        links = _links(row)
        meeting = _meeting(document, result, row, links, told)
        if meeting is None:
            result.skip("meeting without a day", max(1, len({number for _, number, _ in links})))
            continue
        result.add(meeting, *_papers(document, meeting, links))
    return result


def read_player(document: Document) -> ParseResult:
    """Read the page of one recording: the recording and its agenda, with no word on the day of the meeting.

    Raises: ParseFailed (``wrong-shape``, or as ``parse_page``).
    """
    root = parse_page(document)
    title = clean(root.findtext(".//title"))
    text = html.tostring(root, encoding="unicode")[:2_000_000]
    number = re.search(r"(?:clip_id=|event_id=|/clip/|/event/|clip|event)[-_/]?(\d+)", document.url)
    number = number or _NUMBER.search(text) or re.search(r"/(?:clip|event)/(\d+)", text)
    if not title or "granicus" not in text.lower():
        raise document.failed("wrong-shape", "not the page of a recording")
    result = ParseResult()
    identity = number[number.lastindex or 1] if number else title
    day = meetings.day_in(title)
    event_key = meetings.key(document, "event", identity)
    if day is not None:
        name = re.sub(r"\s*-\s*\d{4}-\d\d-\d\d$", "", title)
        meeting = meetings.event(document, result, identity, name, day, identity_scheme=SCHEME)
        result.add(meeting)
    url = document.url if document.url.startswith("http") else _own_address(document, root, identity)
    result.add(meetings.paper(document, event_key, "video", title, url, "video", day=day))
    seen: set[str] = set()
    for element in root.xpath("//*[@data-url]"):
        address = clean(element.get("data-url"))
        hint = f"{address} {element.get('id') or ''}".lower()
        kind = next((word for word in ("agenda", "minutes") if word in hint), "")
        if not kind or address in seen or address.startswith("javascript:"):
            continue
        seen.add(address)
        address = urljoin(url, address)
        result.add(
            meetings.paper(
                document, event_key, f"{kind}-{len(seen)}", f"{title}, {kind}", address, kind, day=day
            )
        )
    return result


def read_feed(document: Document) -> ParseResult:
    """Read the feed of agendas, minutes or recordings: one meeting an item.

    Raises: ParseFailed (``wrong-shape``, or as ``parse_xml``).
    """
    root = parse_xml(document)
    if root.tag not in {"rss", "feed"}:
        raise document.failed("wrong-shape", f"root element {root.tag!r}, not rss")
    result = ParseResult()
    for item in root.iter("item"):
        title, link = leaf(item, "title"), leaf(item, "link")
        day = meetings.day_in(title) or meetings.day_in(leaf(item, "pubDate"))
        number = _NUMBER.search(link)
        if day is None or number is None:
            result.skip("item without a day or a number")
            continue
        name = (
            re.sub(r"\s*[-–(]*\s*(?:[A-Z][a-z]{2,8}\.? \d{1,2}, \d{4}|\d{4}-\d\d-\d\d).*$", "", title)
            or title
        )
        meeting = meetings.event(
            document,
            result,
            number[2],
            name,
            day,
            meetings.clock_in(title),
            identity_scheme=SCHEME,
            body_name=name,
        )
        kind = next((kind for viewer, kind in _VIEWERS if viewer.lower() in link.lower()), "document")
        result.add(meeting, *_papers(document, meeting, [(kind, number[2], link)]))
    return result


def _live_feeds(document: Document, root: html.HtmlElement) -> list[DocumentRecord]:
    """Return the channels that a page offers besides recordings: they belong to no meeting."""
    told = {}
    for link in root.iter("a"):
        match = re.search(
            r"(?:https?:)?//[^'\"\s)]*MediaPlayer\.php\?[^'\"\s)]*(?:publish|camera)_id=(\d+)",
            link.get("href") or "",
        )
        if match and match[1] not in told:
            address = f"https:{match[0]}" if match[0].startswith("//") else match[0]
            title = clean(" ".join(link.itertext())) or "Live"
            told[match[1]] = meetings.paper(document, "", f"live-{match[1]}", title, address, "video")
    return list(told.values())


def _is_publisher(document: Document) -> bool:
    return "ViewPublisher" in head(document.body, 2_000_000)


def _own_address(document: Document, root: html.HtmlElement, identity: str) -> str:
    canonical = root.xpath("string(//link[@rel='canonical']/@href | //meta[@property='og:url']/@content)")
    if str(canonical).startswith("http"):
        return clean(str(canonical))
    client = document.source.parameter("client", "client")
    return f"https://{client}.granicus.com/player/clip/{identity}"


# ------------------------------------------------------------------------------------------------- rows
def _links(scope: html.HtmlElement) -> list[tuple[str, str, str]]:
    """Return kind, number and address of the links of Granicus below an element, in order."""
    told = []
    for link in scope.iter("a"):
        for source in (link.get("href") or "", link.get("onclick") or ""):
            kind = next((kind for viewer, kind in _VIEWERS if viewer.lower() in source.lower()), "")
            number = _NUMBER.search(source) or (re.search(r"/(clip|event)/(\d+)", source) if kind else None)
            if kind and number:
                address = re.search(r"(?:https?:)?//[^'\"\s)]+", source)
                told.append((kind, number[2], address[0] if address else source))
                break
    return told


def _rows(root: html.HtmlElement) -> list[html.HtmlElement]:
    """Return the largest element around each meeting's links that holds no other meeting's."""
    rows: list[html.HtmlElement] = []
    numbers: dict[html.HtmlElement, set[str]] = {}
    count = 0
    for link in root.iter("a"):
        found = _NUMBER.search(f"{link.get('href') or ''} {link.get('onclick') or ''}")
        if found is None:
            continue
        count += 1
        if count > _MAX_LINKS:
            break
        for ancestor in link.iterancestors():
            numbers.setdefault(ancestor, set()).add(f"{found[1].lower()}={found[2]}")
    # A meeting to come has a row without a link of its own.
    rows += [
        row
        for row in root.iter("tr")
        if "listingRow" in (row.get("class") or "").split() or _is_alone(row, numbers)
    ]
    taken = {element for row in rows for element in row.iter()}
    for link in root.iter("a"):
        if link in taken or not _NUMBER.search(f"{link.get('href') or ''} {link.get('onclick') or ''}"):
            continue
        best = link
        for ancestor in link.iterancestors():
            if len(numbers.get(ancestor, ())) != 1 or ancestor.tag in {"body", "html"}:
                break
            best = ancestor
        if best.tag not in {"a", "tbody", "table"}:
            rows.append(best)
            taken.update(best.iter())
    return rows


def _is_alone(row: html.HtmlElement, numbers: dict[html.HtmlElement, set[str]]) -> bool:
    return len(numbers.get(row, ())) == 1 and not any(True for _ in row.iterdescendants("tr"))


def _meeting(
    document: Document,
    result: ParseResult,
    row: html.HtmlElement,
    links: list[tuple[str, str, str]],
    told: dict[str, html.HtmlElement],
) -> EventRecord | None:
    cells = [clean(" ".join(cell.itertext())) for cell in row.iter("td")] or _lines(row)
    # A hidden number of seconds may stand before a date.
    cells = [re.sub(r"^\d{9,10}(?=[A-Z])", "", cell) for cell in cells if cell]
    when = next((cell for cell in cells if meetings.day_in(cell)), "")
    day = meetings.day_in(when)
    if day is None:
        return None
    name = next(
        (
            cell
            for cell in cells
            if cell != when and re.search(r"[A-Za-z]{3}", cell) and not _DURATION.match(cell)
        ),
        "",
    )
    named = row.xpath(
        "string(.//*[@headers='Name' or contains(@class, 'committee') or contains(@class, 'name')])"
    )
    name = clean(str(named)) or name or when
    identity = links[0][1] if links else f"{name} {when}"
    if identity in told:
        # Two parts of one recording: the second row is a meeting of its own.
        identity = f"{identity}-{len(told)}"
    told[identity] = row
    return meetings.event(
        document,
        result,
        identity,
        name,
        day,
        meetings.clock_in(when),
        identity_scheme=SCHEME,
        body_name=re.sub(r"\s+\d{1,2}:\d{2}\s*[AP]M.*$|\s*\(.*\)$", "", name) or name,
        notes=(when,),
    )


def _lines(row: html.HtmlElement) -> list[str]:
    return [told for text in row.itertext() if (told := clean(text))]


def _papers(
    document: Document, meeting: EventRecord, links: list[tuple[str, str, str]]
) -> list[DocumentRecord]:
    told: list[DocumentRecord] = []
    for kind, number, url in links:
        address = f"https:{url}" if url.startswith("//") else url
        place = sum(1 for other in told if other.classification == kind)
        told.append(
            meetings.paper(
                document,
                meeting.key,
                f"{kind}-{number}" + (f"-{place}" if place else ""),
                f"{meeting.name_en}, {kind}",
                address,
                kind,
                day=meeting.start_date,
                organization_key=meeting.organization_key,
            )
        )
    return told


def recognise(document: Document) -> str:
    """Tell the page of a recording and a feed from a list of meetings."""
    if head(document.body, 2_048).startswith(("<?xml", "<rss")):
        return "feed"
    page = head(document.body, 4_000_000)
    start = page[:200_000]
    is_player = "index-point" in start or "documents-toolbar" in start or "ViewPublisher" not in page
    is_player = is_player and "listingRow" not in page and "listingTable" not in page
    return "player" if is_player and len(_NUMBER.findall(page[:500_000])) < 4 else "list"


PARSER = Parser(
    name="granicus",
    version=1,
    steps={"list": read_list, "player": read_player, "feed": read_feed},
    recognise=recognise,
)
