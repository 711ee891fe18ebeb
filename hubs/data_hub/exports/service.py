"""Exports: built by a process of their own, kept for a while, served with their manifest."""

from __future__ import annotations

import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

from hubs.data_hub.exports.errors import ExportMissing, ExportRunning
from hubs.data_hub.exports.repository import ExportRepository, Row
from hubs.data_hub.exports.schemas import ExportRead, ManifestRead
from shared.core.clock import utc_now
from shared.core.ids import new_id

_NAME = re.compile(r"^[a-z0-9][a-z0-9_.-]{0,80}$", re.IGNORECASE)
KEEP = 7
GIVE_UP = timedelta(hours=3)
STARTS_WITHIN = timedelta(minutes=1)
"""By then the process of an export that was begun holds its lock."""


@dataclass(frozen=True)
class Begun:
    """An export that is to be built: its id, and the position of the one before it."""

    id: UUID
    after: int | None


class ExportService:
    """Keeps account of exports."""

    def __init__(self, repository: ExportRepository, root: Path) -> None:
        self._repository = repository
        self._root = root

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

    def finish(self, export_id: UUID, manifest: Row | None, problem: str) -> None:
        """Note how an export ended, and drop the oldest beyond seven."""
        values = {
            "state": "done" if manifest else "failed",
            "finished_at": utc_now(),
            "position": manifest["position"] if manifest else None,
            "manifest": manifest,
            "problem": problem[:2_000],
        }
        self._repository.finish(export_id, values)
        old = [row["id"] for row in self._repository.list(1_000)[KEEP:] if row["state"] != "running"]
        if old:
            self._repository.delete(old)
            for one in old:
                shutil.rmtree(self._root / str(one), ignore_errors=True)

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

    def file(self, name: str, file_name: str) -> tuple[Path, Row]:
        """Return where a file of an export lies, and its entry in the manifest.

        Raises: ExportMissing.
        """
        row = self._done(name)
        entry = next((f for f in row["manifest"]["files"] if f["name"] == file_name), None)
        path = self._root / str(row["id"]) / file_name
        if entry is None or not _NAME.match(file_name) or not path.is_file():
            raise ExportMissing(f"this export has no file {file_name[:80]!r}")
        return path, entry

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
