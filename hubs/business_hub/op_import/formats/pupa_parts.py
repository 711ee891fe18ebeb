"""Small parts of pupa's objects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from hubs.business_hub.op_import.formats.base import text_of
from shared.contracts.keys import slug

Entry = Mapping[str, Any]


def pseudo(reference: Any) -> Entry:
    """Return what a pseudo id (``~{"name": ...}``) asks for."""
    text = reference if isinstance(reference, str) else ""
    if not text.startswith("~"):
        return {}
    try:
        found = orjson.loads(text[1:])
    except orjson.JSONDecodeError:
        return {}
    return found if isinstance(found, dict) else {}


def identifiers(entry: Entry) -> list[dict[str, str]]:
    """Return identifiers in our words."""
    return [
        {"scheme": text_of(one.get("scheme")), "value": text_of(one.get("identifier"))}
        for one in entry.get("identifiers") or []
    ]


def links(entry: Entry) -> list[dict[str, str]]:
    """Return links in our words."""
    return [
        {"url": text_of(one.get("url")), "note": text_of(one.get("note"))} for one in entry.get("links") or []
    ]


def versions(entries: Sequence[Entry]) -> list[dict[str, str]]:
    """Return the published texts of a bill in our words."""
    return [
        {
            "identifier": slug(text_of(one.get("note"))) or str(position),
            "name_en": text_of(one.get("note")),
            "url_en": text_of((one.get("links") or [{}])[0].get("url")),
        }
        for position, one in enumerate(entries, start=1)
    ]
