"""Popolo (popoloproject.com): the same people, bodies, seats, motions and votes in its classes and names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from shared.core.errors import Invalid

Record = dict[str, Any]
_NOTHING: tuple[Any, ...] = (None, "", [], (), {})


def _without_empty(record: Record) -> Record:
    return {name: value for name, value in record.items() if value not in _NOTHING}


def _either(record: Record, stem: str) -> str:
    """Return the English value of a pair, the French one where there is no other."""
    return str(record[f"{stem}_en"] or record[f"{stem}_fr"])


def _id(record: Record, name: str) -> str | None:
    found = record.get(f"{name}_id")
    return str(found) if found else None


def _common(record: Record) -> Record:
    return {
        "id": str(record["id"]),
        "created_at": record["created_at"],
        "updated_at": record["updated_at"],
        "sources": [{"url": source["url"]} for source in record.get("sources", ())],
    }


def _described(record: Record) -> Record:
    """Return what all have, with identifiers and links: classes whose instances others know too."""
    return {
        **_common(record),
        "identifiers": [
            {"scheme": item["scheme"], "identifier": item["value"]} for item in record.get("identifiers", ())
        ],
        "links": [_without_empty(link) for link in record.get("links") or ()],
    }


def _other_names(record: Record) -> list[Record]:
    name_fr = record["name_fr"]
    return [{"name": name_fr, "note": "fr"}] if name_fr and name_fr != _either(record, "name") else []


def _within(record: Record, name: str, draw: Callable[[Record], Record]) -> list[Record]:
    return [_without_empty(draw(item)) for item in record.get(name, ())]


def _person(record: Record) -> Record:
    return {
        **_described(record),
        "name": record["name"],
        "given_name": record["given_name"],
        "family_name": record["family_name"],
        "honorific_prefix": record["honorific_prefix"],
        "email": next((item["value"] for item in record["contacts"] if item["type"] == "email"), None),
        "gender": record["gender"],
        "birth_date": record["birth_date"],
        "image": record["image"],
        "biography": _either(record, "biography"),
        "other_names": [{"name": name} for name in record["other_names"]],
        "contact_details": [
            {"type": item["type"], "value": item["value"], "note": item["note"]}
            for item in record["contacts"]
        ],
        "memberships": _within(record, "memberships", _membership),
    }


def _membership(record: Record) -> Record:
    party = _id(record, "on_behalf_of")
    return {
        **_common(record),
        "role": _either(record, "role"),
        "person_id": _id(record, "person"),
        "organization_id": _id(record, "organization"),
        "post_id": _id(record, "post"),
        "on_behalf_of_id": party,
        # A party that is known by its name alone.
        "on_behalf_of": {"name": record["party"], "classification": "party"}
        if record["party"] and not party
        else None,
        "start_date": record["start_date"],
        "end_date": record["end_date"],
        "area": {"name": record["area"]} if record["area"] else None,
    }


def _organization(record: Record) -> Record:
    return {
        **_described(record),
        "name": _either(record, "name"),
        "other_names": _other_names(record),
        "classification": record["classification"],
        "parent_id": _id(record, "parent"),
        "founding_date": record["start_date"],
        "dissolution_date": record["end_date"],
        "memberships": _within(record, "memberships", _membership),
        "posts": _within(record, "posts", _post),
    }


def _post(record: Record) -> Record:
    return {
        **_common(record),
        "label": _either(record, "label"),
        "role": _either(record, "role"),
        "organization_id": _id(record, "organization"),
        "area": _without_empty({"id": record["division_id"], "name": record["division_name"]}),
        "memberships": _within(record, "memberships", _membership),
    }


def _area(record: Record) -> Record:
    return {
        **_common(record),
        # Posts name their area by it.
        "id": record["ocd_id"],
        "identifier": record["ocd_id"],
        "name": _either(record, "name"),
        "classification": record["type"],
        "parent_id": record["parent_ocd_id"],
    }


def _vote(record: Record) -> Record:
    organization = _id(record, "organization")
    counted = {count["option"]: count["value"] for count in record["counts"]}
    counted |= {"yes": record["yes_count"], "no": record["no_count"]}
    if record["paired_count"]:
        counted["paired"] = record["paired_count"]
    return {
        **_common(record),
        "identifier": record["slug"],
        "motion": _without_empty(
            {
                "text": _either(record, "motion") or _either(record, "subject"),
                "result": record["result"],
                "organization_id": organization,
            }
        ),
        "organization_id": organization,
        # Most sources tell the day alone; a time of day that nobody told would be false.
        "start_date": record["occurred_at"] or record["date"],
        "result": record["result"],
        "counts": [{"option": name, "value": value} for name, value in counted.items() if value is not None],
        "votes": _within(record, "ballots", _ballot),
    }


def _ballot(record: Record) -> Record:
    return {
        "voter_id": _id(record, "person"),
        "voter": {"name": record["name"]},
        "option": record["option"],
        "group": {"name": record["party"], "classification": "party"} if record["party"] else None,
    }


def _event(record: Record) -> Record:
    return {
        **_described(record),
        "name": _either(record, "name"),
        "start_date": record["starts_at"] or record["start_date"],
        "end_date": record["ends_at"],
        "location": record["location"],
        "status": record["status"],
        "classification": record["classification"],
        "organization_id": _id(record, "organization"),
    }


def _speech(record: Record) -> Record:
    paragraphs = [_either(paragraph, "text") for paragraph in record["paragraphs"]]
    return {
        **_common(record),
        "creator_id": _id(record, "person"),
        "attribution_text": _either(record, "attribution") or record["speaker_name"],
        "date": record["time"],
        "title": _either(record, "h2") or _either(record, "h1"),
        "text": "\n".join(text for text in paragraphs if text),
        "event_id": _id(record, "debate"),
        "position": record["sequence"],
    }


_CLASSES: dict[str, Callable[[Record], Record]] = {
    "person": _person,
    "membership": _membership,
    "organization": _organization,
    "post": _post,
    "division": _area,
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
