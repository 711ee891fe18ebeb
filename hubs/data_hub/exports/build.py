"""Building an export, in a process of its own (``python -m``), as a request on standard input says.

Everything is read in one repeatable-read transaction, so all files tell of the same moment: the change
position in the manifest.
"""

from __future__ import annotations

import hashlib
import sqlite3
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import orjson
from sqlalchemy import create_engine, text
from sqlalchemy.orm import Session

from hubs.data_hub.database.service.collections import COLLECTIONS
from hubs.data_hub.database.service.dumping import DumpingService, build_dumping
from hubs.data_hub.exports.columns import BALLOT_COLUMNS, columns_of
from hubs.data_hub.exports.licensing import Admission, Terms
from hubs.data_hub.exports.repository import BUILD_LOCK_SPACE
from hubs.data_hub.exports.writers import CsvWriter, NdjsonWriter, ParquetWriter, SqliteWriter, Writer
from hubs.data_hub.memory import give_back
from shared.core.clock import utc_now
from shared.db.types import json_dumps, json_loads
from shared.http.json import dumps

SCHEMA_VERSION = 1
# Rows in memory at once. This process shares its hub's memory limit, and one bill can be long.
BATCH = 250
BALLOT_BATCH = 2_000
DELTA_BATCH = 25  # each change of a vote comes with hundreds of ballots
LICENCE_TEXT = """This export was put together by OpenPolicy from documents that public bodies publish.
Each record names its sources and, where the source states one, its licence (column `licence`).
The compilation itself is dedicated to the public domain (CC0 1.0); the licences of the sources stay in force.

Cette exportation a été assemblée par OpenPolicy à partir de documents publiés par des organismes publics.
Chaque enregistrement nomme ses sources et, si la source en indique une, sa licence (colonne `licence`).
La compilation est versée au domaine public (CC0 1.0); les licences des sources restent en vigueur.
"""


def build(
    session: Session, out: Path, after: int | None, export_id: str, terms: Terms | None
) -> dict[str, Any]:
    """Write every file of an export into a folder and return its manifest.

    ``after`` is the position of the export before this one: what changed since becomes the delta. ``terms``
    says what of each licence may be exported (None: everything).
    """
    session.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY"))
    session.execute(text("SET LOCAL statement_timeout = 0"))
    # Held until this process ends, however it ends: so the next build knows whether this one lives.
    session.execute(
        text("SELECT pg_advisory_xact_lock(:space, hashtext(:id))"),
        {"space": BUILD_LOCK_SPACE, "id": export_id},
    )
    dumping = build_dumping(session)
    position = dumping.position()
    files: list[dict[str, Any]] = []
    licences: set[str] = set()
    admission = Admission(terms)
    with closing(sqlite3.connect(out / "openpolicy.sqlite")) as database:
        database.execute("PRAGMA journal_mode = OFF")
        database.execute("PRAGMA synchronous = OFF")
        for path in _paths():
            files += _table(dumping, path, out, database, licences, admission)
        files += _ballots(dumping, out, database, admission)
    files.append(
        _described(
            out / "openpolicy.sqlite",
            "all",
            "sqlite",
            sum(f["rows"] for f in files if f["format"] == "ndjson"),
        )
    )
    if after is not None and after < position:
        files.append(_delta(dumping, out, after, admission))
    (out / "LICENCE.txt").write_text(LICENCE_TEXT)
    files.append(_described(out / "LICENCE.txt", "licence", "text", None))
    return {
        "schema_version": SCHEMA_VERSION,
        "created_at": utc_now(),
        "position": position,
        "previous_position": after,
        "licences": sorted(licences),
        "tables": {path: [[c.name, c.type] for c in columns_of(path)] for path in _paths()}
        | {"ballots": [[c.name, c.type] for c in BALLOT_COLUMNS]},
        "files": files,
        **admission.account(),
    }


def _paths() -> list[str]:
    # Committees are organizations: once is enough.
    return [collection.path for collection in COLLECTIONS if not collection.where]


