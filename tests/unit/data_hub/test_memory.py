"""Mapped pages go back to the system, and nothing but they."""

from __future__ import annotations

import mmap
import re
import threading
from pathlib import Path
from typing import Any

import pytest
import tantivy

from hubs.data_hub.memory import let_go, mapped_ranges, resident_bytes
from hubs.data_hub.search import engine
from hubs.data_hub.search.engine import _NUMBERS, _TEXT_FIELDS, Generation
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
    fields: dict[str, Any] = dict.fromkeys(_TEXT_FIELDS, "") | dict.fromkeys(_NUMBERS, number)
    return fields | {"id": f"record-{number}", "body_en": words, "weight": 1.0, "card": b"{}"}


def shown(generation: Generation) -> set[str]:
    """Return the ids of all documents, each read from the store."""
    searcher = generation.searcher()
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
    assert len(shown(generation)) == 4_000
    assert resident_kib(".store", tmp_path) > 1_000
    generation.let_go()
    assert (
        resident_kib(".store", tmp_path)
        == resident_kib(".idx", tmp_path)
        == resident_kib(".pos", tmp_path)
        == 0
    )
    assert len(shown(generation)) == 4_000
    for _ in range(8):
        generation.searcher()
    assert resident_kib(".store", tmp_path) > 0, "what is within the limit stays"
    # Less than anything: the system counts some pages late.
    monkeypatch.setattr(engine, "MAPPED_BYTES", -(2**30))
    generation.let_go()
    assert len(shown(generation)) == 4_000
    for _ in range(8):
        generation.searcher()
    assert resident_kib(".store", tmp_path) == 0
    generation.close()


def test_where_the_system_does_not_tell_what_is_resident_nothing_is(tmp_path: Path) -> None:
    assert resident_bytes(tmp_path / "none") == 0
    assert resident_bytes() > 1_000_000


def test_letting_go_while_segments_come_merge_and_vanish_loses_nothing(tmp_path: Path) -> None:
    generation = Generation(tmp_path / "g", HEAP)
    is_over = threading.Event()
    rounds = 0

    def release() -> None:
        nonlocal rounds
        while not is_over.is_set():
            generation.let_go()
            rounds += 1

    thread = threading.Thread(target=release)
    thread.start()
    try:
        for step in range(30):
            generation.add(document(n) for n in range(step * 40, step * 40 + 80))
            generation.commit(step + 1)
            assert shown(generation) == {f"record-{n}" for n in range(step * 40 + 80)}
    finally:
        is_over.set()
        thread.join()
    assert rounds > 30
    generation.close()
    assert shown(Generation(tmp_path / "g", HEAP)) == {f"record-{n}" for n in range(29 * 40 + 80)}


def test_searches_use_what_merges_have_made_without_waiting_for_the_next_change(tmp_path: Path) -> None:
    generation = Generation(tmp_path / "g", HEAP)
    for step in range(8):
        generation.insert([document(step)])
        generation.commit(step + 1)
    wait_until(lambda: len(generation._segments()) == 1, what="the merge")
    generation.refresh()
    assert generation.searcher().num_segments == 1
    assert shown(generation) == {f"record-{n}" for n in range(8)}
    before = generation._held
    generation.refresh()
    assert generation._held is before
    generation.close()
