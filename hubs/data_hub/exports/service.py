"""Exports: built by a process of their own, kept for a while, served with their manifest."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol
from uuid import UUID

from hubs.data_hub.exports.errors import ExportElsewhere, ExportMissing, ExportRunning
from hubs.data_hub.exports.repository import ExportRepository, Row
from hubs.data_hub.exports.schemas import ExportRead, ManifestRead
from shared.core.clock import utc_now
from shared.core.errors import NotFound
from shared.core.ids import new_id

KEEP = 7
GIVE_UP = timedelta(hours=3)
STARTS_WITHIN = timedelta(minutes=1)
"""By then the process of an export that was begun holds its lock."""


class ExportFiles(Protocol):
    """Keeps the files of exports by their SHA-256: equal files of several exports once."""

    def put(self, sha256: str, source: Path) -> None:
        """Keep the bytes of a file. Raises: Unavailable."""

    def read(self, sha256: str, start: int, length: int) -> Iterator[bytes]:
        """Yield a part of the bytes. Raises: NotFound when they are not there; Unavailable."""

    def delete(self, sha256: str) -> None:
        """Forget the bytes. Raises: Unavailable."""


@dataclass(frozen=True)
class Begun:
    """An export that is to be built: its id, and the position of the one before it."""

    id: UUID
    after: int | None


class ExportService:
    """Keeps account of exports."""

    def __init__(self, repository: ExportRepository, root: Path, files: ExportFiles) -> None:
        self._repository = repository
        self._root = root
        self._files = files

    def begin(self, reason: str) -> Begun:
        """Note that an export begins.

        Raises: ExportRunning when one is under way.
        """
        now = utc_now()
        self._repository.lock()
        running = self._repository.newest("running")
        if running is not None:
            if not self._is_dead(running, now):
                raise ExportRunning("an export is being built")
            self._repository.abandon(running["id"], now)
            shutil.rmtree(self._root / str(running["id"]), ignore_errors=True)
        before = self._repository.newest("done")
        begun = Begun(new_id(), before["position"] if before else None)
        self._repository.insert(
            {"id": begun.id, "state": "running", "reason": reason, "started_at": now, "problem": ""}
        )
        return begun

    def _is_dead(self, running: Row, now: datetime) -> bool:
        age = now - running["started_at"]
        return age > GIVE_UP or (age > STARTS_WITHIN and not self._repository.is_building(running["id"]))

    def finish(self, export_id: UUID, manifest: Row | None, problem: str) -> set[str]:
        """Note how an export ended, and drop the oldest beyond seven; return which files nobody needs now."""
        values = {
            "state": "done" if manifest else "failed",
            "finished_at": utc_now(),
            "position": manifest["position"] if manifest else None,
            "manifest": manifest,
            "problem": problem[:2_000],
        }
        self._repository.finish(export_id, values)
        rows = self._repository.list(1_000)
        old = [row for row in rows[KEEP:] if row["state"] != "running"]
        if not old:
            return set()
        self._repository.delete([row["id"] for row in old])
        return _hashes(old) - _hashes(row for row in rows if row not in old)

    def is_due(self, every: timedelta, now: datetime) -> bool:
        """Tell whether the newest export is older than it should be."""
        newest = self._repository.list(1)
        return not newest or now - newest[0]["started_at"] >= every

    def list(self, limit: int) -> Sequence[ExportRead]:
        """Return exports, newest first."""
        return [_shown(row) for row in self._repository.list(limit)]

    def manifest(self, name: str) -> ManifestRead:
        """Return the manifest of an export by id, or of the ``latest``.

        Raises: ExportMissing.
        """
        row = self._done(name)
        files = [
            {**file, "url": f"/api/v1/exports/{row['id']}/files/{file['name']}"}
            for file in row["manifest"]["files"]
        ]
        return ManifestRead(id=row["id"], manifest={**row["manifest"], "files": files})

    def file(self, name: str, file_name: str) -> Row:
        """Return the entry of an export's file in its manifest.

        Raises: ExportMissing.
        """
        files = self._done(name)["manifest"]["files"]
        entry: Row | None = next((file for file in files if file["name"] == file_name), None)
        if entry is None:
            raise ExportMissing(f"this export has no file {file_name[:80]!r}")
        return entry

    def content(self, entry: Row, start: int, length: int) -> Iterator[bytes]:
        """Yield a part of a file.

        Raises: ExportElsewhere when it is not where this process keeps such files; Unavailable.
        """
        try:
            return self._files.read(entry["sha256"], start, length)
        except NotFound:
            raise ExportElsewhere(
                "the process that built this export keeps its files to itself: the others serve them only if "
                "all share a bucket (OP_STORAGE__S3_ENDPOINT) or the folder of exports"
            ) from None

    def _done(self, name: str) -> Row:
        row: Row | None
        if name == "latest":
            row = self._repository.newest("done")
        else:
            try:
                row = self._repository.find(UUID(name))
            except ValueError:
                row = None
        if row is None or row["manifest"] is None:
            raise ExportMissing("no such export, or it is not finished")
        return row


def _hashes(rows: Iterable[Row]) -> set[str]:
    return {file["sha256"] for row in rows if row["manifest"] for file in row["manifest"]["files"]}


def _shown(row: Row) -> ExportRead:
    files = row["manifest"]["files"] if row["manifest"] else None
    return ExportRead(
        id=row["id"],
        state=row["state"],
        started_at=row["started_at"],
        finished_at=row["finished_at"],
        position=row["position"],
        size_bytes=sum(f["size_bytes"] for f in files) if files else None,
        rows=sum(f["rows"] or 0 for f in files if f["format"] == "ndjson") if files else None,
        problem=row["problem"],
        manifest_url=f"/api/v1/exports/{row['id']}/manifest",
    )
