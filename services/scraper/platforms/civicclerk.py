"""CivicClerk: meetings as OData, one meeting, and the video of a meeting.

Documents: ``municipal/civicclerk`` (``{client}.api.civicclerk.com/v1/Events``, ``/Events(<id>)``,
``/EventsMedia(<id>)``). Clocks end in ``Z`` and are local all the same: a council that meets at six in the
evening says 18:00Z while its own recording began at 17:46 local time.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from services.scraper.parsers.base import Document, Fetch, Parser, ParseResult
from services.scraper.parsers.json import parse_json
from services.scraper.parsers.text import clean, head, plain
from services.scraper.platforms import meetings
from shared.contracts.civic import Identifier, Link
from shared.contracts.proceedings import AgendaItem, DocumentRecord, EventRecord

SCHEME = "civicclerk.com/event"
_NEVER = ("1900-01-01", "0001-01-01")


def read_events(document: Document) -> ParseResult:
    """Read a list of meetings, or one meeting.

    Raises: ParseFailed (``wrong-shape``, or as ``parse_json``).
    """
    value = parse_json(document, dict)
    rows = value.get("value") if "value" in value else [value]
    if not isinstance(rows, list) or not all(isinstance(row, Mapping) and "eventName" in row for row in rows):
        raise document.failed("wrong-shape", "neither a meeting nor a list of meetings under `value`")
    result = ParseResult()
    for row in rows:
        meeting = _meeting(document, result, row)
        if meeting is None:
            result.skip("meeting without a day")
            continue
        result.add(meeting, *_papers(document, result, row, meeting))
    following = value.get("@odata.nextLink")
    if isinstance(following, str) and following.startswith("http"):
        result.next(Fetch(url=following, step=document.step))
    return result


def read_media(document: Document) -> ParseResult:
    """Read the video of a meeting; its bookmarks become agenda items when the meeting is in the context.

    Raises: ParseFailed (``wrong-shape``, or as ``parse_json``).
    """
    value = parse_json(document, dict)
    if "videoUrl" not in value and "externalVideoUrl" not in value:
        raise document.failed("wrong-shape", "not the media of a meeting")
    result = ParseResult()
    number = clean(str(value.get("id") or ""))
    url = _web(value.get("externalVideoUrl")) or _web(value.get("videoUrl"))
    event_key = meetings.key(document, "event", number)
    if url:
        title = clean(str(value.get("defaultFileName") or "")) or "Video"
        video = meetings.paper(document, event_key, "video", title, url, "video")
        result.add(video)
    given = document.context.get("event")
    marks = value.get("eventBookmarks")
    if isinstance(given, Mapping) and isinstance(marks, list):
        meeting = _meeting(document, result, given, tuple(_marks(marks)))
        if meeting is not None:
            result.add(meeting)
    elif isinstance(marks, list) and marks:
        result.skip("bookmark without its meeting", len(marks))
    return result


def _marks(marks: list[Any]) -> list[AgendaItem]:
    kept = [mark for mark in marks if isinstance(mark, Mapping) and clean(str(mark.get("markerTitle") or ""))]
    return [
        AgendaItem(
            order=order,
            title_en=clean(plain(str(mark["markerTitle"]))),
            identifiers=(Identifier(scheme="civicclerk.com/bookmark", value=str(mark.get("id"))),),
        )
        for order, mark in enumerate(kept, 1)
    ]


def _meeting(
    document: Document, result: ParseResult, row: Mapping[str, Any], agenda: tuple[AgendaItem, ...] = ()
) -> EventRecord | None:
    stamp = str(row.get("startDateTime") or row.get("eventDate") or "")
    day = meetings.day_in(stamp)
    if day is None or stamp.startswith(_NEVER):
        return None
    ends = str(row.get("meetingEndTime") or "")
    place = row.get("eventLocation")
    parts = (
        [
            clean(str(place.get(name) or ""))
            for name in ("name", "address1", "address2", "city", "state", "zipCode")
        ]
        if isinstance(place, Mapping)
        else []
    )
    # What the clerk took down was announced once: it is shown as cancelled, not forgotten.
    status = "cancelled" if row.get("isDeleted") is True else ""
    links = [(_web(row.get("externalMediaUrl")), "video"), (_web(row.get("mediaStreamPath")), "video")]
    youtube = clean(str(row.get("youtubeVideoId") or ""))
    if youtube:
        links.append((f"https://www.youtube.com/watch?v={youtube}", "video"))
    return meetings.event(
        document,
        result,
        str(row.get("id")),
        clean(plain(str(row.get("eventName") or ""))),
        day,
        meetings.clock_in(stamp.partition("T")[2]),
        identity_scheme=SCHEME,
        end=None
        if not ends or ends.startswith(_NEVER)
        else meetings.moment(document, meetings.day_in(ends), meetings.clock_in(ends.partition("T")[2])),
        location=", ".join(part for part in parts if part),
        body_name=clean(str(row.get("categoryName") or row.get("eventCategoryName") or "")),
        status=status,
        notes=(str(row.get("eventNotice") or ""), str(row.get("eventDescription") or "")[:200]),
        links=[Link(url=url[:2_000], note=note) for url, note in links if url],
        agenda=agenda,
    )


def _papers(
    document: Document, result: ParseResult, row: Mapping[str, Any], meeting: EventRecord
) -> list[DocumentRecord]:
    base = _base(document)
    found = row.get("publishedFiles")
    told = []
    for entry in found if isinstance(found, list) else []:
        if not isinstance(entry, Mapping) or not entry.get("fileId"):
            result.skip("document without an id")
            continue
        kind = clean(str(entry.get("type") or "document"))
        url = f"{base}/v1/Meetings/GetMeetingFileStream(fileId={entry['fileId']},plainText=false)"
        told.append(
            meetings.paper(
                document,
                meeting.key,
                str(entry["fileId"]),
                clean(plain(str(entry.get("name") or kind))),
                url,
                "packet" if "packet" in kind.lower() else kind.lower(),
                day=meeting.start_date,
                organization_key=meeting.organization_key,
            )
        )
    return told


def _web(value: object) -> str:
    text = clean(str(value or ""))
    return text if text.startswith(("http://", "https://")) else ""


def _base(document: Document) -> str:
    if document.url.startswith("http"):
        parts = urlsplit(document.url)
        return f"{parts.scheme}://{parts.netloc}"
    return f"https://{document.source.parameter('client', 'client')}.api.civicclerk.com"


def recognise(document: Document) -> str:
    """Tell the media of a meeting from meetings by a name that only it has."""
    return "media" if '"eventBookmarks"' in head(document.body, 8_192) else "events"


PARSER = Parser(
    name="civicclerk",
    version=1,
    steps={"events": read_events, "media": read_media},
    recognise=recognise,
)
