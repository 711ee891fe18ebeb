"""CSV of upstream documents: any encoding, byte order mark, delimiter and line ending."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping

from services.scraper.parsers.base import Document
from services.scraper.parsers.body import text_of
from services.scraper.parsers.text import clean

_MAX_FIELD = 1_000_000
_MAX_COLUMNS = 2_000

_DELIMITERS = ",;\t|"


def read_table(
    document: Document,
    required: tuple[str, ...],
    optional: tuple[str, ...] = (),
    also: Mapping[str, str] | None = None,
) -> Iterator[dict[str, str]]:
    """Yield the rows below the header as dictionaries of cleaned cells; short rows are padded with ``""``.

    Columns may come in any order, in capitals or not; ``also`` gives further names of a column in lower
    case. Wholly empty rows are left out.

    Raises: ParseFailed (``too-large``, ``html-error-page``, ``empty-body``, ``not-csv``), ``wrong-shape``
    when a required column is missing, and ``truncated`` when the last row is short and its line has no end.
    """
    rows = _read_rows(document)
    header = rows[0] if rows else []
    names = {**{name.lower(): name for name in (*required, *optional)}, **(also or {})}
    header = [names.get(cell.lower(), cell) for cell in header]
    missing = [name for name in required if name not in header]
    if missing:
        raise document.failed("wrong-shape", f"no column {missing[0]!r}; the header is {header[:20]}"[:500])
    if len(rows[-1]) < len(header) and not ends_its_last_line(document):
        raise document.failed(
            "truncated", f"the last row ends after {len(rows[-1])} of {len(header)} columns"
        )
    for row in rows[1:]:
        padded = row + [""] * (len(header) - len(row))
        yield dict(zip(header, padded, strict=False))


def ends_its_last_line(document: Document) -> bool:
    """Tell whether the last line of a document has its end, in whatever encoding."""
    return document.body.rstrip(b"\x00").endswith(b"\n")


def _read_rows(document: Document) -> list[list[str]]:
    text = text_of(document, "CSV")
    if "\x00" in text:
        raise document.failed("not-csv", "the document holds NUL characters")
    csv.field_size_limit(_MAX_FIELD)
    header = text.partition("\n")[0]
    delimiter = _delimiter_of(header)
    if header.count(delimiter) > _MAX_COLUMNS:
        raise document.failed("not-csv", f"more than {_MAX_COLUMNS} columns")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    rows = []
    try:
        for row in reader:
            if len(row) > _MAX_COLUMNS:
                raise document.failed("not-csv", f"line {reader.line_num}: more than {_MAX_COLUMNS} columns")
            rows.append([clean(cell) for cell in row])
    except csv.Error as error:
        raise document.failed("not-csv", f"line {reader.line_num}: {error}") from None
    return [row for row in rows if any(row)]


def _delimiter_of(header: str) -> str:
    """Return the sign that splits a header into the most columns; a comma where none does."""
    return max(_DELIMITERS, key=header.count)
