"""JSON bytes: orjson with the same settings everywhere."""

from __future__ import annotations

from typing import Any

import orjson
from pydantic import BaseModel


def _default(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if isinstance(value, set | frozenset):
        return sorted(value)
    return str(value)


def dumps(value: Any) -> bytes:
    """Return compact JSON; dates as ISO 8601, UUIDs and decimals as strings."""
    return orjson.dumps(value, default=_default, option=orjson.OPT_NON_STR_KEYS | orjson.OPT_UTC_Z)


def loads(data: bytes | str) -> Any:
    """Read JSON.

    Raises: ValueError when it is not JSON.
    """
    return orjson.loads(data)
