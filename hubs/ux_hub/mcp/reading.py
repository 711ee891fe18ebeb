"""Turning rows of the civic record into the small facts that tools answer with."""

from __future__ import annotations

from typing import Any

from hubs.ux_hub.mcp.schemas import (
    BillLine,
    Hit,
    Language,
    MemberLine,
    Seat,
    Source,
    SpeechLine,
    VoteLine,
)

EXCERPT_CHARS = 500
Row = dict[str, Any]


def said(row: Row, field: str, language: Language) -> str:
    """Return a text in the language asked for, in the other one where it is missing."""
    first, second = (f"{field}_{language}", f"{field}_{'fr' if language == 'en' else 'en'}")
    return str(row.get(first) or row.get(second) or "")


def cut(text: str, limit: int = EXCERPT_CHARS) -> str:
    """Return at most ``limit`` characters, ended at a word."""
    if len(text) <= limit:
        return text
    return text[:limit].rpartition(" ")[0] + " …"


def sources_of(*rows: Row, limit: int = 3) -> list[Source]:
    """Return the distinct documents that rows were read from."""
    found: dict[str, Source] = {}
    for row in rows:
        for source in row.get("sources") or ():
            url = source["url"]
            found.setdefault(url, Source(url=url, retrieved_at=str(source["retrieved_at"])[:19] + "Z"))
    return list(found.values())[:limit]


def bill_line(row: Row, language: Language) -> BillLine:
    """Return a bill in a list."""
    return BillLine(
        id=row["slug"] or row["id"],
        number=row["number"],
        session=row["session"],
        title=said(row, "short_title", language) or said(row, "title", language),
        status=said(row, "status", language),
        introduced_on=row.get("introduced_on"),
        latest_activity_on=row.get("latest_activity_on"),
        is_law=row.get("is_law"),
    )


def vote_line(row: Row, language: Language) -> VoteLine:
    """Return a vote in a list."""
    return VoteLine(
        id=row["slug"] or row["id"],
        number=row.get("number"),
        session=row.get("session", ""),
        date=row.get("date"),
        subject=cut(said(row, "subject", language) or said(row, "motion", language), 220),
        result=said(row, "result_text", language) or row["result"],
        yes=row.get("yes_count"),
        no=row.get("no_count"),
        paired=row.get("paired_count"),
    )


def current_membership(row: Row) -> Row:
    """Return the membership in force that says most about a person, an empty one when there is none."""
    held = [m for m in row.get("memberships") or () if not m.get("end_date")]
    seated = [m for m in held if m.get("post_key")] or held
    return seated[0] if seated else {}


def member_line(row: Row) -> MemberLine:
    """Return a person in a list."""
    seat = current_membership(row)
    return MemberLine(
        id=row.get("slug") or row["id"],
        name=row["name"],
        party=seat.get("party", ""),
        area=seat.get("area", ""),
        province=seat.get("province", ""),
    )


def seat(row: Row, language: Language) -> Seat:
    """Return a membership."""
    body = row.get("organization") or {}
    return Seat(
        role=said(row, "role", language),
        body=said(body, "name", language) or str(row.get("organization_key", "")),
        party=row.get("party", ""),
        area=row.get("area", ""),
        province=row.get("province", ""),
        since=row.get("start_date"),
        until=row.get("end_date"),
    )


def hit(row: Row, language: Language) -> Hit:
    """Return a search result."""
    parts = [
        said(row, "status", language),
        str(row.get("party") or ""),
        str(row.get("area") or ""),
        str(row.get("speaker_name") or ""),
        cut(said(row, "snippet", language), 200),
    ]
    return Hit(
        kind=row["type"],
        id=row.get("slug") or row["id"],
        title=said(row, "title", language),
        date=row.get("date"),
        detail=" · ".join(part for part in parts if part),
        url=row["url"],
    )


def speech_line(row: Row, language: Language) -> SpeechLine:
    """Return an intervention, shortened."""
    texts = [said(p, "text", language) for p in row.get("paragraphs") or ()]
    topics = [said(row, name, language) for name in ("h1", "h2", "h3")]
    debate = row.get("debate") or {}
    return SpeechLine(
        id=row.get("slug") or row["id"],
        date=str(row.get("time") or row.get("date") or debate.get("date") or "")[:10] or None,
        speaker=said(row, "attribution", language) or row.get("speaker_name", ""),
        topic=" / ".join(topic for topic in topics if topic),
        text=cut(" ".join(texts)),
    )
