"""The index itself: tantivy, its schema and analysers, one generation in one folder."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import orjson
import tantivy

from hubs.data_hub.memory import Range, let_go, mapped_ranges, resident_bytes
from hubs.data_hub.search.passages import note_passages

SCHEMA_VERSION = 3
POSITION_FILE = "position.json"
_MAX_TOKEN_BYTES = 60
_LARGE_FILES = ("store", "idx", "pos", "term")
MAPPED_BYTES = 8 * 2**20
"""What searches may map before it is let go; each maps a megabyte or two of what it shows."""
_LOOKED_AT_EVERY = 4
MAX_ENTRIES = 20_000

# Field: (tokenizer, stored, fast, what is kept per term).
_TEXT_FIELDS: dict[str, tuple[str, bool, bool, str]] = {
    "id": ("raw", True, False, "basic"),
    "type": ("raw", False, True, "basic"),
    "jurisdiction": ("raw", False, True, "basic"),
    "title_en": ("en", True, False, "position"),
    "title_fr": ("fr", True, False, "position"),
    "body_en": ("en", True, False, "position"),
    "body_fr": ("fr", True, False, "position"),
    "more_en": ("en", False, False, "position"),
    "more_fr": ("fr", False, False, "position"),
    "names": ("plain", False, False, "position"),
    "codes": ("raw", False, False, "basic"),
    "party": ("raw", False, True, "basic"),
    "party_words": ("plain", False, False, "position"),
    "province": ("raw", False, True, "basic"),
    "person": ("raw", False, True, "basic"),
    "person_id": ("raw", False, False, "basic"),
    "committee": ("plain", False, False, "position"),
    "lang": ("raw", False, True, "basic"),
    "session": ("raw", False, True, "basic"),
    "suggest": ("whole", False, False, "basic"),
    "words": ("plain", False, False, "basic"),
}
_NUMBERS = ("day", "year", "order")
_PASSAGES = {"en": "passages_en", "fr": "passages_fr"}
SHORT_CHARS = 400
"""A text up to here is read as a whole to mark words in it: to look up its passages takes as long."""


def build_schema() -> tantivy.Schema:
    """Return the schema of the index."""
    builder = tantivy.SchemaBuilder()
    for name, (tokenizer, stored, fast, option) in _TEXT_FIELDS.items():
        builder.add_text_field(name, stored=stored, fast=fast, tokenizer_name=tokenizer, index_option=option)
    for name in _NUMBERS:
        builder.add_integer_field(name, indexed=name != "order", fast=True)
    builder.add_float_field("weight", fast=True)
    for name in ("card", *_PASSAGES.values()):
        builder.add_bytes_field(name, stored=True)
    return builder.build()


def build_analysers() -> dict[str, tantivy.TextAnalyzer]:
    """Return the analysers: all fold case and accents; en and fr stem; whole keeps a line in one piece."""
    token, keep = tantivy.Tokenizer, tantivy.Filter

    def words() -> Any:
        builder = tantivy.TextAnalyzerBuilder(token.simple())
        return (
            builder.filter(keep.remove_long(_MAX_TOKEN_BYTES))
            .filter(keep.lowercase())
            .filter(keep.ascii_fold())
        )

    whole = tantivy.TextAnalyzerBuilder(token.raw()).filter(keep.lowercase()).filter(keep.ascii_fold())
    return {
        "en": words().filter(keep.stemmer("english")).build(),
        "fr": words().filter(keep.stemmer("french")).build(),
        "plain": words().build(),
        "whole": whole.build(),
    }


@dataclass
class View:
    """One commit as searches see it.

    A searcher, its segments, the large files that it keeps mapped, where they are once looked for, and in how
    many documents stand the words that were asked for.
    """

    searcher: tantivy.Searcher
    segments: tuple[str, ...]
    paths: list[Path]
    ranges: list[Range] | None = None
    entries: dict[tuple[str, str], int] = field(default_factory=dict)

    def count(self, name: str, word: str) -> int:
        """Return how many documents have a word in a field."""
        # Kept while it holds: looking it up lets go of the interpreter, which takes longer than the look.
        known = self.entries.get((name, word))
        if known is None:
            if len(self.entries) >= MAX_ENTRIES:
                self.entries.clear()
            known = self.entries[name, word] = self.searcher.doc_freq(name, word)
        return known


class Generation:
    """One complete index in a folder of its own, with the change position that it stands at."""

    def __init__(self, folder: Path, heap_bytes: int) -> None:
        """Open the index in a folder, or make an empty one there.

        Raises: OSError or ValueError when what is there cannot be read.
        """
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.schema = build_schema()
        self.analysers = build_analysers()
        self._index = tantivy.Index(self.schema, path=str(folder))
        for name, analyser in self.analysers.items():
            self._index.register_tokenizer(name, analyser)
        # Manual: the default policy watches the folder with a thread that wakes twice a second.
        self._index.config_reader("manual")
        self._writer: tantivy.IndexWriter | None = self._index.writer(heap_bytes, 1)
        self.position = self._read_position()
        self.reached = self.position
        """Position of what is written, committed or not yet."""
        self._served = count(1)
        self._most_resident = 0
        self._reload()

    def searcher(self) -> tantivy.Searcher:
        """Return a searcher over the last commit."""
        return self.view().searcher

    def view(self) -> View:
        """Return the last commit as searches see it."""
        # Pages let go come back one by one when looked at, which costs a search as much as to be parsed.
        if next(self._served) % _LOOKED_AT_EVERY == 0 and resident_bytes() > self._most_resident:
            self.let_go()
        return self._held

    def let_go(self) -> None:
        """Take the pages of the large files out of the process: left alone, the whole index ends up in it."""
        # The searcher in hand keeps the files mapped where they were found.
        held = self._held
        if held.ranges is None:
            held.ranges = mapped_ranges(held.paths)
        let_go(held.ranges)
        self._most_resident = resident_bytes() + MAPPED_BYTES

    def refresh(self) -> None:
        """Let searches use what merges have made of the last commit: fewer segments, each search cheaper."""
        if self._held.segments != self._segments():
            self._reload()

    def _reload(self) -> None:
        """Let searches see the last commit."""
        before = self._segments()
        self._index.reload()
        searcher = self._index.searcher()
        # A merge may have ended in between: then it is not known which files this searcher holds.
        known = before if before == self._segments() else ()
        folder = self.folder.resolve()
        paths = [folder / f"{name}.{kind}" for name in known for kind in _LARGE_FILES]
        self._held = View(searcher, known, paths)

    def _segments(self) -> tuple[str, ...]:
        listed = orjson.loads((self.folder / "meta.json").read_bytes())["segments"]
        return tuple(sorted(segment["segment_id"].replace("-", "") for segment in listed))

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
        for name in _TEXT_FIELDS:
            value = fields[name]
            if isinstance(value, str):
                if value:
                    document.add_text(name, value)
            else:
                for item in value:
                    document.add_text(name, item)
        for name in _NUMBERS:
            document.add_integer(name, fields[name])
        document.add_float("weight", fields["weight"])
        document.add_bytes("card", fields["card"])
        for lang, name in _PASSAGES.items():
            if len(body := fields[f"body_{lang}"]) > SHORT_CHARS:
                document.add_bytes(name, note_passages(body, self.analysers[lang].analyze))
        return document

    def remove(self, ids: Iterable[str]) -> None:
        """Take documents out; visible after `commit`."""
        assert self._writer is not None
        for record_id in ids:
            self._writer.delete_documents_by_term("id", record_id)

    def commit(self, position: int) -> None:
        """Make the writes durable and visible, then note the position that they reach."""
        assert self._writer is not None
        self._writer.commit()
        # After the commit: a crash in between repeats changes, which replaces documents by themselves.
        draft = self.folder / f".{POSITION_FILE}"
        draft.write_bytes(orjson.dumps({"position": position, "schema": SCHEMA_VERSION}))
        draft.replace(self.folder / POSITION_FILE)
        self._reload()
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
