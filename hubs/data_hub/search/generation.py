"""The index as it is written: one generation of it in a folder of its own."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import orjson
import tantivy

from hubs.data_hub.search.engine import (
    NUMBERS,
    PASSAGES,
    SCHEMA_VERSION,
    TEXT_FIELDS,
    IndexReader,
    build_schema,
    prepare,
    read_segments,
)
from hubs.data_hub.search.passages import note_passages

POSITION_FILE = "position.json"
SHORT_CHARS = 400
"""A text up to here is read as a whole to mark words in it: to look up its passages takes as long."""
_NONE = {"num_deleted_docs": 0}


class Generation:
    """One complete index in a folder of its own, with the change position that it stands at."""

    def __init__(self, folder: Path, heap_bytes: int) -> None:
        """Open the index in a folder, or make an empty one there.

        Raises: OSError or ValueError when what is there cannot be read.
        """
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        index = tantivy.Index(build_schema(), path=str(folder))
        self._analysers = prepare(index)
        self._writer: tantivy.IndexWriter | None = index.writer(heap_bytes, 1)
        self.position = self._read_position()
        self.reached = self.position
        """Position of what is written, committed or not yet."""

    def reader(self) -> IndexReader:
        """Open what is committed, for reading in this process.

        Raises: OSError or ValueError when it cannot be read.
        """
        return IndexReader(self.folder)

    @property
    def documents(self) -> int:
        """Return how many documents the last commit holds; 0 when it cannot be read."""
        try:
            segments = read_segments(self.folder)
        except (OSError, ValueError):
            return 0
        return sum(part["max_doc"] - (part["deletes"] or _NONE)["num_deleted_docs"] for part in segments)

    def add(self, documents: Iterable[dict[str, Any]]) -> int:
        """Replace documents by id; visible after `commit`."""
        assert self._writer is not None
        count = 0
        for fields in documents:
            self._writer.delete_documents_by_term("id", fields["id"])
            self._writer.add_document(self._document(fields))
            count += 1
        return count

    def insert(self, documents: Iterable[dict[str, Any]]) -> int:
        """Add documents that are known to be new; visible after `commit`."""
        assert self._writer is not None
        count = 0
        for fields in documents:
            self._writer.add_document(self._document(fields))
            count += 1
        return count

    def _document(self, fields: dict[str, Any]) -> tantivy.Document:
        document = tantivy.Document()
        for name in TEXT_FIELDS:
            value = fields[name]
            if isinstance(value, str):
                if value:
                    document.add_text(name, value)
            else:
                for item in value:
                    document.add_text(name, item)
        for name in NUMBERS:
            document.add_integer(name, fields[name])
        document.add_float("weight", fields["weight"])
        document.add_bytes("card", fields["card"])
        for lang, name in PASSAGES.items():
            if len(body := fields[f"body_{lang}"]) > SHORT_CHARS:
                document.add_bytes(name, note_passages(body, self._analysers[lang].analyze))
        return document

    def remove(self, ids: Iterable[str]) -> None:
        """Take documents out; visible after `commit`."""
        assert self._writer is not None
        for record_id in ids:
            self._writer.delete_documents_by_term("id", record_id)

    def commit(self, position: int) -> None:
        """Make the writes durable and visible to readers, then note the position that they reach."""
        assert self._writer is not None
        self._writer.commit()
        # After the commit: a crash in between repeats changes, which replaces documents by themselves.
        draft = self.folder / f".{POSITION_FILE}"
        draft.write_bytes(orjson.dumps({"position": position, "schema": SCHEMA_VERSION}))
        draft.replace(self.folder / POSITION_FILE)
        # What says that it stands here must show what is here: answers are kept by others under this number.
        self.position = self.reached = position

    def close(self) -> None:
        """Let go of the writer; its merges are finished first."""
        if self._writer is not None:
            self._writer.wait_merging_threads()
            self._writer = None

    def _read_position(self) -> int:
        path = self.folder / POSITION_FILE
        if not path.exists():
            return 0
        said = orjson.loads(path.read_bytes())
        if said["schema"] != SCHEMA_VERSION:
            raise ValueError(f"the index has schema {said['schema']}, not {SCHEMA_VERSION}")
        return int(said["position"])
