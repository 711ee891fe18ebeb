"""PrimeGov: lists of coming and past meetings as JSON.

Documents: ``municipal/primegov`` (``{client}.primegov.com/api/v2/PublicPortal/ListUpcomingMeetings``,
``ListArchivedMeetings?year=``). Older tenants give ``date`` and ``time`` in words, newer ones also
``dateTime``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from services.scraper.parsers.base import Document, Parser, ParseResult
from services.scraper.parsers.json import parse_any_json
from services.scraper.parsers.text import clean, plain
from services.scraper.platforms import meetings
from shared.contracts.civic import Link
from shared.contracts.proceedings import DocumentRecord, EventRecord

SCHEME = "primegov.com/meeting"
_LANGUAGES = {"en-us": "en", "en-ca": "en", "en": "en", "fr-ca": "fr", "fr-fr": "fr", "fr": "fr"}
_HTML_OUTPUT = 3


def read_meetings(document: Document) -> ParseResult:
    """Read a list of meetings.

    Raises: ParseFailed (``wrong-shape``, or as ``parse_any_json``).
    """
    rows = parse_any_json(document)
    if not isinstance(rows, list) or not all(isinstance(row, Mapping) and "id" in row for row in rows):
        raise document.failed("wrong-shape", "not a list of meetings")
    result = ParseResult()
    for row in rows:
        meeting = _meeting(document, result, row)
        if meeting is None:
            result.skip("meeting without a day")
            continue
        result.add(meeting, *_papers(document, result, row, meeting))
    return result


def _meeting(document: Document, result: ParseResult, row: Mapping[str, Any]) -> EventRecord | None:
    stamp = str(row.get("dateTime") or row.get("meetingDateTime") or "")
    day = meetings.day_in(stamp) or meetings.day_in(str(row.get("date") or ""))
    if day is None:
        return None
    clock = meetings.clock_in(str(row.get("time") or "")) or meetings.clock_in(stamp.partition("T")[2])
    video = clean(str(row.get("videoUrl") or ""))
    video = f"https:{video}" if video.startswith("//") else video
    zoom = clean(str(row.get("zoomMeetingLink") or ""))
    links = [(video, "video"), (zoom, "remote participation")]
    return meetings.event(
        document,
        result,
        str(row["id"]),
        clean(plain(str(row.get("title") or ""))),
        day,
        clock,
        identity_scheme=SCHEME,
        location=str(row.get("location") or ""),
        links=[Link(url=url[:2_000], note=note) for url, note in links if url.startswith("http")],
    )


def _papers(
    document: Document, result: ParseResult, row: Mapping[str, Any], meeting: EventRecord
) -> list[DocumentRecord]:
    base = _base(document)
    told = []
    for entry in _entries(row):
        if not isinstance(entry, Mapping) or entry.get("id") is None:
            result.skip("document without an id")
            continue
        name = clean(plain(str(entry.get("templateName") or "Document")))
        is_page = entry.get("compileOutputType") == _HTML_OUTPUT
        template = entry.get("templateId")
        url = clean(str(entry.get("link") or "")) or (
            f"{base}/Portal/Meeting?meetingTemplateId={template}"
            if is_page
            else f"{base}/Public/CompiledDocument?meetingTemplateId={template}&compileOutputType=1"
        )
        lowered = name.lower()
        kind = next(
            (word for word in ("minutes", "agenda", "journal", "packet") if word in lowered), "document"
        )
        told.append(
            meetings.paper(
                document,
                meeting.key,
                str(entry["id"]),
                name,
                url,
                kind,
                _LANGUAGES.get(str(entry.get("language") or "").lower(), ""),
                day=meeting.start_date,
                organization_key=meeting.organization_key,
            ).model_copy(update={"media_type": "text/html" if is_page else "application/pdf"})
        )
    return told


def _entries(row: Mapping[str, Any]) -> list[Any]:
    """Return the documents of a meeting: of a list, or of the templates of a search."""
    found = row.get("documentList")
    entries = list(found) if isinstance(found, list) else []
    templates = row.get("templates")
    for template in templates if isinstance(templates, list) else []:
        files = template.get("compiledMeetingDocumentFiles") if isinstance(template, Mapping) else None
        for file in files if isinstance(files, list) else []:
            if isinstance(file, Mapping):
                named = {"templateName": template.get("title"), "templateId": template.get("id")}
                entries.append({**named, **file})
    return entries


def _base(document: Document) -> str:
    if document.url.startswith("http"):
        parts = urlsplit(document.url)
        return f"{parts.scheme}://{parts.netloc}"
    return f"https://{document.source.parameter('client', 'client')}.primegov.com"


PARSER = Parser(name="primegov", version=1, steps={"meetings": read_meetings})
