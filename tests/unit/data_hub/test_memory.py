"""Mapped pages go back to the system, and nothing but they."""

from __future__ import annotations

import mmap
import multiprocessing
import re
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import pytest
import tantivy

from hubs.data_hub.memory import let_go, mapped_ranges, resident_bytes
from hubs.data_hub.search import engine
from hubs.data_hub.search.engine import NUMBERS, TEXT_FIELDS, IndexReader
from hubs.data_hub.search.generation import Generation
from shared.testing.processes import wait_until

HEAP = 15_000_000
_MAPPING = re.compile(r"^[0-9a-f]+-[0-9a-f]+ \S+ \S+ \S+ \d+\s*(.*)$")


def resident_kib(suffix: str, folder: Path) -> int:
    """Return what of a folder's mapped files with an ending is in this process; others map files of theirs."""
    total, name = 0, ""
    for line in Path("/proc/self/smaps").read_text().splitlines():
        if match := _MAPPING.match(line):
            name = match[1].removesuffix(" (deleted)")
        elif line.startswith("Rss:") and name.startswith(f"{folder}/") and name.endswith(suffix):
            total += int(line.split()[1])
    return total


def document(number: int) -> dict[str, Any]:
    words = " ".join(f"word{number * k % 9_973}" for k in range(1, 200))
    fields: dict[str, Any] = dict.fromkeys(TEXT_FIELDS, "") | dict.fromkeys(NUMBERS, number)
    return fields | {"id": f"record-{number}", "body_en": words, "weight": 1.0, "card": b"{}"}


def shown(reader: IndexReader) -> set[str]:
    """Return the ids of all documents, each read from the store."""
    searcher = reader.searcher()
    hits = searcher.search(tantivy.Query.all_query(), limit=100_000, order_by_field="order").hits
    return {searcher.doc(address)["id"][0] for _, address in hits}


def test_pages_of_a_file_leave_and_come_back(tmp_path: Path) -> None:
    path = tmp_path / "with a space.mapped"
    path.write_bytes(b"x" * 4_000_000)
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
        assert sum(mapped[::4096]) == ord("x") * len(range(0, 4_000_000, 4096))
        [(_, length)] = mapped_ranges([path])
        assert length >= 4_000_000
        assert resident_kib(path.name, tmp_path) >= 3_900
        let_go(mapped_ranges([path]))
        assert resident_kib(path.name, tmp_path) == 0
        assert mapped[3_999_999] == ord("x")
        path.unlink()
        assert [length for _, length in mapped_ranges([path])] == [length]


def test_other_files_and_systems_without_a_map_have_no_ranges(tmp_path: Path) -> None:
    assert mapped_ranges([tmp_path / "never mapped"]) == []
    assert mapped_ranges([Path("/proc/self/exe")], maps=tmp_path / "none") == []


def test_an_index_keeps_little_of_its_large_files_in_the_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    generation = Generation(tmp_path / "g", HEAP)
    generation.insert(document(n) for n in range(4_000))
    generation.commit(1)
    assert generation.documents == 4_000
    # Letting go is for a process that does not write.
    generation.close()
    reader = IndexReader(generation.folder)
    assert len(shown(reader)) == 4_000
    assert resident_kib(".store", tmp_path) > 1_000
    reader.let_go()
    assert (
        resident_kib(".store", tmp_path)
        == resident_kib(".idx", tmp_path)
        == resident_kib(".pos", tmp_path)
        == 0
    )
    assert len(shown(reader)) == 4_000
    for _ in range(8):
        reader.view()
    assert resident_kib(".store", tmp_path) > 0, "what is within the limit stays"
    # Less than anything: the system counts some pages late.
    monkeypatch.setattr(engine, "MAPPED_BYTES", -(2**30))
    reader.let_go()
    assert len(shown(reader)) == 4_000
    for _ in range(8):
        reader.view()
    assert resident_kib(".store", tmp_path) == 0


def test_where_the_system_does_not_tell_what_is_resident_nothing_is(tmp_path: Path) -> None:
    assert resident_bytes(tmp_path / "none") == 0
    assert resident_bytes() > 1_000_000


def write_step_by_step(folder: Path, told: Connection) -> None:
    """Write and merge in a process of its own, a commit for each word that comes."""
    generation = Generation(folder, HEAP)
    generation.commit(0)
    told.send(0)
    for step in range(30):
        told.recv()
        generation.add(document(n) for n in range(step * 40, step * 40 + 80))
        generation.commit(step + 1)
        told.send(step * 40 + 80)
    generation.close()


def test_letting_go_while_segments_come_merge_and_vanish_loses_nothing(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    told, theirs = context.Pipe()
    writer = context.Process(target=write_step_by_step, args=(tmp_path / "g", theirs))
    writer.start()
    assert told.poll(60)
    assert told.recv() == 0
    reader = IndexReader(tmp_path / "g")
    for _ in range(30):
        told.send("on")
        while not told.poll():
            reader.reload()
            reader.let_go()
            seen = shown(reader)
            assert seen == {f"record-{n}" for n in range(len(seen))}
        count = told.recv()
        reader.reload()
        assert shown(reader) == {f"record-{n}" for n in range(count)}
    writer.join(60)
    assert writer.exitcode == 0
    assert shown(IndexReader(tmp_path / "g")) == {f"record-{n}" for n in range(29 * 40 + 80)}


def test_a_reload_shows_what_merges_have_made_and_keeps_the_counts_that_still_hold(tmp_path: Path) -> None:
    generation = Generation(tmp_path / "g", HEAP)
    for step in range(7):
        generation.insert([document(step)])
        generation.commit(step + 1)
    reader = generation.reader()
    assert reader.searcher().num_segments == 7
    assert reader.view().count("body_en", "word0") == 1
    kept = reader.view().entries
    reader.reload()
    assert reader.view().entries is kept
    generation.insert([document(7)])
    generation.commit(8)
    wait_until(lambda: len(reader.segments()) == 1, what="the merge")
    reader.reload()
    assert reader.searcher().num_segments == 1
    assert reader.view().entries == {}
    assert shown(reader) == {f"record-{n}" for n in range(8)}
    generation.close()


def test_a_folder_without_an_index_has_no_documents_and_cannot_be_read(tmp_path: Path) -> None:
    generation = Generation(tmp_path / "g", HEAP)
    generation.insert([document(1)])
    generation.commit(1)
    generation.close()
    assert generation.documents == 1
    (tmp_path / "g" / "meta.json").write_bytes(b"{")
    assert generation.documents == 0
    with pytest.raises(ValueError, match="."):
        IndexReader(tmp_path / "g")
    with pytest.raises((OSError, ValueError)):
        IndexReader(tmp_path / "none")
    assert not (tmp_path / "none").exists(), "reading makes no index"
