"""From a civic row to a document of the index: which words, which facets, what a hit shows."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import orjson

from hubs.data_hub.database.service.feeding import Feed

MAX_SHOWN_CHARS = 60_000
"""Text kept in the index for highlights; what is longer is searchable to its end and shown to here."""

_WORDS_CHARS = 500
"""Beginning of a text whose words, unstemmed, are known to the correction of spelling."""

_TYPE_WEIGHT = {
    "person": 3.0,
    "bill": 2.2,
    "committee": 2.2,
    "organization": 1.8,
    "vote": 1.3,
    "election": 1.3,
}
_FIRST_YEAR, _SPAN = 1990, 45
NO_DAY = date(1, 1, 1)
Fields = dict[str, Any]


def index_fields(feed: Feed) -> Fields:
    """Return the fields of the index document for a row; lists for fields with several values."""
    facts = feed.row["facts"]
    body_en, body_fr = _bodies(feed.kind, facts)
    day = _day(feed)
    seat = seat_on(feed.seats, day)
    title_en, title_fr = feed.row["title_en"], feed.row["title_fr"]
    party = seat.get("party", "") if seat else facts.get("party", "")
    province = seat.get("province", "") if seat else ""
    langs = [lang for lang, text in (("en", body_en or title_en), ("fr", _french(feed, body_fr))) if text]
    person = feed.person or {}
    weight = _weight(feed.type, day, str(feed.row["id"]))
    return {
        "id": str(feed.row["id"]),
        "type": feed.type,
        "jurisdiction": feed.row["jurisdiction"],
        "title_en": title_en,
        "title_fr": title_fr if title_fr != title_en else "",
        "body_en": body_en[:MAX_SHOWN_CHARS],
        "body_fr": body_fr[:MAX_SHOWN_CHARS],
        "more_en": body_en[MAX_SHOWN_CHARS:],
        "more_fr": body_fr[MAX_SHOWN_CHARS:],
        "names": _names(feed),
        "codes": _codes(feed),
        "party": [party] if party else [],
        "party_words": [party] if party else [],
        "province": [province] if province else [],
        "person": [person["title_en"]] if person else [],
        "person_id": [str(person["id"])] if person else [],
        "committee": _committee(feed),
        "lang": langs,
        "session": [facts["session"]] if facts.get("session") else [],
        "day": day.year * 10_000 + day.month * 100 + day.day,
        "year": day.year,
        "order": order_of(day, str(feed.row["id"])),
        "weight": weight,
        "suggest": [title_en[:120]] if feed.kind in ("person", "bill", "organization") else [],
        "words": [
            part for part in (title_en, title_fr, body_en[:_WORDS_CHARS], body_fr[:_WORDS_CHARS]) if part
        ],
        "card": orjson.dumps(_card(feed, day, party, province)),
    }


def order_of(day: date, record_id: str) -> int:
    """Return the sort value by date: no two records share one but by accident, and it never changes."""
    return (day.year * 10_000 + day.month * 100 + day.day) * 10**10 + _spread(record_id) % 10**10


def seat_on(seats: Sequence[Mapping[str, Any]], day: date) -> Mapping[str, Any] | None:
    """Return the membership with a party that was in force on a day (the newest one for no day)."""
    with_party = [seat for seat in seats if seat["party"]]
    if day == NO_DAY:
        return with_party[0] if with_party else None
    for seat in with_party:
        if (seat["start_date"] is None or seat["start_date"] <= day) and (
            seat["end_date"] is None or day <= seat["end_date"]
        ):
            return seat
    return None


def _spread(record_id: str) -> int:
    return int.from_bytes(hashlib.blake2b(record_id.encode(), digest_size=8).digest())


def _weight(record_type: str, day: date, record_id: str) -> float:
    recency = min(max((day.year - _FIRST_YEAR) / _SPAN, 0.0), 1.0)
    factor = _TYPE_WEIGHT.get(record_type, 1.0) * (1.0 + 0.5 * recency)
    # The engine multiplies by log2(2 + value); the last bits keep equal scores in one order.
    return math.pow(2.0, factor) - 2.0 + (_spread(record_id) % 1_000) * 1e-7


def _day(feed: Feed) -> date:
    day: date = feed.row["sort_date"]
    if feed.kind == "speech" and feed.parent is not None and day == NO_DAY:
        day = feed.parent["sort_date"]
    return day


def _bodies(kind: str, facts: Mapping[str, Any]) -> tuple[str, str]:
    match kind:
        case "speech":
            parts = facts["paragraphs"]
            return _joined(p["text_en"] for p in parts), _joined(p["text_fr"] for p in parts)
        case "bill":
            return (
                _joined((facts["title_en"], facts["summary_en"], facts["status_en"])),
                _joined((facts["title_fr"], facts["summary_fr"], facts["status_fr"])),
            )
        case "bill_text":
            text = _joined((facts["summary"], facts["text"]))
            return (text, "") if facts["language"] == "en" else ("", text)
        case "vote_event":
            return facts["motion_en"], facts["motion_fr"]
        case "person":
            return facts["biography_en"], facts["biography_fr"]
        case "event":
            items = facts["agenda"]
            moved_en = (m["text_en"] for i in items for m in i["motions"])
            moved_fr = (m["text_fr"] for i in items for m in i["motions"])
            return (
                _joined((facts["body_name"], *(i["title_en"] for i in items), *moved_en)),
                _joined((*(i["title_fr"] for i in items), *moved_fr)),
            )
    return "", ""


def _joined(parts: Any) -> str:
    return "\n".join(part for part in parts if part)


def _french(feed: Feed, body: str) -> str:
    facts = feed.row["facts"]
    return str(body or facts.get("title_fr") or facts.get("name_fr") or facts.get("subject_fr") or "")


def _names(feed: Feed) -> list[str]:
    facts = feed.row["facts"]
    match feed.kind:
        case "person":
            return [facts["name"], *facts["other_names"]]
        case "speech":
            return [name for name in (facts["speaker_name"],) if name]
        case "bill":
            return [sponsor["name"] for sponsor in facts["sponsors"]]
        case "organization":
            names = (facts["name_en"], facts["name_fr"], facts["abbreviation"])
            return [name for name in names if name]
        case "division":
            return [name for name in (facts["name_en"], facts["name_fr"]) if name]
    return []


def _codes(feed: Feed) -> list[str]:
    facts = feed.row["facts"]
    codes = {feed.row["slug"], feed.row["key"]}
    if feed.kind == "bill":
        codes |= _bill_codes(facts["session"], facts["number"])
    if feed.kind in ("vote_event", "bill_text") and feed.parent is not None:
        codes.add(feed.parent["slug"])
    for key in feed.row.get("bill_keys") or ():
        parts = key.split("/")
        codes |= _bill_codes(parts[-2], parts[-1]) if len(parts) > 2 else {key}
    if feed.kind in ("vote_event", "bill_text") and facts.get("bill_key"):
        parts = facts["bill_key"].split("/")
        codes |= _bill_codes(parts[-2], parts[-1]) if len(parts) > 2 else set()
    if feed.kind == "organization" and facts["abbreviation"]:
        codes.add(facts["abbreviation"].lower())
    codes.update(value.lower() for value in feed.row["identifiers"])
    return sorted(codes)


def _bill_codes(session: str, number: str) -> set[str]:
    low = number.lower()
    return {low, low.replace("-", ""), f"{session}/{low}", f"{session}-{low}"}


def _committee(feed: Feed) -> list[str]:
    """Return what a committee is called: both names, and the acronym that ends its key."""
    row = feed.row if feed.type == "committee" else feed.body
    if row is None or "/committee/" not in row["key"]:
        return [str(row["title_en"])] if row is not None else []
    names = (row["title_en"], row["title_fr"], row["key"].rpartition("/")[2])
    return list(dict.fromkeys(str(name) for name in names if name))


def _card(feed: Feed, day: date, party: str, province: str) -> Fields:
    facts = feed.row["facts"]
    card: Fields = {
        "id": feed.row["id"],
        "type": feed.type,
        "url": feed.url,
        "key": feed.row["key"],
        "slug": feed.row["slug"],
        "jurisdiction": feed.row["jurisdiction"],
        "title_en": feed.row["title_en"],
        "title_fr": feed.row["title_fr"],
        "date": None if day == NO_DAY else day,
    }
    if party:
        card["party"] = party
    if province:
        card["province"] = province
    if feed.person and feed.kind != "person":
        card["person"] = {
            "id": feed.person["id"],
            "name": feed.person["title_en"],
            "url": f"/api/v1/people/{feed.person['id']}",
        }
    if feed.kind == "person":
        seat = seat_on(feed.seats, NO_DAY)
        card["area"] = seat["area"] if seat else ""
        card["image"] = facts["image"]
    if feed.kind == "bill":
        card["number"], card["session"] = facts["number"], facts["session"]
        card["status_en"], card["status_fr"] = facts["status_en"], facts["status_fr"]
    if feed.kind == "speech" and feed.parent is not None:
        card["debate"] = {"id": feed.parent["id"], "url": f"/api/v1/debates/{feed.parent['id']}"}
        card["anchor"] = f"{feed.parent['slug']}/{feed.row['slug']}"
    return card


__all__ = ["MAX_SHOWN_CHARS", "index_fields", "order_of", "seat_on"]
