"""Tables as municipalities publish them: CSV in any encoding, xls, xlsx, or one of these inside a zip.

Hostile until read: sizes, counts of members, rows, columns and cells are limited before anything is kept.
"""

from __future__ import annotations

import csv
import io
import zipfile
import zlib
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from services.scraper.parsers.base import MAX_DOCUMENT_BYTES, Document
from services.scraper.parsers.body import text_of

_MAX_FIELD = 200_000
_MAX_ROWS = 100_000
_MAX_COLUMNS = 500
_MAX_MEMBERS = 1_000
_MAX_RATIO = 200
_ZIP = b"PK\x03\x04"
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_DELIMITERS = (",", ";", "\t", "|")

Rows = list[list[str]]


def read_cells(document: Document, delimiter: str = "", encoding: str = "", filename: str = "") -> Rows:
    """Return the rows of a table, wholly empty ones included, cells as published.

    Raises: ParseFailed (``too-large``, ``unsafe-zip``, ``html-error-page``, ``empty-body``, ``not-csv``,
    ``not-a-table``).
    """
    if len(document.body) > MAX_DOCUMENT_BYTES:
        raise document.failed(
            "too-large", f"{len(document.body)} bytes; at most {MAX_DOCUMENT_BYTES} are read"
        )
    if document.body.startswith(_ZIP):
        return _from_zip(document, delimiter, encoding, filename)
    if document.body.startswith(_OLE):
        return _from_xls(document)
    return _from_csv(document, delimiter, encoding)


def _from_zip(document: Document, delimiter: str, encoding: str, filename: str) -> Rows:
    try:
        with zipfile.ZipFile(io.BytesIO(document.body)) as archive:
            members = [entry for entry in archive.infolist() if not entry.is_dir()]
            _check_sizes(document, members)
            names = {entry.filename for entry in members}
            if "xl/workbook.xml" in names:
                return _from_xlsx(document)
            wanted = [
                entry
                for entry in members
                if (entry.filename == filename or entry.filename.rpartition("/")[2] == filename)
                or (not filename and entry.filename.lower().endswith((".csv", ".txt", ".xls", ".xlsx")))
            ]
            # Mac archives carry a shadow of every file.
            wanted = [entry for entry in wanted if not entry.filename.startswith("__MACOSX/")]
            if len(wanted) != 1:
                listed = ", ".join(sorted(names)[:5])
                raise document.failed(
                    "not-a-table", f"{len(wanted)} tables in the zip; it holds {listed}"[:500]
                )
            body = archive.read(wanted[0])
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, ValueError) as error:
        raise document.failed("truncated", f"not a whole zip: {error}"[:300]) from None
    inner = replace(document, body=body)
    if body.startswith(_ZIP):
        if wanted[0].filename.lower().endswith(".xlsx"):
            with _opened(inner) as nested:
                _check_sizes(inner, nested.infolist())
            return _from_xlsx(inner)
        raise document.failed("unsafe-zip", "a zip within a zip is not read")
    return read_cells(inner, delimiter, encoding)


def _opened(document: Document) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(io.BytesIO(document.body))
    except (zipfile.BadZipFile, OSError, ValueError) as error:
        raise document.failed("truncated", f"not a whole zip: {error}"[:300]) from None


def _check_sizes(document: Document, members: list[zipfile.ZipInfo]) -> None:
    """Refuse a zip that unpacks to more than a document may hold, before it is unpacked."""
    total = sum(entry.file_size for entry in members)
    packed = max(1, sum(entry.compress_size for entry in members))
    if len(members) > _MAX_MEMBERS or total > MAX_DOCUMENT_BYTES:
        raise document.failed("unsafe-zip", f"{len(members)} members, {total} bytes unpacked")
    if total > 2**20 and total / packed > _MAX_RATIO:
        raise document.failed("unsafe-zip", f"unpacks to {total // packed} times its size")
    if any(entry.flag_bits & 0x1 for entry in members):
        raise document.failed("unsafe-zip", "it is encrypted")


