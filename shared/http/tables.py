"""Rows as CSV or NDJSON, the same wherever a table is given out."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any

from shared.http.cells import safe_cell
from shared.http.json import dumps

MEDIA_TYPES = {"csv": "text/csv; charset=utf-8", "ndjson": "application/x-ndjson"}


def rendered(columns: Sequence[str], rows: Iterable[Iterable[Any]], kind: str) -> tuple[bytes, str]:
    """Return a table in a format, and its media type."""
    if kind == "ndjson":
        lines = b"".join(dumps(dict(zip(columns, row, strict=True))) + b"\n" for row in rows)
        return lines, MEDIA_TYPES[kind]
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow([safe_cell(column) for column in columns])
    for row in rows:
        writer.writerow([safe_cell(value) for value in row])
    return buffer.getvalue().encode(), MEDIA_TYPES[kind]
