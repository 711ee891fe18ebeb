"""CivicWeb (iCompass, Diligent): meetings of a range of days as JSON, with their documents.

Format: ``{city}.civicweb.net/Services/MeetingsService.svc/meetings?from=&to=&loadall=`` (``MeetingDateTime``
is local, ``2026-05-28 17:30``; midnight stands for no clock) and ``/meetings/{id}/meetingDocuments`` (the
kind of a document is a number), read after answers that public readers of the service recorded; none of
them is of a Canadian council, so every source of it is ``unverified``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urljoin, urlsplit
from zoneinfo import ZoneInfo

from services.scraper.parsers.base import Document, Fetch, Parser, ParseResult
from services.scraper.parsers.json import parse_any_json
from services.scraper.parsers.text import clean, head, plain
from services.scraper.platforms import meetings
from shared.contracts.civic import Link
from shared.contracts.proceedings import EventRecord

SCHEME = "civicweb.net/meeting"
_DATE = re.compile(r"/Date\((-?\d{1,15})(?:[+-]\d{4})?\)/")
_ENDING = re.compile(r"\s*-\s*[A-Z][a-z]{2,8}\.? \d{1,2},? \d{4}(?:\s*\([^)]*\))?$")
"""The day that a meeting's name repeats, with what follows it: ``(DRAFT AGENDA)``."""
_WRAPPERS = ("d", "MeetingsResult", "value", "meetings")
_KINDS = {1: "agenda", 4: "agenda", 2: "minutes", 10: "minutes"}
"""``DocumentType``; other numbers are told by the document's name."""
_FIELDS = ("Id", "Name", "MeetingDate", "MeetingDateTime", "MeetingLocation", "TypeId", "MeetingTypeName")


def read_meetings(document: Document) -> ParseResult:
    """Read the meetings of a range of days; each asks for its documents.

    Raises: ParseFailed (``wrong-shape``, or as ``parse_any_json``).
    """
    result = ParseResult()
    for row in _rows(document, "Id"):
        meeting = _meeting(document, result, row)
        if meeting is None:
            result.skip("meeting without a day")
            continue
        if row.get("Published") is False:
            # The calendar announces it, its papers are still to come.
            if meeting.status == "confirmed":
                meeting = meeting.model_copy(update={"status": "tentative"})
            result.add(meeting)
            continue
        result.next(
            Fetch(
                url=f"{_base(document)}/Services/MeetingsService.svc/meetings/{row['Id']}/meetingDocuments",
                step="documents",
                context={"meeting": {name: row.get(name) for name in _FIELDS}},
                is_required=False,
                otherwise=(meeting,),
            )
        )
    return result


def read_documents(document: Document) -> ParseResult:
    """Read the documents of one meeting, whose own facts come in the context.

    Raises: ParseFailed (``wrong-shape``, or as ``parse_any_json``).
    """
    result = ParseResult()
    given = document.context.get("meeting")
    rows = _rows(document, "Id")
    meeting = _meeting(document, result, given) if isinstance(given, Mapping) else None
    if meeting is None:
        result.skip("document without its meeting", len(rows))
        return result
    result.add(meeting)
    for row in rows:
        if row.get("IsPublic") is False:
            result.skip("not public")
            continue
        name = clean(plain(str(row.get("Name") or row.get("DisplayName") or "Document")))
        lowered = name.lower()
        number = row.get("DocumentType")
        kind = _KINDS.get(number if isinstance(number, int) else 0) or next(
            (word for word in ("minutes", "agenda", "package", "video") if word in lowered), "document"
        )
        result.add(
            meetings.paper(
                document,
                meeting.key,
                str(row["Id"]),
                name,
                clean(str(row.get("Url") or "")) or urljoin(_base(document) + "/", f"document/{row['Id']}"),
                kind,
                day=meeting.start_date,
                organization_key=meeting.organization_key,
            )
        )
    return result


def _rows(document: Document, required: str) -> list[Mapping[str, Any]]:
    value = parse_any_json(document)
    if isinstance(value, Mapping):
        value = next((value[name] for name in _WRAPPERS if isinstance(value.get(name), list)), value)
    if not isinstance(value, list) or not all(isinstance(row, Mapping) and required in row for row in value):
        raise document.failed("wrong-shape", f"not a list of objects with {required}")
    return value


def _meeting(document: Document, result: ParseResult, row: Mapping[str, Any]) -> EventRecord | None:
    local = _local(document, str(row.get("MeetingDateTime") or row.get("MeetingDate") or ""))
    if local is None:
        return None
    page = f"{_base(document)}/Portal/MeetingInformation.aspx?Org=Cal&Id={row['Id']}"
    return meetings.event(
        document,
        result,
        str(row["Id"]),
        _ENDING.sub("", clean(plain(str(row.get("Name") or "")))),
        local.date(),
        local.time() if local.time() != datetime.min.time() else None,
        identity_scheme=SCHEME,
        location=str(row.get("MeetingLocation") or ""),
        body_name=clean(str(row.get("MeetingTypeName") or "")),
        links=[Link(url=page, note="page")],
    )


def _local(document: Document, text: str) -> datetime | None:
    """Return the local moment of ``/Date(1700000000000-0500)/``, of an ISO stamp or of words."""
    match = _DATE.search(text)
    if match:
        try:
            there = ZoneInfo(meetings.zone_of(document))
            return datetime.fromtimestamp(int(match[1]) / 1000, UTC).astimezone(there).replace(tzinfo=None)
        except (OverflowError, OSError, ValueError):
            return None
    day, clock = meetings.day_in(text), meetings.clock_in(text.partition("T")[2] or text)
    return datetime.combine(day, clock or datetime.min.time()) if day else None


def _base(document: Document) -> str:
    if document.url.startswith("http"):
        parts = urlsplit(document.url)
        return f"{parts.scheme}://{parts.netloc}"
    return f"https://{document.source.parameter('client', 'client')}.civicweb.net"


def recognise(document: Document) -> str:
    """Tell documents from meetings by the keys that only they have."""
    return "documents" if re.search(r'"(?:DocumentType|IsPublic)"', head(document.body)) else "meetings"


PARSER = Parser(
    name="civicweb",
    version=3,
    steps={"meetings": read_meetings, "documents": read_documents},
    recognise=recognise,
)
