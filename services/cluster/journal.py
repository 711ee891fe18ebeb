"""The local journal of rollouts: one JSON object a line, on disk before the next thing happens."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from services.cluster.clock import Clock


def journal_dir() -> Path:
    """Return where journals are kept: `$OP_CLUSTER_DIR`, else the user's state folder."""
    if named := os.environ.get("OP_CLUSTER_DIR"):
        return Path(named)
    state = os.environ.get("XDG_STATE_HOME")
    return (Path(state) if state else Path.home() / ".local" / "state") / "openpolicy"


class Journal:
    """Append-only; a line that a crash cut short is skipped when reading."""

    def __init__(self, path: Path, clock: Clock) -> None:
        self.path = path
        self._clock = clock

    def note(self, event: str, **about: Any) -> None:
        """Write one entry and make sure that it is on disk."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        entry = {"at": self._clock.now().isoformat(), "event": event, **about}
        line = json.dumps(entry, ensure_ascii=False) + "\n"
        with self.path.open("a+b") as file:
            if file.tell() and not self._ends_whole(file):
                file.write(b"\n")
            file.write(line.encode())
            file.flush()
            os.fsync(file.fileno())

    def entries(self) -> Iterator[dict[str, Any]]:
        """Yield the entries that are whole."""
        if not self.path.exists():
            return
        for line in self.path.read_bytes().splitlines():
            try:
                entry = json.loads(line)
            except ValueError:
                continue
            if isinstance(entry, dict):
                yield entry

    @staticmethod
    def _ends_whole(file: Any) -> bool:
        file.seek(-1, os.SEEK_END)
        return bool(file.read(1) == b"\n")
