"""The journal of a run: what is published and confirmed, in a file that a killed process leaves usable.

It is what makes a crawl resumable: documents come from the run's archive again, and records that
the journal knows as published from the same bytes are not sent a second time.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from services.scraper.archive import IndexEntry

_SCHEMA = """
CREATE TABLE IF NOT EXISTS published (kind TEXT, key TEXT, token BLOB, PRIMARY KEY (kind, key)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS response (key TEXT PRIMARY KEY, entry TEXT, reader TEXT) WITHOUT ROWID;
"""


@dataclass(slots=True)
class RunState:
    """What the next process must know about a job: its run, how often it was tried, whether it ended."""

    run_id: str
    source_id: str
    started_at: str
    attempts: int = 0
    is_finished: bool = False
    batches: int = 0


class StateFile:
    """The state of one job request, replaced atomically."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._path = folder / "state.json"

    def read(self) -> RunState | None:
        """Return the state, or None when there is none that can be read."""
        try:
            fields: dict[str, Any] = json.loads(self._path.read_text(encoding="utf-8"))
            UUID(fields["run_id"])
            return RunState(**fields)
        except (OSError, ValueError, TypeError, KeyError):
            return None

    def write(self, state: RunState) -> None:
        """Replace the state."""
        self.folder.mkdir(parents=True, exist_ok=True)
        aside = self._path.with_suffix(".new")
        aside.write_text(json.dumps(asdict(state)), encoding="utf-8")
        aside.replace(self._path)


class Journal:
    """Published keys and fetched documents of one run, on disk so that memory stays flat.

    Safe to use from several threads; ``synchronous=OFF`` survives a killed process, not a power cut,
    after which a job starts over from its archive.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = threading.Lock()
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, cached_statements=16)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=OFF")
        self._db.execute("PRAGMA cache_size=-1024")
        self._db.executescript(_SCHEMA)

    def is_published(self, kind: str, key: str, token: bytes) -> bool:
        """Tell whether this record, read from these bytes, is safely with the bus."""
        query = "SELECT token FROM published WHERE kind = ? AND key = ?"
        with self._lock:
            found = self._db.execute(query, (kind, key)).fetchone()
        return found is not None and found[0] == token

    def published(self, rows: Iterable[tuple[str, str, bytes]]) -> None:
        """Note (kind, key, token) of records that the bus has confirmed."""
        with self._lock:
            self._db.execute("BEGIN")
            self._db.executemany("INSERT OR REPLACE INTO published VALUES (?, ?, ?)", rows)
            self._db.execute("COMMIT")

    def counts(self) -> dict[str, int]:
        """Return the distinct published keys per kind."""
        with self._lock:
            rows = self._db.execute("SELECT kind, count(*) FROM published GROUP BY kind ORDER BY kind")
            return dict(rows.fetchall())

    def documents(self, entries: Iterable[IndexEntry]) -> None:
        """Note where documents are archived."""
        rows = [(entry.key, json.dumps(asdict(entry))) for entry in entries]
        with self._lock:
            self._db.executemany("INSERT OR REPLACE INTO response VALUES (?, ?, '')", rows)

    def document(self, key: str) -> IndexEntry | None:
        """Return where the answer to a request is archived, or None."""
        with self._lock:
            found = self._db.execute("SELECT entry FROM response WHERE key = ?", (key,)).fetchone()
        return IndexEntry(**json.loads(found[0])) if found else None

    def reader(self, key: str) -> str:
        """Return the label of the parser that last read the answer to a request, or ""."""
        with self._lock:
            found = self._db.execute("SELECT reader FROM response WHERE key = ?", (key,)).fetchone()
        return str(found[0]) if found else ""

    def copy_documents(self, target: Path, reader: str) -> None:
        """Add this run's documents, read by ``reader``, to the journal at ``target`` for later runs."""
        Journal(target).close()
        self._db.execute("ATTACH ? AS target", (str(target),))
        self._db.execute(
            "INSERT OR REPLACE INTO target.response SELECT key, entry, ? FROM response", (reader,)
        )
        self._db.execute("DETACH target")

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()
