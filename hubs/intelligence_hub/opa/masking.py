"""What of an input is not kept in the decision log."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

_SENSITIVE = re.compile(
    r"(password|secret|token|authorization|cookie|api[_-]?key|email|phone)", re.IGNORECASE
)
_MAX_DEPTH = 64
_CACHED_CHARS = 64


def _is_sensitive(name: str) -> bool:
    # The same few names come again and again; long ones would only fill the memory.
    return _is_known(name) if len(name) <= _CACHED_CHARS else _SENSITIVE.search(name) is not None


@lru_cache(4_096)
def _is_known(name: str) -> bool:
    return _SENSITIVE.search(name) is not None


def masked(value: Any, pointer: str = "/input", depth: int = 0) -> tuple[Any, list[str]]:
    """Return a copy without sensitive members, and the JSON pointers of what was erased."""
    if depth > _MAX_DEPTH:
        return None, [pointer]
    if isinstance(value, dict):
        kept, erased = {}, []
        for key, item in value.items():
            place = f"{pointer}/{str(key).replace('~', '~0').replace('/', '~1')}"
            if _is_sensitive(str(key)):
                erased.append(place)
                continue
            kept[key], below = masked(item, place, depth + 1)
            erased += below
        return kept, erased
    if isinstance(value, list):
        items, erased = [], []
        for index, item in enumerate(value):
            inner, below = masked(item, f"{pointer}/{index}", depth + 1)
            items.append(inner)
            erased += below
        return items, erased
    return value, []
