"""The registry of sources: a TOML file and the folder of its name, the scraper's own; this hub only reads."""

from __future__ import annotations

import difflib
import threading
import tomllib
from collections.abc import Iterable
from importlib.resources import files
from pathlib import Path
from typing import Any

from hubs.business_hub.queue.errors import UnknownSource
from shared.contracts.http.jobs import SourceRead
from shared.core.errors import Unavailable


def default_sources_file() -> Path:
    """Return the registry of this installation; its place is a convention, no module is imported."""
    return Path(str(files("services"))) / "scraper" / "jurisdictions.toml"


class SourceRegistry:
    """The known sources; the files are read again when one of them changes, comes or goes."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._read_at: list[tuple[str, int]] = []
        self._sources: dict[str, SourceRead] = {}

    def get(self, source_id: str) -> SourceRead:
        """Return a source.

        Raises: UnknownSource with the nearest ids; Unavailable when there is no registry.
        """
        sources = self._current()
        if source_id in sources:
            return sources[source_id]
        near = difflib.get_close_matches(source_id, sources, n=3, cutoff=0.4)
        hint = f"; did you mean {' or '.join(near)}?" if near else ""
        raise UnknownSource(
            f"no source {source_id!r}{hint}",
            errors=[{"in": "body", "pointer": "/source_id", "detail": "unknown source"}],
            suggestions=near,
        )

    def find(self, source_id: str) -> SourceRead | None:
        """Return a source or None."""
        return self._current().get(source_id)

    def list(self) -> list[SourceRead]:
        """Return every source in the order of the files."""
        return list(self._current().values())

    def _current(self) -> dict[str, SourceRead]:
        with self._lock:
            try:
                files = _files(self._path)
                changed_at = [(each.name, each.stat().st_mtime_ns) for each in files]
                if changed_at != self._read_at:
                    self._sources = _read(files)
                    self._read_at = changed_at
            except (OSError, tomllib.TOMLDecodeError, ValueError, KeyError, TypeError) as error:
                # A registry that is being replaced must not take away the one that was read before.
                if not self._sources:
                    raise Unavailable(f"the registry of sources cannot be read: {error}") from error
            return self._sources


def _files(path: Path) -> list[Path]:
    """Return the registry's file and those of the folder that carries on where it ends."""
    folder = path.with_suffix("")
    return [path, *(sorted(folder.glob("*.toml")) if folder.is_dir() else ())]


def _read(paths: Iterable[Path]) -> dict[str, SourceRead]:
    found: dict[str, SourceRead] = {}
    for path in paths:
        for government in tomllib.loads(path.read_text(encoding="utf-8")).get("jurisdiction", []):
            for entry in government.get("source", []):
                source = SourceRead.model_validate(_flat(entry, government))
                found[source.id] = source
    return found


def _flat(entry: dict[str, Any], government: dict[str, Any]) -> dict[str, Any]:
    return {
        **entry,
        "jurisdiction": government.get("ocd_id", ""),
        "jurisdiction_en": government.get("name_en", ""),
        "jurisdiction_fr": government.get("name_fr", ""),
        "level": government.get("level", ""),
    }