def _from_csv(document: Document, delimiter: str, encoding: str) -> Rows:
    text = text_of(document, "CSV", encoding)
    if "\x00" in text:
        raise document.failed("not-csv", "the document holds NUL characters")
    if text[:200].lstrip().lower().startswith("sep="):
        # Excel's own first line names the delimiter.
        first, _, text = text.lstrip().partition("\n")
        delimiter = delimiter or first[4:5]
    csv.field_size_limit(_MAX_FIELD)
    if not delimiter or delimiter not in text[:20_000]:
        # A publisher that changes the delimiter changes nothing else.
        delimiter = _delimiter_of(text)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    rows: Rows = []
    try:
        for row in reader:
            if len(rows) >= _MAX_ROWS or len(row) > _MAX_COLUMNS:
                raise document.failed("not-a-table", f"more than {_MAX_ROWS} rows or {_MAX_COLUMNS} columns")
            rows.append(row)
    except csv.Error as error:
        raise document.failed("not-csv", f"line {reader.line_num}: {error}") from None
    return rows


def _delimiter_of(text: str) -> str:
    """Return the delimiter that splits the first lines into the most columns."""
    lines = [line for line in text[:20_000].splitlines() if line.strip()][:5]
    return max(_DELIMITERS, key=lambda sign: max((line.count(sign) for line in lines), default=0))


def _from_xlsx(document: Document) -> Rows:
    import openpyxl

    try:
        book = openpyxl.load_workbook(io.BytesIO(document.body), read_only=True, data_only=True)
    except Exception as error:  # noqa: BLE001 - the library raises whatever a broken part makes it raise
        raise document.failed(
            "not-a-table", f"not a readable xlsx: {type(error).__name__}: {error}"[:300]
        ) from None
    rows: Rows = []
    try:
        sheet = book.worksheets[0]
        for row in sheet.iter_rows(max_row=_MAX_ROWS, max_col=_MAX_COLUMNS, values_only=True):
            cells = [_cell(value) for value in row]
            # A lone cell far to the right makes every row as wide: nothing is kept of what is empty.
            while cells and not cells[-1]:
                cells.pop()
            rows.append(cells)
    except Exception as error:  # noqa: BLE001 - as above
        raise document.failed(
            "not-a-table", f"not a readable xlsx: {type(error).__name__}: {error}"[:300]
        ) from None
    finally:
        book.close()
    return rows


def _from_xls(document: Document) -> Rows:
    import xlrd

    try:
        book = xlrd.open_workbook(file_contents=document.body, logfile=io.StringIO(), on_demand=True)
        sheet = book.sheet_by_index(0)
        if sheet.nrows > _MAX_ROWS or sheet.ncols > _MAX_COLUMNS:
            raise document.failed("not-a-table", f"{sheet.nrows} rows, {sheet.ncols} columns")
        rows = [[_xls_cell(book, cell) for cell in sheet.row(number)] for number in range(sheet.nrows)]
    except (
        xlrd.XLRDError,
        ArithmeticError,
        LookupError,
        ValueError,
        TypeError,
        AssertionError,
        OSError,
    ) as error:
        raise document.failed("not-a-table", f"not a readable xls: {error}"[:300]) from None
    except Exception as error:
        if type(error).__module__.partition(".")[0] not in {"xlrd", "struct"}:
            raise
        raise document.failed("not-a-table", f"not a readable xls: {error}"[:300]) from None
    return rows


def _xls_cell(book: Any, cell: Any) -> str:
    import xlrd

    if cell.ctype == xlrd.XL_CELL_DATE:
        return _cell(xlrd.xldate.xldate_as_datetime(cell.value, book.datemode))
    return "" if cell.ctype == xlrd.XL_CELL_ERROR else _cell(cell.value)


def _cell(value: object) -> str:
    """Return a spreadsheet's value as a CSV would hold it: whole numbers without a fraction, dates as ISO."""
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == datetime.min.time() else value.isoformat(" ")
    if isinstance(value, date):
        return value.isoformat()
    return str(value)[:_MAX_FIELD]
