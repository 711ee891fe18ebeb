"""An attack in place of every text that a source could have written."""

from __future__ import annotations

from typing import Any

# What the pages read as a choice, a time or an address of ours stays as it is; every other text is an attack.
_KEPT = frozenset(
    [
        "id",
        "slug",
        "sha256",
        "option",
        "result",
        "state",
        "classification",
        "level",
        "method",
        "type",
        "key",
        "seq",
        "document_type",
        "status",
        "chamber",
        "relation",
        "line",
        "language",
        "floor_language",
        "run_id",
    ]
)


def poison(value: Any, payload: str, name: str = "") -> Any:
    """Return the document with the payload in place of every text that a source could have written."""
    if isinstance(value, dict):
        return {key: poison(item, payload, key) for key, item in value.items()}
    if isinstance(value, list):
        return [poison(item, payload, name) for item in value]
    if (
        isinstance(value, str)
        and name not in _KEPT
        and not name.endswith(("_id", "_at", "_key", "date", "_on"))
    ):
        if name in ("as_of", "time", "since", "next", "slug", "ocd_id") or name == "version":
            return value
        return payload
    return value