def _table(
    dumping: DumpingService,
    path: str,
    out: Path,
    database: sqlite3.Connection,
    licences: set[str],
    admission: Admission,
) -> list[dict[str, Any]]:
    columns = columns_of(path)
    targets = {
        "ndjson": out / f"{path}.ndjson.gz",
        "csv": out / f"{path}.csv.gz",
        "parquet": out / f"{path}.parquet",
    }
    writers: list[Writer] = [
        NdjsonWriter(targets["ndjson"]),
        CsvWriter(targets["csv"], columns),
        ParquetWriter(targets["parquet"], columns),
        SqliteWriter(database, path.replace("-", "_"), columns),
    ]
    rows = 0
    for standing in dumping.records(path, BATCH):
        records = admission.admit(standing)
        rows += len(records)
        licences.update(record["licence"] for record in records if record["licence"])
        for writer in writers:
            writer.write(records)
        give_back()
    for writer in writers:
        writer.close()
    return [_described(target, path, form, rows) for form, target in targets.items()]


def _ballots(
    dumping: DumpingService, out: Path, database: sqlite3.Connection, admission: Admission
) -> list[dict[str, Any]]:
    targets = {
        "ndjson": out / "ballots.ndjson.gz",
        "csv": out / "ballots.csv.gz",
        "parquet": out / "ballots.parquet",
    }
    writers: list[Writer] = [
        NdjsonWriter(targets["ndjson"]),
        CsvWriter(targets["csv"], BALLOT_COLUMNS),
        ParquetWriter(targets["parquet"], BALLOT_COLUMNS),
        SqliteWriter(
            database,
            "ballots",
            BALLOT_COLUMNS,
            'PRIMARY KEY ("vote_key", "position"), FOREIGN KEY ("vote_key") REFERENCES "votes" ("key")',
        ),
    ]
    rows = 0
    for cast in dumping.ballots(BALLOT_BATCH):
        # They were published with their vote, under its licence.
        records = [ballot for ballot in cast if ballot["vote_key"] not in admission.keys]
        rows += len(records)
        for writer in writers:
            writer.write(records)
        give_back()
    for writer in writers:
        writer.close()
    return [_described(target, "ballots", form, rows) for form, target in targets.items()]


def _delta(dumping: DumpingService, out: Path, after: int, admission: Admission) -> dict[str, Any]:
    path = out / "delta.ndjson.gz"
    writer = NdjsonWriter(path)
    rows = 0
    for entries in dumping.delta(after, DELTA_BATCH):
        rows += len(entries)
        writer.write([admission.admit_change(entry) for entry in entries])
        give_back()
    writer.close()
    return _described(path, "delta", "ndjson", rows)


def _described(path: Path, table: str, form: str, rows: int | None) -> dict[str, Any]:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        for chunk in _chunks(file):
            digest.update(chunk)
    return {
        "name": path.name,
        "table": table,
        "format": form,
        "rows": rows,
        "size_bytes": path.stat().st_size,
        "sha256": digest.hexdigest(),
    }


def _chunks(file: Any) -> Iterator[bytes]:
    return iter(lambda: file.read(1 << 20), b"")


def main(stdin: Any = sys.stdin, arguments: Sequence[str] = ()) -> int:
    """Build what the request on standard input asks for; print the manifest."""
    asked = orjson.loads(stdin.read())
    out = Path(asked["out"])
    out.mkdir(parents=True, exist_ok=True)
    engine = create_engine(asked["url"], json_serializer=json_dumps, json_deserializer=json_loads)
    try:
        with Session(engine) as session, session.begin():
            manifest = build(session, out, asked["after"], asked["id"], asked["terms"])
    finally:
        engine.dispose()
    (out / "manifest.json").write_bytes(dumps(manifest))
    sys.stdout.buffer.write(dumps(manifest))
    return 0


if __name__ == "__main__":
    sys.exit(main())
