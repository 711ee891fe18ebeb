"""Reading a listing's query string: every parameter known, every value typed, contradictions refused."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from datetime import UTC, date, datetime, time
from typing import Any, Literal, cast, get_args

from hubs.data_hub.database.schemas import (
    OPERATORS,
    Collection,
    Condition,
    FieldType,
    Filter,
    ListQuery,
    Operator,
)
from hubs.data_hub.database.service.formats import FORMATS
from shared.core.clock import in_utc
from shared.core.errors import Invalid

DEFAULT_LIMIT = 50
MAX_LIMIT = 500
WHOLE = "all"
"""The limit that asks for a listing from its first page to its last."""
MAX_VALUES = 200
MAX_VALUE_CHARS = 2_000
MAX_PARAMETERS = 50

_CONTROL = (
    "limit", "cursor", "sort", "include", "fields", "lang", "total", "deleted", "as_of", "recorded_at",
    "updated_since", "identifier", "jurisdiction", "format", "id", "key", "slug", "current",
)  # fmt: skip
_PERSON_ONLY = ("party", "area", "province", "organization")
_TYPES: dict[str, str] = {"int": "a whole number", "date": "a date (YYYY-MM-DD)", "bool": "true or false"}

COMMON_FILTERS: dict[str, Filter] = {
    "jurisdiction": Filter("jurisdiction"),
    "id": Filter("id", "relation", "self"),
    "key": Filter("key"),
    "slug": Filter("slug"),
    "created_at": Filter("created_at", "time"),
    "updated_at": Filter("updated_at", "time"),
}


def filters_of(collection: Collection) -> dict[str, Filter]:
    """Return every filter of a collection, those that all have included."""
    return {**COMMON_FILTERS, **collection.filters}


def parameter_names(collection: Collection) -> list[str]:
    """Return every parameter that a listing of the collection reads."""
    names = set(_CONTROL)
    if collection.kind == "person":
        names.update(_PERSON_ONLY)
    for name, declared in filters_of(collection).items():
        names.update(name if op == "exact" else f"{name}__{op}" for op in OPERATORS[declared.type])
    return sorted(names)


def read_query(collection: Collection, pairs: Iterable[tuple[str, str]]) -> ListQuery:
    """Return the listing that a query string asks for.

    Raises: Invalid for an unknown parameter (with the nearest known one), a value of the wrong type, a
    parameter given twice with different meanings, or contradictory conditions.
    """
    known = set(parameter_names(collection))
    single: dict[str, str] = {}
    conditions: list[Condition] = []
    member_of: dict[str, tuple[str, ...]] = {}
    identifiers: list[str] = []
    filters = filters_of(collection)
    for count, (name, raw) in enumerate(pairs):
        if count >= MAX_PARAMETERS:
            raise Invalid(f"at most {MAX_PARAMETERS} parameters")
        if name not in known:
            raise unknown(name, sorted(known))
        value = _sound(name, raw)
        field_name, _, operator = name.partition("__")
        if name == "identifier":
            identifiers.append(value)
        elif collection.kind == "person" and name in _PERSON_ONLY:
            member_of[name] = (*member_of.get(name, ()), value)
        elif field_name in filters and (operator or name not in _CONTROL or name in COMMON_FILTERS):
            conditions.append(_condition(name, filters[field_name], operator or "exact", value))
        elif name in single:
            raise _invalid(name, "given twice")
        else:
            single[name] = value
    _refuse_contradictions(conditions)
    return _assemble(collection, single, conditions, member_of, identifiers)


def _assemble(
    collection: Collection,
    single: dict[str, str],
    conditions: list[Condition],
    member_of: dict[str, tuple[str, ...]],
    identifiers: list[str],
) -> ListQuery:
    sort = single.get("sort") or collection.default_sort
    name = sort.removeprefix("-")
    if name not in collection.sorts:
        raise _invalid("sort", f"one of {', '.join(sorted(collection.sorts))}, with - for descending")
    deleted = single.get("deleted", "no")
    if deleted not in ("no", "only", "all"):
        raise _invalid("deleted", "no, only or all")
    lang = single.get("lang", "")
    if lang not in ("", "en", "fr"):
        raise _invalid("lang", "en or fr")
    chosen_format = single.get("format", "")
    if chosen_format and chosen_format not in FORMATS:
        raise _invalid("format", f"one of {', '.join(FORMATS)}")
    on = _day("as_of", single["as_of"]) if "as_of" in single else None
    if "current" in single and read_bool("current", single["current"]):
        if on is not None:
            raise _invalid("current", "contradicts as_of; give one of them")
        on = datetime.now(UTC).date()
    includes = read_includes(collection, single.get("include"))
    # What each record carries along counts too.
    whole_page = DEFAULT_LIMIT if includes else MAX_LIMIT
    return ListQuery(
        conditions=tuple(conditions),
        sort=collection.sorts[name],
        is_descending=sort.startswith("-"),
        limit=whole_page if single.get("limit") == WHOLE else read_limit(single.get("limit")),
        is_whole=single.get("limit") == WHOLE,
        cursor=single.get("cursor"),
        includes=includes,
        fields=tuple(part for part in single.get("fields", "").split(",") if part),
        lang=lang,
        wants_total=read_bool("total", single.get("total", "false")),
        deleted=cast(Literal["no", "only", "all"], deleted),
        on=on,
        recorded_at=_moment("recorded_at", single["recorded_at"]) if "recorded_at" in single else None,
        updated_since=_moment("updated_since", single["updated_since"])
        if "updated_since" in single
        else None,
        member_of=member_of,
        identifiers=tuple(identifiers),
        format=chosen_format,
    )


def read_limit(raw: str | None, default: int = DEFAULT_LIMIT, most: int = MAX_LIMIT) -> int:
    """Return a page size.

    Raises: Invalid outside 1 to ``most``.
    """
    if raw is None:
        return default
    if not raw.isascii() or not raw.isdigit() or not 1 <= int(raw[:9]) <= most:
        raise _invalid("limit", f"a whole number from 1 to {most}")
    return int(raw)


def read_includes(collection: Collection, raw: str | None, *, is_item: bool = False) -> tuple[str, ...]:
    """Return the related records that are asked for, of a listing or of one record.

    Raises: Invalid for one that the collection has not.
    """
    names = tuple(dict.fromkeys(part for part in (raw or "").split(",") if part))
    known = (*collection.includes, *(collection.item_includes if is_item else ()))
    for name in names:
        if name not in known:
            offered = ", ".join(known) or "nothing"
            raise _invalid("include", f"{collection.path} can include {offered}")
    return names


def read_bool(name: str, raw: str) -> bool:
    """Return a flag.

    Raises: Invalid when it is neither true nor false.
    """
    if raw.lower() in ("true", "1", "yes"):
        return True
    if raw.lower() in ("false", "0", "no"):
        return False
    raise _invalid(name, "true or false")


def unknown(name: str, known: list[str]) -> Invalid:
    """Return the error for a parameter that nobody reads."""
    near = difflib.get_close_matches(name[:80], known, n=1)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    return Invalid(
        f"unknown query parameter {name[:80]!r}{hint}",
        errors=[{"in": "query", "pointer": f"/{name[:80]}", "detail": "unknown parameter"}],
        known=known,
    )


def _condition(name: str, declared: Filter, operator: str, raw: str) -> Condition:
    if operator not in get_args(Operator) or operator not in OPERATORS[declared.type]:
        raise _invalid(name, f"operators here: {', '.join(OPERATORS[declared.type])}")
    op: Operator = operator
    value: Any
    if op == "isnull":
        value = read_bool(name, raw)
    elif op in ("in", "range"):
        parts = [part.strip() for part in raw.split(",")]
        if op == "range" and len(parts) != 2:
            raise _invalid(name, "two values separated by a comma")
        if len(parts) > MAX_VALUES:
            raise _invalid(name, f"at most {MAX_VALUES} values")
        value = [_typed(name, declared.type, part) for part in parts]
    else:
        value = _typed(name, declared.type, raw)
    return Condition(declared.column, op, value, declared.type)


def _typed(name: str, kind: FieldType, raw: str) -> Any:
    match kind:
        case "int":
            digits = raw.removeprefix("-")
            if not digits.isascii() or not digits.isdigit() or len(digits) > 9:
                raise _invalid(name, _TYPES["int"])
            return int(raw)
        case "date":
            return _day(name, raw)
        case "time":
            return _moment(name, raw)
        case "bool":
            return read_bool(name, raw)
    return raw


def _day(name: str, raw: str) -> date:
    try:
        return date.fromisoformat(raw)
    except ValueError:
        raise _invalid(name, _TYPES["date"]) from None


def _moment(name: str, raw: str) -> datetime:
    try:
        if len(raw) == 10:
            return datetime.combine(date.fromisoformat(raw), time(), UTC)
        # A plus sign in a query string arrives as a space.
        return in_utc(datetime.fromisoformat(raw.replace(" ", "+")))
    except ValueError:
        raise _invalid(name, "a moment (2026-01-31T12:00:00Z) or a date") from None


def sound_moment(name: str, moment: datetime | None) -> datetime | None:
    """Return a moment as the record keeps them.

    Raises: Invalid when it lies outside of the calendar in UTC.
    """
    try:
        return in_utc(moment) if moment else None
    except ValueError as error:
        raise _invalid(name, str(error)) from None


def _sound(name: str, value: str) -> str:
    if len(value) > MAX_VALUE_CHARS and name != "cursor":
        raise _invalid(name, f"at most {MAX_VALUE_CHARS} characters")
    if "\x00" in value:
        raise _invalid(name, "contains a NUL character")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise _invalid(name, "is not valid Unicode") from None
    return value


def _refuse_contradictions(conditions: list[Condition]) -> None:
    exact: dict[str, Any] = {}
    lows: dict[str, Any] = {}
    highs: dict[str, Any] = {}
    for condition in conditions:
        column, value = condition.column, condition.value
        if (
            condition.operator == "exact"
            and condition.type != "array"
            and exact.setdefault(column, value) != value
        ):
            raise _invalid(column, "two different values at once can match nothing; use __in")
        if condition.operator in ("gt", "gte"):
            lows[column] = value
        if condition.operator in ("lt", "lte"):
            highs[column] = value
        if condition.operator == "range":
            lows[column], highs[column] = value
        if column in lows and column in highs and lows[column] > highs[column]:
            raise _invalid(column, "the lower bound is above the upper bound")


def _invalid(name: str, detail: str) -> Invalid:
    return Invalid(f"{name}: {detail}", errors=[{"in": "query", "pointer": f"/{name}", "detail": detail}])
