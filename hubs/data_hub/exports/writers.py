"""Writers of an export's formats: NDJSON and CSV in gzip, Parquet, SQLite; for the build process only."""

from __future__ import annotations

import csv
import gzip
import io
import sqlite3
from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa
import pyarrow.parquet as pq

from hubs.data_hub.database.service.formats import cell
from hubs.data_hub.exports.columns import Column, ColumnType, row_of
from shared.http.json import dumps

_ARROW: dict[ColumnType, pa.DataType] = {
    "text": pa.string(),
    "json": pa.string(),
    "int": pa.int64(),
    "float": pa.float64(),
    "bool": pa.bool_(),
    "date": pa.date32(),
    "time": pa.timestamp("us", tz="UTC"),
}
_SQLITE: dict[ColumnType, str] = {
    "text": "TEXT", "json": "TEXT", "int": "INTEGER", "float": "REAL", "bool": "INTEGER", "date": "TEXT",
    "time": "TEXT",
}  # fmt: skip
Record = dict[str, Any]
_GROUP_ROWS = 50_000
_GROUP_BYTES = 2 << 20
# Arrow's own pool keeps what it once had; this process is to stay small.
pa.set_memory_pool(pa.system_memory_pool())


class Writer(Protocol):
    """Takes the records of one table, a batch at a time."""

    def write(self, records: Sequence[Record]) -> None:
        """Add records."""

    def close(self) -> None:
        """Finish the file."""


class NdjsonWriter:
    """One JSON document a line, nothing flattened."""

    def __init__(self, path: Path) -> None:
        # Without a name and a time inside, equal records make equal bytes.
        self._raw = path.open("wb")
        self._file = gzip.GzipFile("", "wb", 6, self._raw, mtime=0)

    def write(self, records: Sequence[Record]) -> None:
        """Add records."""
        self._file.write(b"".join(dumps(record) + b"\n" for record in records))

    def close(self) -> None:
        """Finish the file."""
        self._file.close()
        self._raw.close()


class CsvWriter:
    """A table for spreadsheets: UTF-8 with a byte order mark, cells that could be formulas quoted."""

    def __init__(self, path: Path, columns: tuple[Column, ...]) -> None:
        self._columns = columns
        self._raw = path.open("wb")
        self._file = gzip.GzipFile("", "wb", 6, self._raw, mtime=0)
        self._text = io.TextIOWrapper(self._file, "utf-8-sig", newline="")
        self._csv = csv.writer(self._text, lineterminator="\r\n")
        self._csv.writerow([column.name for column in columns])

    def write(self, records: Sequence[Record]) -> None:
        """Add records."""
        self._csv.writerows([cell(value) for value in row_of(self._columns, record)] for record in records)

    def close(self) -> None:
        """Finish the file."""
        self._text.close()
        self._file.close()
        self._raw.close()


class ParquetWriter:
    """A typed table for analysis."""

    def __init__(self, path: Path, columns: tuple[Column, ...]) -> None:
        self._columns = columns
        self._schema = pa.schema([(column.name, _ARROW[column.type]) for column in columns])
        self._writer = pq.ParquetWriter(path, self._schema, compression="zstd")
        self._held: list[pa.RecordBatch] = []

    def write(self, records: Sequence[Record]) -> None:
        """Add records."""
        rows = [row_of(self._columns, record) for record in records]
        arrays = [
            pa.array([_typed(row[index], column.type) for row in rows], _ARROW[column.type])
            for index, column in enumerate(self._columns)
        ]
        self._held.append(pa.RecordBatch.from_arrays(arrays, schema=self._schema))
        # As columns they are small; a group of few rows would compress badly and be slow to read.
        is_full = sum(batch.nbytes for batch in self._held) >= _GROUP_BYTES
        if is_full or sum(batch.num_rows for batch in self._held) >= _GROUP_ROWS:
            self._write_group()

    def close(self) -> None:
        """Finish the file."""
        if self._held:
            self._write_group()
        self._writer.close()

    def _write_group(self) -> None:
        self._writer.write_table(pa.Table.from_batches(self._held, self._schema))
        self._held = []


class SqliteWriter:
    """One table of a SQLite database, with its keys and an index on every reference."""

    def __init__(
        self,
        database: sqlite3.Connection,
        table: str,
        columns: tuple[Column, ...],
        constraints: str = 'PRIMARY KEY ("id"), UNIQUE ("key")',
    ) -> None:
        self._database, self._table, self._columns = database, table, columns
        names = ", ".join(f'"{column.name}" {_SQLITE[column.type]}' for column in columns)
        # Table and columns are names of ours, never of a record.
        database.execute(f'CREATE TABLE "{table}" ({names}, {constraints})')
        marks = ", ".join("?" for _ in columns)
        self._insert = f'INSERT INTO "{table}" VALUES ({marks})'  # noqa: S608

    def write(self, records: Sequence[Record]) -> None:
        """Add records."""
        self._database.executemany(
            self._insert,
            [[_plain(value) for value in row_of(self._columns, record)] for record in records],
        )

    def close(self) -> None:
        """Keep what was written, and index what refers to other tables."""
        for column in self._columns:
            if column.name.endswith("_key") and column.type == "text":
                name = f"ix_{self._table}_{column.name}"
                self._database.execute(f'CREATE INDEX "{name}" ON "{self._table}" ("{column.name}")')
        self._database.commit()


def _typed(value: Any, kind: ColumnType) -> Any:
    if isinstance(value, str) and kind == "date":
        return date.fromisoformat(value)
    if isinstance(value, str) and kind == "time":
        return datetime.fromisoformat(value)
    return value


def _plain(value: Any) -> Any:
    if isinstance(value, datetime | date):
        return value.isoformat()
    return int(value) if isinstance(value, bool) else value
