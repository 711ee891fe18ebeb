"""The flat columns of an export: names and types from each kind's contract, nested values as JSON text."""

from __future__ import annotations

import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal

from hubs.data_hub.database.service.collections import BY_PATH
from shared.contracts.records import record_class
from shared.http.json import dumps

ColumnType = Literal["text", "int", "float", "bool", "date", "time", "json"]


@dataclass(frozen=True)
class Column:
    """One column of a table."""

    name: str
    type: ColumnType


_HEAD = tuple(Column(name, "text") for name in ("id", "key", "slug", "url", "jurisdiction"))
_TAIL = (
    Column("licence", "text"),
    Column("created_at", "time"),
    Column("updated_at", "time"),
    Column("last_seen_at", "time"),
    Column("sources", "json"),
)
_EXTRA_TYPES: dict[str, ColumnType] = {"is_law": "bool", "is_consistent": "bool", "party_lines": "json"}
_SCALARS: dict[Any, ColumnType] = {
    bool: "bool",
    int: "int",
    float: "float",
    date: "date",
    datetime: "time",
    str: "text",
}

BALLOT_COLUMNS: tuple[Column, ...] = (
    Column("vote_key", "text"),
    Column("vote_slug", "text"),
    Column("position", "int"),
    Column("date", "date"),
    Column("person_key", "text"),
    Column("name", "text"),
    Column("option", "text"),
    Column("party", "text"),
    Column("constituency", "text"),
    Column("is_dissent", "bool"),
)


def columns_of(path: str) -> tuple[Column, ...]:
    """Return the columns of a collection's table."""
    collection = BY_PATH[path]
    known = {column.name for column in (*_HEAD, *_TAIL)} | {"ballots"}
    own = [
        Column(name, _type_of(field.annotation))
        for name, field in record_class(collection.kind).model_fields.items()
        if name not in known
    ]
    extra = [Column(name, _EXTRA_TYPES.get(name, "int")) for name in collection.extras]
    return (*_HEAD, *own, *extra, *_TAIL)


def _type_of(annotation: Any) -> ColumnType:
    origin = typing.get_origin(annotation)
    if origin is typing.Annotated:
        return _type_of(typing.get_args(annotation)[0])
    if origin is Literal:
        return "text"
    if origin in (typing.Union, types.UnionType):
        inner = [one for one in typing.get_args(annotation) if one is not type(None)]
        return _type_of(inner[0]) if len(inner) == 1 else "json"
    return _SCALARS.get(annotation, "json")


def row_of(columns: tuple[Column, ...], record: Mapping[str, Any]) -> list[Any]:
    """Return a record as the values of its columns; nested ones as JSON text."""
    values = []
    for column in columns:
        value = record.get(column.name)
        if column.type == "json" and value is not None:
            value = dumps(value).decode()
        elif column.type == "text" and value is not None and not isinstance(value, str):
            value = str(value)
        values.append(value)
    return values
