"""From a record as data_hub shows it to the rows of facts that indicators count."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

from hubs.intelligence_hub.analytics.words import count_words

Item = dict[str, Any]
Row = dict[str, Any]


def vote_row(vote: Item) -> Row:
    """Return the fact of a vote."""
    return {
        "vote_key": vote["key"],
        "slug": vote["slug"],
        "date": date.fromisoformat(vote["date"]),
        "session": vote["session"],
        "organization_key": vote["organization_key"],
        "result": vote["result"],
        "subject_en": vote["subject_en"],
        "subject_fr": vote["subject_fr"],
        "bill_key": vote["bill_key"],
    }


def ballot_rows(vote: Item) -> list[Row]:
    """Return the facts of a vote's ballots."""
    return [
        {
            "vote_key": vote["key"],
            "position": position,
            "member_key": ballot["person_key"] or f"name:{ballot['name']}",
            "name": ballot["name"],
            "party": ballot["party"],
            "option": ballot["option"],
        }
        for position, ballot in enumerate(vote["ballots"])
    ]


def bill_row(bill: Item) -> Row:
    """Return the fact of a bill."""
    sponsors = bill.get("sponsors") or [{}]
    days = ("introduced_on", "latest_activity_on", "royal_assent_on")
    return {
        "bill_key": bill["key"],
        "number": bill["number"],
        "session": bill["session"],
        "chamber": bill["chamber"],
        "is_government": bill["is_government"],
        "is_private_member": bill.get("is_private_member"),
        "title_en": bill["title_en"],
        "title_fr": bill["title_fr"],
        "status_code": bill["status_code"],
        "status_en": bill["status_en"],
        "status_fr": bill["status_fr"],
        **{name: _day(bill.get(name)) for name in days},
        "sponsor_key": sponsors[0].get("person_key") or "",
        "sponsor_name": sponsors[0].get("name") or "",
        "stages": bill.get("stages") or [],
    }


def organization_row(organization: Item) -> Row:
    """Return the fact of a body."""
    return {
        "organization_key": organization["key"],
        "jurisdiction": organization["jurisdiction"],
        "name_en": organization["name_en"],
        "name_fr": organization["name_fr"],
        "classification": organization["classification"],
    }


def debate_row(debate: Item) -> Row:
    """Return the fact of a sitting."""
    return {
        "debate_key": debate["key"],
        "date": date.fromisoformat(debate["date"]),
        "session": debate["session"],
        "organization_key": debate["organization_key"],
        "document_type": debate["document_type"],
    }


def speech_row(speech: Item) -> Row:
    """Return the fact of an intervention."""
    counted: Row = {}
    for lang in ("en", "fr"):
        text = "\n".join(paragraph[f"text_{lang}"] for paragraph in speech["paragraphs"])
        words, counts = count_words(text, lang)
        counted[f"words_{lang}"] = words
        # What is procedural is said by whoever presides, in set phrases.
        counted[f"counts_{lang}"] = {} if speech["is_procedural"] else counts
    return {
        "speech_key": speech["key"],
        "debate_key": speech["debate_key"],
        "sequence": speech["sequence"],
        "time": _moment(speech["time"]),
        "member_key": speech["person_key"] or f"name:{speech['speaker_name']}",
        "name": speech["speaker_name"],
        "is_procedural": speech["is_procedural"],
        **counted,
    }


def event_row(event: Item) -> Row:
    """Return the fact of a meeting."""
    motions = list(_motions(event))
    return {
        "event_key": event["key"],
        "jurisdiction": event["jurisdiction"],
        "organization_key": event["organization_key"],
        "body_name": event["body_name"],
        "name_en": event["name_en"],
        "session": event["session"],
        "status": event["status"],
        "classification": event["classification"],
        "start_date": date.fromisoformat(event["start_date"]),
        "starts_at": _moment(event["starts_at"]),
        "ends_at": _moment(event["ends_at"]),
        "agenda_items": len(event["agenda"]),
        "motions": len(motions),
        "recorded_votes": sum(bool(motion["ballots"]) for motion in motions),
    }


def coverage_row(entry: Item) -> Row:
    """Return the fact of one entry of data_hub's coverage."""
    return {
        "jurisdiction": entry["jurisdiction"],
        "kind": entry["type"],
        "records": entry["count"],
        "first_date": _day(entry["first_date"]),
        "last_date": _day(entry["last_date"]),
        "read_at": _moment(entry["as_of"]),
        "promise_hours": round(entry["promise_hours"]),
    }


def _motions(event: Item) -> Iterator[Item]:
    for item in event["agenda"]:
        yield from item["motions"]


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text[:10]) if text else None


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
