"""How the record stands: what is held per government, and per source."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from shared.contracts.civic import FEDERAL

Entry = Mapping[str, Any]


def governments(coverage: Iterable[Entry], names: Mapping[str, str]) -> list[tuple[str, str, list[Entry]]]:
    """Return (name, OCD id, what is held) per government, the federal one first."""
    groups: dict[str, list[Entry]] = {}
    for entry in coverage:
        groups.setdefault(entry["jurisdiction"], []).append(entry)
    rows = [(names[place], place, held) for place, held in groups.items()]
    return sorted(rows, key=lambda row: (row[1] != FEDERAL, row[0]))


def sources(coverage: Iterable[Entry], known: Sequence[Entry] | None) -> list[dict[str, Any]]:
    """Return every source with what came from it, when it was last read, and whether that is late."""
    seen: dict[str, dict[str, Any]] = {}
    for entry in coverage:
        for source in entry["sources"]:
            row = seen.setdefault(source, {"count": 0, "as_of": "", "stale": False})
            row["count"] += entry["count"]
            row["as_of"] = max(row["as_of"], entry["as_of"] or "")
            row["stale"] = row["stale"] or entry["stale"]
    rows = [
        {
            "id": source["id"],
            "title_en": source.get("title_en", ""),
            "title_fr": source.get("title_fr", ""),
            "jurisdiction_en": source.get("jurisdiction_en", ""),
            "jurisdiction_fr": source.get("jurisdiction_fr", ""),
            "licence": source.get("licence", ""),
            "status": source.get("status", "unverified"),
            "reason": source.get("reason", ""),
            **seen.get(source["id"], {"count": 0, "as_of": "", "stale": False}),
        }
        for source in known or ()
    ]
    listed = {row["id"] for row in rows}
    rows += [
        {"id": name, "title_en": "", "title_fr": "", "jurisdiction_en": "", "jurisdiction_fr": "",
         "licence": "", "status": "known", "reason": "", **row}
        for name, row in sorted(seen.items())
        if name not in listed
    ]  # fmt: skip
    return sorted(rows, key=lambda row: (not row["count"], row["id"]))
