"""CSV of upstream documents: any encoding, byte order mark, delimiter and line ending."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from services.scraper.parsers.base import Document
from services.scraper.parsers.body import text_of
from services.scraper.parsers.text import clean

_MAX_FIELD = 1_000_000


def read_rows(
    document: Document, delimiter: str = ",", encoding: str = "", skip_rows: int = 0
) -> list[list[str]]:
    """Return the rows of ``document`` as cleaned cells, without wholly empty rows.

    ``encoding`` is tried where the text is not UTF-8; ``skip_rows`` lines before the header are left out.

    Raises: ParseFailed (``too-large``, ``html-error-page``, ``empty-body``, ``not-csv``).
    """
    text = text_of(document, "CSV", encoding)
    if "\x00" in text:
        raise document.failed("not-csv", "the document holds NUL characters")
    csv.field_size_limit(_MAX_FIELD)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        rows = [[clean(cell) for cell in row] for row in reader]
    except csv.Error as error:
        raise document.failed("not-csv", f"line {reader.line_num}: {error}") from None
    return [row for row in rows[skip_rows:] if any(row)]


def read_table(
    document: Document,
    required: tuple[str, ...],
    delimiter: str = ",",
    encoding: str = "",
    skip_rows: int = 0,
) -> Iterator[dict[str, str]]:
    """Yield the rows below the header as dictionaries; short rows are padded with ``""``.

    Raises: ParseFailed as ``read_rows``, ``wrong-shape`` when a required column is missing, and
    ``truncated`` when the last row is short and its line has no end.
    """
    rows = read_rows(document, delimiter, encoding, skip_rows)
    header = rows[0] if rows else []
    missing = [name for name in required if name not in header]
    if missing:
        raise document.failed("wrong-shape", f"no column {missing[0]!r}; the header is {header[:20]}")
    if rows and len(rows[-1]) < len(header) and not document.body.rstrip(b"\x00").endswith(b"\n"):
        raise document.failed(
            "truncated", f"the last row ends after {len(rows[-1])} of {len(header)} columns"
        )
    for row in rows[1:]:
        padded = row + [""] * (len(header) - len(row))
        yield dict(zip(header, padded, strict=False))
