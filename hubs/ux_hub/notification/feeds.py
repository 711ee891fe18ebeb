"""Pull feeds of a subscription: Atom (RFC 4287), JSON Feed 1.1 and iCalendar (RFC 5545) of meetings."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from hubs.ux_hub.notification.models import Match, Subscription
from shared.http.json import dumps

_FOLD = 75


def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _title(subscription: Subscription, language: str) -> str:
    name = subscription.name or subscription.target
    return f"OpenPolicy : {name}" if language == "fr" else f"OpenPolicy: {name}"


def _clean(text: str) -> str:
    """Return text without what XML 1.0 cannot hold."""
    return "".join(c for c in text if c in "\t\n\r" or ord(c) >= 32)


def atom(
    subscription: Subscription, matches: Sequence[Match], language: str, base: str, own_url: str
) -> bytes:
    """Return an Atom feed."""
    updated = max((m.occurred_at for m in matches), default=subscription.created_at)
    out = [
        '<?xml version="1.0" encoding="utf-8"?>',
        f'<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="{language}">',
        f"<id>urn:uuid:{subscription.id}</id>",
        f"<title>{escape(_clean(_title(subscription, language)))}</title>",
        f"<updated>{_stamp(updated)}</updated>",
        f'<link rel="self" type="application/atom+xml" href={quoteattr(own_url)}/>',
        f'<link rel="alternate" href={quoteattr(base)}/>',
        "<author><name>OpenPolicy</name></author>",
    ]
    for match in matches:
        title, detail = (getattr(match, f"{name}_{language}") for name in ("title", "detail"))
        out += [
            "<entry>",
            f"<id>urn:uuid:{match.id}</id>",
            f"<title>{escape(_clean(title))}</title>",
            f"<updated>{_stamp(match.occurred_at)}</updated>",
            f'<link rel="alternate" href={quoteattr(base + match.url)}/>',
            f'<content type="text">{escape(_clean(detail))}</content>',
            "</entry>",
        ]
    out.append("</feed>\n")
    return "\n".join(out).encode()


def json_feed(
    subscription: Subscription, matches: Sequence[Match], language: str, base: str, own_url: str
) -> bytes:
    """Return a JSON Feed."""
    body: dict[str, Any] = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": _title(subscription, language),
        "home_page_url": base,
        "feed_url": own_url,
        "language": language,
        "items": [
            {
                "id": str(match.id),
                "url": base + match.url,
                "title": getattr(match, f"title_{language}"),
                "content_text": getattr(match, f"detail_{language}") or getattr(match, f"title_{language}"),
                "date_published": _stamp(match.occurred_at),
            }
            for match in matches
        ],
    }
    return dumps(body)


def calendar(subscription: Subscription, events: Sequence[dict[str, Any]], language: str, base: str) -> bytes:
    """Return meetings as an iCalendar; a cancelled one stays, marked so, with a higher sequence."""
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//OpenPolicy//Civic record//EN",
        "METHOD:PUBLISH",
        "CALSCALE:GREGORIAN",
        f"X-WR-CALNAME:{_text(_title(subscription, language))}",
        f"NAME:{_text(_title(subscription, language))}",
        "REFRESH-INTERVAL;VALUE=DURATION:PT1H",
    ]
    for event in events:
        lines += _event(event, language, base)
    lines.append("END:VCALENDAR")
    return ("\r\n".join(folded for line in lines for folded in _folded(line)) + "\r\n").encode()


def _event(event: dict[str, Any], language: str, base: str) -> list[str]:
    is_cancelled = str(event.get("status", "")).startswith("cancel")
    changed = datetime.fromisoformat(str(event["updated_at"]))
    lines = ["BEGIN:VEVENT", f"UID:{event['id']}@openpolicy", f"DTSTAMP:{_ical(changed)}"]
    if event.get("starts_at"):
        begins = datetime.fromisoformat(str(event["starts_at"]))
        ends = event.get("ends_at")
        lines.append(f"DTSTART:{_ical(begins)}")
        lines.append(
            f"DTEND:{_ical(datetime.fromisoformat(str(ends)) if ends else begins + timedelta(hours=2))}"
        )
    else:
        day = date.fromisoformat(str(event["start_date"]))
        lines.append(f"DTSTART;VALUE=DATE:{day:%Y%m%d}")
        lines.append(f"DTEND;VALUE=DATE:{day + timedelta(days=1):%Y%m%d}")
    name = event.get(f"name_{language}") or event.get("name_en") or ""
    body = event.get("body_name") or ""
    lines += [
        f"SUMMARY:{_text(f'{body}: {name}' if body and body not in name else name)}",
        f"URL:{base}{event['url']}",
        f"STATUS:{'CANCELLED' if is_cancelled else 'CONFIRMED'}",
        f"SEQUENCE:{int(changed.timestamp()) - 1_700_000_000 if is_cancelled else 0}",
        f"LAST-MODIFIED:{_ical(changed)}",
    ]
    if event.get("location"):
        lines.append(f"LOCATION:{_text(str(event['location']))}")
    lines.append("END:VEVENT")
    return lines


def _ical(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")


def _text(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")
    return "\\n".join(_clean(escaped).splitlines())


def _folded(line: str) -> list[str]:
    """Return a content line in pieces of at most 75 octets, never inside a character."""
    pieces, piece, size = [], "", 0
    for character in line:
        width = len(character.encode())
        if size + width > _FOLD:
            pieces.append(piece)
            piece, size = " ", 1
        piece += character
        size += width
    return [*pieces, piece]
