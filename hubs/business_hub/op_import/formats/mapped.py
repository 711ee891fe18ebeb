"""Tables (CSV, .xlsx) whose columns are mapped to the fields of a target."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from hubs.business_hub.op_import.errors import BadMapping
from hubs.business_hub.op_import.formats.base import Item, Parsed, Problem, ReadContext, make, text_of
from hubs.business_hub.op_import.formats.suggesting import suggest
from hubs.business_hub.op_import.formats.targets import TARGETS, Target
from hubs.business_hub.op_import.formats.values import READERS
from hubs.business_hub.op_import.reading.documents import Document
from hubs.business_hub.op_import.reading.spreadsheet import is_spreadsheet
from hubs.business_hub.op_import.reading.tabular import Table, open_table
from shared.http.cells import bare_cell

_SURE = 0.9


class MappedTable:
    """A table of anything; without a mapping, the one that its column names leave no doubt about."""

    name = "table"
    title_en = "Table (CSV or .xlsx) with a mapping of its columns"
    title_fr = "Tableau (CSV ou .xlsx) avec correspondance des colonnes"
    version = "table/1"

    def recognises(self, document: Document) -> bool:
        """Tell a table by its name or its first bytes."""
        return document.suffix in {".csv", ".tsv", ".txt", ".xlsx"} or is_spreadsheet(document.head)

    def read(self, documents: Sequence[Document], context: ReadContext) -> Iterator[Item]:
        """Yield the records of each row, or what is wrong with its cells.

        Raises: BadMapping, Unreadable, UploadTooLarge.
        """
        for document in documents:
            table = open_table(document, context.shape)
            target, mapping = resolve(table, context)
            yield from _Rows(document, table, target, mapping, context, self.version).read()


def resolve(table: Table, context: ReadContext) -> tuple[Target, Mapping[str, str]]:
    """Return target and mapping of a table: the given ones, or those that its column names suggest for sure.

    Raises: BadMapping naming what is unknown or missing.
    """
    asked = context.target
    if asked and asked not in TARGETS:
        raise BadMapping(f"no target {asked!r}", known=list(TARGETS))
    if context.mapping:
        if not asked:
            raise BadMapping("a mapping needs its target", known=list(TARGETS))
        mapping = dict(context.mapping)
    else:
        suggestion = suggest(table.columns, asked)
        asked = suggestion.target
        mapping = {
            column: field
            for column, field in suggestion.mapping.items()
            if suggestion.confidence[column] >= _SURE
        }
    target = TARGETS[asked]
    strange = sorted(set(mapping) - set(table.columns))
    if strange:
        raise BadMapping(f"no such columns: {', '.join(strange)}", columns=list(table.columns))
    unknown = sorted(
        {field for field in (*mapping.values(), *context.constants) if target.field(field) is None}
    )
    if unknown:
        known = [field.name for field in target.fields]
        raise BadMapping(f"{target.name} has no fields {', '.join(unknown)}", known=known)
    doubled = sorted({field for field in mapping.values() if list(mapping.values()).count(field) > 1})
    if doubled:
        raise BadMapping(f"more than one column for {', '.join(doubled)}")
    given = {*mapping.values(), *context.constants}
    if target.name == "representative" and {"given_name", "family_name"} <= given:
        given.add("name")
    missing = [field.name for field in target.fields if field.is_required and field.name not in given]
    if missing:
        raise BadMapping(
            f"{target.name} needs {', '.join(missing)}: map a column to it or give it a constant",
            missing=missing,
            columns=list(table.columns),
        )
    return target, mapping


class _Rows:
    def __init__(
        self,
        document: Document,
        table: Table,
        target: Target,
        mapping: Mapping[str, str],
        context: ReadContext,
        parser: str,
    ) -> None:
        self._document = document
        self._table = table
        self._target = target
        self._columns = dict(mapping)
        self._constants = dict(context.constants)
        self._prefix = context.key_prefix
        self._common: dict[str, Any] = {
            "jurisdiction": context.jurisdiction or context.key_prefix,
            "sources": [context.source(document, parser)],
        }
        self._cells: tuple[str, ...] = ()
        self._first: dict[tuple[str, str], tuple[int, bytes]] = {}

    def read(self) -> Iterator[Item]:
        for number, cells in self._table.rows():
            self._cells = tuple(cells)
            values, problems = self._values(number, cells)
            yield from problems
            if not any(problem.is_fatal for problem in problems):
                yield from self._records(number, values)

    def _values(self, number: int, cells: Sequence[str]) -> tuple[dict[str, Any], list[Problem]]:
        values: dict[str, Any] = {}
        problems: list[Problem] = []
        said = {
            self._columns[column]: (column, bare_cell(cell))
            for column, cell in zip(self._table.columns, cells, strict=False)
            if column in self._columns
        }
        said |= {field: (field, text) for field, text in self._constants.items()}
        for field in self._target.fields:
            column, raw = said.get(field.name, (field.name, ""))
            if "\x00" in raw:
                problems.append(self._problem(number, column, "nul", "holds a NUL character", raw))
                continue
            text = text_of(raw)
            if not text:
                continue
            try:
                values[field.name] = READERS[field.kind](text)
            except ValueError as error:
                problems.append(self._problem(number, column, f"not-{field.kind}", str(error), text))
        if self._target.name == "representative" and not values.get("name"):
            name = f"{values.get('given_name', '')} {values.get('family_name', '')}".strip()
            values |= {"name": name} if name else {}
        for field in self._target.fields:
            if field.is_required and field.name not in values and not problems:
                column = said.get(field.name, (field.name, ""))[0]
                problems.append(self._problem(number, column, "missing", f"{field.name} is empty", ""))
        if len(cells) > len(self._table.columns) and any(cells[len(self._table.columns) :]):
            detail = f"{len(cells)} cells under {len(self._table.columns)} columns"
            problems.append(self._problem(number, "", "too-many-cells", detail, ""))
        return values, problems

    def _records(self, number: int, values: Mapping[str, Any]) -> Iterator[Item]:
        for cls, fields in self._target.make(values, self._prefix):
            for item in make(cls, self._document, number, **fields, **self._common):
                if isinstance(item, Problem):
                    item = replace(item, cells=self._cells, columns=self._table.columns)
                if isinstance(item, Parsed):
                    place = (item.record.kind, item.record.key)
                    body = item.record.model_dump_json().encode()
                    row, known = self._first.setdefault(place, (number, body))
                    if known == body and row != number:
                        continue
                    if known != body:
                        detail = f"the same {item.record.kind} as row {row} with other values"
                        yield self._problem(number, "", "duplicate", detail, item.record.key)
                        continue
                yield item

    def _problem(self, number: int, column: str, code: str, detail: str, value: str) -> Problem:
        return Problem(
            self._document.name,
            number,
            column,
            code,
            detail,
            value[:200],
            cells=self._cells,
            columns=self._table.columns,
        )
