"""Tables: rows of CSV and of spreadsheets, with their numbers, within limits."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from hubs.business_hub.op_import.errors import Unreadable, UploadTooLarge
from hubs.business_hub.op_import.reading.documents import Document
from hubs.business_hub.op_import.reading.encoding import Encoding, check_encoding, sniff_encoding, text_lines
from hubs.business_hub.op_import.reading.limits import ReadLimits
from hubs.business_hub.op_import.reading.spreadsheet import is_spreadsheet, spreadsheet_rows
from shared.http.cells import bare_cell

DELIMITERS = ",;\t|"
Row = tuple[int, list[str]]
_LONGEST_LINE = 4 * 2**20


@dataclass(frozen=True)
class TableShape:
    """How a table is written; empty fields are found out."""

    encoding: str = ""
    delimiter: str = ""
    sheet: str = ""


@dataclass(frozen=True)
class Table:
    """A table with its header and how to go through its rows (number in the file, cells)."""

    document: Document
    columns: tuple[str, ...]
    header_row: int
    encoding: Encoding
    delimiter: str
    sheet: str = ""

    def rows(self) -> Iterator[Row]:
        """Yield the rows below the header that are not blank.

        Raises: Unreadable, UploadTooLarge.
        """
        limits = self.document.limits
        for count, (number, cells) in enumerate(_raw_rows(self.document, self._shape())):
            if number <= self.header_row or not any(cells):
                continue
            if count > limits.rows:
                raise UploadTooLarge(f"{self.document.name} has more than {limits.rows} rows")
            yield number, cells

    def _shape(self) -> TableShape:
        return TableShape(self.encoding.name, self.delimiter, self.sheet)


def open_table(document: Document, shape: TableShape | None = None) -> Table:
    """Find out how a table is written and read its header: the first row that is not blank.

    Raises: Unreadable when there is none, a name comes twice, or the bytes are not text; UploadTooLarge.
    """
    shape = shape or TableShape()
    if is_spreadsheet(document.head):
        encoding, delimiter = Encoding("utf-8", True), ""
    else:
        if (
            b"\x00" in document.head
            and not shape.encoding
            and sniff_encoding(document.head).name.startswith("utf-8")
        ):
            raise Unreadable(f"{document.name} is not text: it holds NUL bytes", document=document.name)
        encoding = (
            Encoding(check_encoding(shape.encoding), True)
            if shape.encoding
            else sniff_encoding(document.head)
        )
        delimiter = shape.delimiter or sniff_delimiter(document.head, encoding.name)
    used = TableShape(encoding.name, delimiter, shape.sheet)
    for number, cells in _raw_rows(document, used):
        if not any(cells):
            continue
        columns = tuple(bare_cell(cell.strip().lstrip("\ufeff")) for cell in cells)
        while columns and not columns[-1]:
            columns = columns[:-1]
        doubled = sorted({name for name in columns if name and columns.count(name) > 1})
        if doubled:
            raise Unreadable(
                f"{document.name}: columns with the same name: {', '.join(doubled)}",
                document=document.name,
                row=number,
                columns=doubled,
            )
        return Table(document, columns, number, encoding, delimiter, shape.sheet)
    raise Unreadable(f"{document.name} is empty", document=document.name)


def sniff_delimiter(head: bytes, encoding: str) -> str:
    """Return the delimiter that cuts the first lines into the same number of cells, most of them."""
    text = head.decode(encoding, "ignore")
    lines = text.splitlines(keepends=True)
    sample = lines[:20] if len(lines) < 2 or len(text) < len(head) // 2 else lines[: min(20, len(lines) - 1)]
    best, most = ",", (0, 0)
    for delimiter in DELIMITERS:
        try:
            widths = [len(row) for row in csv.reader(sample, delimiter=delimiter) if row]
        except csv.Error:
            continue
        if not widths or widths[0] < 2:
            continue
        same = sum(width == widths[0] for width in widths)
        if (same, widths[0]) > most:
            best, most = delimiter, (same, widths[0])
    return best


def _raw_rows(document: Document, shape: TableShape) -> Iterator[Row]:
    limits = document.limits
    if is_spreadsheet(document.head):
        rows = spreadsheet_rows(document, shape.sheet)
    else:
        rows = _csv_rows(document, shape)
    for number, cells in rows:
        _check(document.name, number, cells, limits)
        yield number, cells


def _csv_rows(document: Document, shape: TableShape) -> Iterator[Row]:
    with document.open() as raw:
        stream = raw if isinstance(raw, io.BufferedIOBase) else io.BufferedReader(raw)  # type: ignore[type-var]
        lines = _bounded_lines(text_lines(stream, shape.encoding, document.name), document.name)
        reader = csv.reader(lines, delimiter=shape.delimiter or ",", strict=True)
        while True:
            number = reader.line_num + 1
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                raise Unreadable(
                    f"{document.name}, line {reader.line_num}: {error}",
                    document=document.name,
                    row=reader.line_num,
                ) from error
            yield number, cells


def _bounded_lines(lines: Iterator[str], name: str) -> Iterator[str]:
    for line in lines:
        if len(line) > _LONGEST_LINE:
            raise UploadTooLarge(f"{name} has a line of more than {_LONGEST_LINE} characters")
        yield line


def _check(name: str, number: int, cells: Sequence[str], limits: ReadLimits) -> None:
    if len(cells) > limits.columns:
        raise UploadTooLarge(f"{name}, row {number}: more than {limits.columns} columns", row=number)
    for position, cell in enumerate(cells):
        if len(cell) > limits.cell_chars:
            raise UploadTooLarge(
                f"{name}, row {number}, column {position + 1}: more than {limits.cell_chars} characters",
                row=number,
                column=position + 1,
            )
