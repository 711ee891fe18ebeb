"""Popolo (popoloproject.com): the same people, bodies, seats, motions and votes in its classes and names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from shared.core.errors import Invalid

Record = dict[str, Any]
_OPTIONS = {"paired": "paired", "not voting": "not voting"}


def _without_empty(record: Record) -> Record:
    return {name: value for name, value in record.items() if value not in (None, "", [], ())}


def _common(record: Record) -> Record:
    return {
        "id": str(record["id"]),
        "created_at": record["created_at"],
        "updated_at": record["updated_at"],
        "sources": [{"url": source["url"]} for source in record["sources"]],
        "identifiers": [
            {"scheme": item["scheme"], "identifier": item["value"]} for item in record.get("identifiers", ())
        ],
        "links": record.get("links"),
    }


def _person(record: Record) -> Record:
    return {
        **_common(record),
        "name": record["name"],
        "given_name": record["given_name"],
        "family_name": record["family_name"],
        "honorific_prefix": record["honorific_prefix"],
        "email": next((item["value"] for item in record["contacts"] if item["type"] == "email"), None),
        "gender": record["gender"],
        "birth_date": record["birth_date"],
        "image": record["image"],
        "biography": record["biography_en"],
        "other_names": [{"name": name} for name in record["other_names"]],
        "contact_details": [
            {"type": item["type"], "value": item["value"], "note": item["note"]}
            for item in record["contacts"]
        ],
        "memberships": [_without_empty(_membership(item)) for item in record.get("memberships", ())],
    }


def _membership(record: Record) -> Record:
    return {
        "id": str(record["id"]),
        "role": record["role_en"],
        "person_id": str(record["person_id"]) if record.get("person_id") else None,
        "organization_id": str(record["organization_id"]) if record.get("organization_id") else None,
        "post_id": str(record["post_id"]) if record.get("post_id") else None,
        "on_behalf_of_id": str(record["on_behalf_of_id"]) if record.get("on_behalf_of_id") else None,
        "start_date": record["start_date"],
        "end_date": record["end_date"],
        "area": {"name": record["area"]} if record["area"] else None,
    }


def _organization(record: Record) -> Record:
    return {
        **_common(record),
        "name": record["name_en"],
        "other_names": [{"name": record["name_fr"], "note": "fr"}] if record["name_fr"] else [],
        "classification": record["classification"],
        "parent_id": str(record["parent_id"]) if record.get("parent_id") else None,
        "founding_date": record["start_date"],
        "dissolution_date": record["end_date"],
    }


def _post(record: Record) -> Record:
    return {
        **_common(record),
        "label": record["label_en"],
        "role": record["role_en"],
        "organization_id": str(record["organization_id"]) if record.get("organization_id") else None,
        "area": {"id": record["division_id"] or None, "name": record["division_name"]},
    }


def _vote(record: Record) -> Record:
    options: list[Record] = [
        {"option": "yes", "value": record["yes_count"]},
        {"option": "no", "value": record["no_count"]},
    ]
    return {
        **_common(record),
        "identifier": record["slug"],
        "motion": _without_empty(
            {"text": record["motion_en"] or record["subject_en"], "result": record["result"]}
        ),
        "organization_id": str(record["organization_id"]) if record.get("organization_id") else None,
        "start_date": record["occurred_at"] or record["date"],
        "result": record["result"],
        "counts": options,
        "votes": [
            _without_empty(
                {
                    "voter_id": str(ballot["person_id"]) if ballot.get("person_id") else None,
                    "voter": {"name": ballot["name"]},
                    "option": _OPTIONS.get(ballot["option"], ballot["option"]),
                    "group": {"name": ballot["party"]} if ballot["party"] else None,
                }
            )
            for ballot in record.get("ballots", ())
        ],
    }


def _event(record: Record) -> Record:
    return {
        **_common(record),
        "name": record["name_en"],
        "start_date": record["starts_at"] or record["start_date"],
        "end_date": record["ends_at"],
        "location": record["location"],
        "status": record["status"],
        "classification": record["classification"],
        "organization_id": str(record["organization_id"]) if record.get("organization_id") else None,
    }


def _speech(record: Record) -> Record:
    return {
        **_common(record),
        "creator_id": str(record["person_id"]) if record.get("person_id") else None,
        "attribution_text": record["attribution_en"] or record["speaker_name"],
        "date": record["time"],
        "title": record["h2_en"] or record["h1_en"],
        "text": "\n".join(p["text_en"] for p in record["paragraphs"] if p["text_en"]),
        "event_id": str(record["debate_id"]) if record.get("debate_id") else None,
        "position": record["sequence"],
    }


_CLASSES: dict[str, Callable[[Record], Record]] = {
    "person": _person,
    "membership": _membership,
    "organization": _organization,
    "post": _post,
    "vote_event": _vote,
    "event": _event,
    "speech": _speech,
}


def as_popolo(kind: str, record: Record) -> Record:
    """Return a rendered record as an instance of Popolo's class for it, empty properties left out.

    Raises: Invalid for a kind that Popolo has no class for.
    """
    if kind not in _CLASSES:
        what = kind.replace("_", " ") or "ballots alone"
        raise Invalid(f"format: Popolo has no class for {what}", known=sorted(_CLASSES))
    return _without_empty(_CLASSES[kind](record))
