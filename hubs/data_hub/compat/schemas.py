"""What the facades share: a window on a list, and how filters are written in a query string."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal, cast, get_args

from shared.core.errors import BadRequest

Operator = Literal[
    "exact",
    "iexact",
    "in",
    "gt",
    "gte",
    "lt",
    "lte",
    "range",
    "contains",
    "icontains",
    "startswith",
    "istartswith",
    "endswith",
    "iendswith",
    "isnull",
]
_OF_TEXTS = ("contains", "icontains", "startswith", "istartswith", "endswith", "iendswith")
Kind = Literal["text", "int", "date", "bool", "relation", "array"]


@dataclass(frozen=True)
class Window:
    """Some rows of a list by limit and offset, as old interfaces page."""

    limit: int
    offset: int


@dataclass(frozen=True)
class Asked:
    """One filter as it was written: name, operator, text."""

    name: str
    operator: str
    value: str


def read_window(params: Mapping[str, str], default: int, most: int) -> Window:
    """Return limit and offset; a limit of 0 asks for as many as are given at once.

    Raises: BadRequest when one is no number.
    """

    def number(name: str, fallback: int) -> int:
        raw = params.get(name, "")
        if not raw:
            return fallback
        if not raw.isascii() or not raw.isdigit() or len(raw) > 9:
            raise BadRequest(f"{name}: not a number")
        return int(raw)

    return Window(min(number("limit", default) or most, most), number("offset", 0))


def read_filters(pairs: Iterable[tuple[str, str]], names: Iterable[str]) -> list[Asked]:
    """Return the filters among these names; others, and empty ones, are passed over, as these interfaces do.

    Raises: BadRequest for an operator that none of them has, or text that cannot be stored.
    """
    known = set(names)
    found = []
    for name, value in pairs:
        field, _, operator = name.partition("__")
        if field not in known or not value:
            continue
        operator = operator or "exact"
        if operator not in get_args(Operator):
            raise BadRequest(f"{name}: no such filter")
        if "\x00" in value or len(value) > 500:
            raise BadRequest(f"{name}: not a value to look for")
        found.append(Asked(field, operator, value))
    return found


def operator_for(asked: Asked, kind: Kind) -> Operator:
    """Return the operator with which a value of this type is compared.

    Raises: BadRequest for one that the type has not, such as one that looks into a text.
    """
    operator = cast(Operator, asked.operator)
    if kind == "text":
        return operator
    if operator == "iexact":
        return "exact"
    is_of_bools = operator in ("exact", "in", "isnull")
    if (
        operator in _OF_TEXTS
        or (kind == "array" and operator == "isnull")
        or (kind == "bool" and not is_of_bools)
    ):
        raise BadRequest(f"{asked.name}__{operator}: no such filter")
    return operator


def typed(asked: Asked, kind: Kind) -> Any:
    """Return a filter's value in its type.

    Raises: BadRequest when the text is none of that type.
    """
    if asked.operator == "isnull":
        return asked.value.lower() in ("true", "1", "yes")
    parts = asked.value.split(",") if asked.operator in ("in", "range") else [asked.value]
    if asked.operator == "range" and len(parts) != 2:
        raise BadRequest(f"{asked.name}__range: two values separated by a comma")
    values = [_one(asked.name, part, kind) for part in parts]
    return values if asked.operator in ("in", "range") else values[0]


def _one(name: str, text: str, kind: Kind) -> Any:
    try:
        match kind:
            case "int":
                return int(text) if len(text) < 10 else int("x")
            case "date":
                return date.fromisoformat(text[:10])
            case "bool":
                return text.lower() in ("true", "1", "yes", "y")
    except ValueError:
        raise BadRequest(f"{name}: {text[:40]!r} is no {kind}") from None
    return text
