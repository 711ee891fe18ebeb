"""From a record's facts to the columns of its row: pure functions, no database."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from hubs.data_hub.database.models import COMMON, TABLES
from hubs.data_hub.text import fold, slugify

Facts = Mapping[str, Any]
NO_DATE = "0001-01-01"
_MAX_SORT_NAME = 400
"""An index entry of PostgreSQL holds 2,700 bytes."""

# Facts that have a table of their own are not kept a second time in the document.
APART: dict[str, tuple[str, ...]] = {"vote_event": ("ballots",)}

_KIND_WORDS = {
    "bill", "vote", "person", "debate", "event", "committee", "session", "text", "speech", "party", "post",
    "membership", "election", "candidacy", "document",
}  # fmt: skip
_HOME = {(), ("ca",), ("ca", "house")}


def identifier_list(values: Any) -> list[str]:
    """Return identifiers as sorted ``scheme:value`` strings."""
    return sorted({f"{item['scheme']}:{item['value']}" for item in values or ()})


def base_slug(kind: str, facts: Facts) -> str:
    """Return the slug that a record asks for; another record may hold it already."""
    if kind == "person":
        return slugify(facts["name"]) or key_slug(facts["key"])
    if kind == "speech" and facts.get("slug"):
        return slugify(f"{key_slug(facts['debate_key'])} {facts['slug']}", 200)
    parts = facts["key"].split("/")
    at = next((i for i, part in enumerate(parts) if part in _KIND_WORDS), None)
    if at is not None and tuple(parts[:at]) in _HOME and parts[at + 1 :]:
        return slugify("-".join(parts[at + 1 :]), 200)
    return key_slug(facts["key"])


def key_slug(key: str) -> str:
    """Return the slug made of a whole key, which no other record of the kind can ask for but by design."""
    return slugify(key, 250)


def _titles(kind: str, facts: Facts) -> tuple[str, str]:
    match kind:
        case "person":
            return facts["name"], facts["name"]
        case "bill":
            en = facts["short_title_en"] or facts["title_en"]
            fr = facts["short_title_fr"] or facts["title_fr"] or en
            return f"{facts['number']} {en}", f"{facts['number']} {fr}"
        case "vote_event":
            en = facts["subject_en"] or facts["motion_en"]
            return en, facts["subject_fr"] or facts["motion_fr"] or en
        case "post":
            return facts["label_en"], facts["label_fr"] or facts["label_en"]
        case "membership":
            role = facts["role_en"]
            place = facts["area"] or facts["organization_key"]
            return f"{role} {place}".strip(), f"{facts['role_fr'] or role} {place}".strip()
        case "candidacy":
            return facts["name"], facts["name"]
        case "bill_text":
            return facts["title"], facts["title"]
        case "speech":
            name = facts["speaker_name"] or facts["attribution_en"]
            en = " — ".join(part for part in (facts["h2_en"] or facts["h1_en"], name) if part)
            name_fr = facts["speaker_name"] or facts["attribution_fr"] or name
            return en, " — ".join(p for p in (facts["h2_fr"] or facts["h1_fr"], name_fr) if p) or en
        case "debate":
            en = facts["title_en"] or f"{facts['document_type'].title()} {facts['number']}".strip()
            return en, facts["title_fr"] or en
        case "document":
            return facts["title_en"], facts["title_fr"] or facts["title_en"]
    return facts["name_en"], facts.get("name_fr") or facts["name_en"]


def _sort_name(kind: str, facts: Facts, title: str) -> str:
    if kind == "person":
        given = facts["given_name"]
        family = facts["family_name"]
        return fold(f"{family} {given}" if family else facts["name"])
    if kind in ("vote_event", "bill"):
        number = str(facts["number"] or "")
        head = number.rstrip("0123456789")
        digits = number[len(head) :]
        return f"{facts['session']} {head.lower()}{digits.zfill(6) if digits else ''}"
    if kind == "speech":
        return f"{facts['debate_key']} {facts['sequence']:08d}"
    return fold(title)


_DATE_FIELD: dict[str, tuple[str, ...]] = {
    "bill": ("latest_activity_on", "introduced_on"),
    "vote_event": ("date",),
    "membership": ("start_date",),
    "session": ("start_date",),
    "organization": ("start_date",),
    "division": ("valid_from",),
    "election": ("date",),
    "event": ("start_date",),
    "debate": ("date",),
    "document": ("date",),
}


def _sort_date(kind: str, facts: Facts) -> str:
    if kind == "speech":
        return (facts["time"] or NO_DATE)[:10]
    for name in _DATE_FIELD.get(kind, ()):
        if facts.get(name):
            return str(facts[name])
    return NO_DATE


def _bill(facts: Facts) -> dict[str, Any]:
    return {
        "is_law": facts["royal_assent_on"] is not None,
        "sponsor_keys": sorted({s["person_key"] for s in facts["sponsors"] if s["person_key"]}),
        "related_keys": sorted({r["bill_key"] for r in facts["related"]}),
    }


def _person(facts: Facts) -> dict[str, Any]:
    names = [facts["name"], *facts["other_names"]]
    if facts["given_name"] and facts["family_name"]:
        names.append(f"{facts['given_name']} {facts['family_name']}")
    return {"name_keys": sorted({fold(name) for name in names if name})}


def _speech(facts: Facts) -> dict[str, Any]:
    return {"mentioned": identifier_list(facts["mentioned_identifiers"])}


def _post(facts: Facts) -> dict[str, Any]:
    return {"division_folded": fold(facts["division_name"])}


def _membership(facts: Facts) -> dict[str, Any]:
    return {"area_folded": fold(facts["area"])}


def _plain(facts: Facts) -> dict[str, Any]:
    return {}


_DERIVED: dict[str, Callable[[Facts], dict[str, Any]]] = {
    "bill": _bill,
    "membership": _membership,
    "person": _person,
    "post": _post,
    "speech": _speech,
}

OWN_COLUMNS: dict[str, tuple[str, ...]] = {
    kind: tuple(column.name for column in table.columns if column.name not in COMMON)
    for kind, table in TABLES.items()
}


def project(kind: str, facts: Facts) -> dict[str, Any]:
    """Return the columns cut from the facts, without slug, identity and times."""
    title_en, title_fr = _titles(kind, facts)
    row: dict[str, Any] = {
        "key": facts["key"],
        "jurisdiction": facts["jurisdiction"],
        "title_en": title_en[:500],
        "title_fr": title_fr[:500],
        "sort_name": _sort_name(kind, facts, title_en)[:_MAX_SORT_NAME],
        "sort_date": _sort_date(kind, facts),
        "identifiers": identifier_list(facts.get("identifiers")),
    }
    for name in OWN_COLUMNS[kind]:
        row[name] = facts.get(name)
    row.update(_DERIVED.get(kind, _plain)(facts))
    return row
