"""Reads the fact tables that are written as TOML beside this file."""

import tomllib
from functools import cache
from pathlib import Path
from typing import Any

_HERE = Path(__file__).parent


@cache
def table(name: str) -> dict[str, Any]:
    """The whole of one TOML table, read once; `name` has no extension."""
    return tomllib.loads((_HERE / f"{name}.toml").read_text(encoding="utf-8"))


def frozen(value: Any) -> Any:
    """Lists of a TOML value as tuples, all the way down, so that facts cannot change in place."""
    return tuple(frozen(entry) for entry in value) if isinstance(value, list) else value
