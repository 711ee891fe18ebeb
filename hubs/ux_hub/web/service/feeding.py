"""Feeds that need no account: Atom (RFC 4287) of what happened, iCalendar (RFC 5545) of what is to come."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any
from uuid import NAMESPACE_URL, uuid5
from xml.sax.saxutils import escape, quoteattr

from hubs.ux_hub.web.service.language import OTTAWA, Lang, as_day, as_moment

Row = Mapping[str, Any]
ATOM = "application/atom+xml; charset=utf-8"
ICALENDAR = "text/calendar; charset=utf-8"
_UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
"""What XML 1.0 cannot hold even as a reference."""
_LINE_OCTETS = 75
_USUAL_LENGTH = timedelta(hours=2)


@dataclass(frozen=True)
class Entry:
    """Something that happened, the page that shows it, and when it happened."""

    title: str
    page: str
    happened: datetime
    text: str = ""
    mark: str = ""
    """Tells it from another entry with the same title, page and time."""


def moment_of(value: object) -> datetime:
    """Return a stated moment, or noon in Ottawa of a stated day; the epoch for neither."""
    if isinstance(value, str) and len(value) > 10 and (found := as_moment(value)) is not None:
        return found if found.tzinfo else found.replace(tzinfo=UTC)
    day = as_day(value)
    return datetime.combine(day, time(12), OTTAWA) if day else datetime.fromtimestamp(0, UTC)


def atom(title: str, own: str, page: str, entries: Iterable[Entry], lang: Lang) -> str:
    """Return a feed, the newest entry first; addresses are absolute."""
    ordered = sorted(entries, key=lambda entry: entry.happened, reverse=True)
    updated = ordered[0].happened if ordered else datetime.fromtimestamp(0, UTC)
    out = [
        '<?xml version="1.0" encoding="utf-8"?>',
        f'<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="{lang}-CA">',
        f"<id>{_xml(own)}</id><title>{_xml(title)}</title><updated>{_stamp(updated)}</updated>",
        f'<link rel="self" type="application/atom+xml" href={quoteattr(own)}/>',
        f'<link rel="alternate" type="text/html" href={quoteattr(page)}/>',
        "<author><name>OpenPolicy</name></author>",
    ]
    for entry in ordered:
        # The same happening has the same id in every reading.
        name = uuid5(NAMESPACE_URL, f"{entry.page} {_stamp(entry.happened)} {entry.title} {entry.mark}")
        out.append(
            f"<entry><id>urn:uuid:{name}</id><title>{_xml(entry.title)}</title>"
            f"<updated>{_stamp(entry.happened)}</updated>"
            f'<link rel="alternate" type="text/html" href={quoteattr(entry.page)}/>'
            f'<content type="text">{_xml(entry.text or entry.title)}</content></entry>'
        )
    return "\n".join([*out, "</feed>", ""])


def _xml(text: str) -> str:
    return escape(_UNWRITABLE.sub("", text))


def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def calendar(title: str, events: Sequence[Row], pages: str, lang: Lang) -> str:
    """Return meetings, cancelled ones marked so; ``pages`` is the address below which they are shown."""
    lines = [
        "BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//OpenPolicy//Civic record//EN", "METHOD:PUBLISH",
        "CALSCALE:GREGORIAN", f"X-WR-CALNAME:{_value(title)}", f"NAME:{_value(title)}",
        "REFRESH-INTERVAL;VALUE=DURATION:PT1H",
    ]  # fmt: skip
    for event in events:
        lines += _event(event, pages, lang)
    lines.append("END:VCALENDAR")
    return "".join(f"{piece}\r\n" for line in lines for piece in _folded(line))


def _event(event: Row, pages: str, lang: Lang) -> list[str]:
    changed = moment_of(event["updated_at"])
    is_cancelled = str(event.get("status") or "").startswith("cancel")
    if event.get("starts_at"):
        begins = moment_of(event["starts_at"])
        ends = moment_of(event["ends_at"]) if event.get("ends_at") else begins + _USUAL_LENGTH
        when = [f"DTSTART:{_utc(begins)}", f"DTEND:{_utc(ends)}"]
    elif (day := as_day(event.get("start_date"))) is not None:
        when = [f"DTSTART;VALUE=DATE:{day:%Y%m%d}", f"DTEND;VALUE=DATE:{day + timedelta(days=1):%Y%m%d}"]
    else:
        return []  # a meeting without a day has no place in a calendar
    name = event.get(f"name_{lang}") or event.get("name_en") or event.get("name_fr") or ""
    body = event.get("body_name") or ""
    lines = [
        "BEGIN:VEVENT", f"UID:{event['id']}@openpolicy", f"DTSTAMP:{_utc(changed)}", *when,
        f"SUMMARY:{_value(f'{body}: {name}' if body and body not in name else name)}",
        f"URL:{pages}/{event['slug']}", f"STATUS:{'CANCELLED' if is_cancelled else 'CONFIRMED'}",
        f"LAST-MODIFIED:{_utc(changed)}",
    ]  # fmt: skip
    if event.get("location"):
        lines.append(f"LOCATION:{_value(str(event['location']))}")
    return [*lines, "END:VEVENT"]


def _utc(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")


def _value(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")
    return "\\n".join(_UNWRITABLE.sub("", escaped).splitlines())


def _folded(line: str) -> list[str]:
    """Return a line in pieces of at most 75 octets, never inside a character."""
    pieces, piece, size = [], "", 0
    for char in line:
        width = len(char.encode())
        if size + width > _LINE_OCTETS:
            pieces.append(piece)
            piece, size = " ", 1
        piece += char
        size += width
    return [*pieces, piece]
