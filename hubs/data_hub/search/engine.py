"""The index as it is read: tantivy, its schema and analysers, and what a search sees of a folder."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import orjson
import tantivy

from hubs.data_hub.memory import let_go, mapped_ranges, resident_bytes

SCHEMA_VERSION = 3
_MAX_TOKEN_BYTES = 60
_LARGE_FILES = ("store", "idx", "pos", "term")
MAPPED_BYTES = 8 * 2**20
"""What searches may map before it is let go; each maps a megabyte or two of what it shows."""
_LOOKED_AT_EVERY = 4
MAX_ENTRIES = 20_000

# Field: (tokenizer, stored, fast, what is kept per term).
TEXT_FIELDS: dict[str, tuple[str, bool, bool, str]] = {
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
NUMBERS = ("day", "year", "order")
PASSAGES = {"en": "passages_en", "fr": "passages_fr"}


def build_schema() -> tantivy.Schema:
    """Return the schema of the index."""
    builder = tantivy.SchemaBuilder()
    for name, (tokenizer, stored, fast, option) in TEXT_FIELDS.items():
        builder.add_text_field(name, stored=stored, fast=fast, tokenizer_name=tokenizer, index_option=option)
    for name in NUMBERS:
        builder.add_integer_field(name, indexed=name != "order", fast=True)
    builder.add_float_field("weight", fast=True)
    for name in ("card", *PASSAGES.values()):
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


def prepare(index: tantivy.Index) -> dict[str, tantivy.TextAnalyzer]:
    """Give an index that was just opened its analysers, and return them."""
    analysers = build_analysers()
    for name, analyser in analysers.items():
        index.register_tokenizer(name, analyser)
    # Manual: the default policy watches the folder with a thread that wakes twice a second, and reads anew.
    index.config_reader("manual")
    return analysers


@dataclass
class View:
    """One commit as searches see it.

    A searcher, its segments, the large files that it keeps mapped, and in how many documents stand the words
    that were asked for.
    """

    searcher: tantivy.Searcher
    segments: tuple[str, ...]
    paths: list[Path]
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


class IndexReader:
    """An index as one process reads it; another may write it meanwhile."""

    def __init__(self, folder: Path) -> None:
        """Open the index in a folder.

        Raises: OSError or ValueError when there is none or it cannot be read.
        """
        self.folder = folder
        self.schema = build_schema()
        self._index = tantivy.Index.open(str(folder))
        self.analysers = prepare(self._index)
        self._served = count(1)
        self._most_resident = 0
        self._held = View(self._index.searcher(), (), [])
        self.reload()

    def searcher(self) -> tantivy.Searcher:
        """Return a searcher over the commit that was the last one at the last reload."""
        return self._held.searcher

    def view(self) -> View:
        """Return that commit as a search sees it; called once for each."""
        # Pages let go come back one by one when looked at, which costs a search as much as to be parsed.
        if next(self._served) % _LOOKED_AT_EVERY == 0 and resident_bytes() > self._most_resident:
            self.let_go()
        return self._held

    def let_go(self) -> None:
        """Take the pages of the large files out of the process: left alone, the whole index ends up in it.

        For a process in which nothing else opens or closes these files meanwhile, in particular no writer of
        the index: where a file is no longer mapped, other memory may stand by the time that it is let go.
        """
        # Looked for each time, which takes a fifth of a millisecond; the searcher in hand keeps them there.
        let_go(mapped_ranges(self._held.paths))
        self._most_resident = resident_bytes() + MAPPED_BYTES

    def reload(self) -> None:
        """Let searches see the last commit, and what merges have made of it.

        It also drops what the searcher keeps of documents that were read: up to a hundred blocks for each
        segment, 15 MiB in all, of which hardly one is asked for again.

        Raises: OSError or ValueError when the index is gone.
        """
        before = self.segments()
        self._index.reload()
        searcher = self._index.searcher()
        # A merge may have ended in between: then it is not known which files this searcher holds.
        known = before if before == self.segments() else ()
        folder = self.folder.resolve()
        paths = [folder / f"{name}.{kind}" for name in known for kind in _LARGE_FILES]
        view = View(searcher, known, paths)
        if known and known == self._held.segments:
            view.entries = self._held.entries
        self._held = view

    def segments(self) -> tuple[str, ...]:
        """Return the names of the segments of the last commit, which merges may have made since."""
        return tuple(sorted(segment["segment_id"].replace("-", "") for segment in read_segments(self.folder)))


def read_segments(folder: Path) -> list[dict[str, Any]]:
    """Return what an index says of its segments: ``segment_id``, ``max_doc``, ``deletes``.

    Raises: OSError or ValueError when there is no index, or it cannot be read.
    """
    segments: list[dict[str, Any]] = orjson.loads((folder / "meta.json").read_bytes())["segments"]
    return segments
