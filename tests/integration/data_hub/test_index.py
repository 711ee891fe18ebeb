"""The index itself: it catches up, is built again when lost, and is compared with the record."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

import pytest

from hubs.data_hub.database.service.feeding import FeedingService
from hubs.data_hub.search.documents import index_fields
from hubs.data_hub.search.keeper import IndexKeeper
from shared.core.ids import new_id
from shared.testing.databases import FreshDatabase

from .conftest import Hub, bill, running
from .test_search import fill, hits


def test_the_index_catches_up_at_start_and_is_not_built_again(
    database: FreshDatabase, tmp_path: Path
) -> None:
    with running(database, tmp_path) as hub:
        fill(hub)
        hub.search("farmers")
    with running(database, tmp_path / "other") as hub:
        hub.load("bill", bill("C-77", title_en="An Act about lighthouses"))
    with running(database, tmp_path) as hub:
        assert hits(hub.search("lighthouse")) == ["ca/bill/45-1/c-77"]
        assert hub.resources.get(IndexKeeper).state.rebuilds == 0


def test_a_lost_or_damaged_index_is_built_again(database: FreshDatabase, tmp_path: Path) -> None:
    with running(database, tmp_path) as hub:
        fill(hub)
        expected = hub.search("")["meta"]["total"]
    folder = tmp_path / "search"
    for damage in ("lost", "cut", "garbled", "pointer"):
        [generation] = folder.glob("g-*")
        if damage == "lost":
            shutil.rmtree(folder)
        elif damage == "cut":
            for path in [*generation.glob("*.store"), *generation.glob("*.term")]:
                path.write_bytes(path.read_bytes()[:10])
        elif damage == "garbled":
            (generation / "meta.json").write_text("{")
        else:
            (folder / "current.json").write_text("not json")
        with running(database, tmp_path) as hub:
            assert hub.search("")["meta"]["total"] == expected, damage
            assert hub.resources.get(IndexKeeper).state.rebuilds == 1, damage


def test_a_rebuild_goes_on_beside_searches_that_are_answered(hub: Hub) -> None:
    fill(hub)
    before = hub.search("farmers")
    rebuilds = hub.get("/api/v1/search/index")["rebuilds"]
    answer = hub.http.post("/api/v1/search/index/rebuild", headers=hub.headers())
    assert answer.status_code == 202
    deadline = time.monotonic() + 30
    while hub.get("/api/v1/search/index")["rebuilds"] == rebuilds and time.monotonic() < deadline:
        assert hits(hub.get("/api/v1/search", q="farmers")) == hits(before)
        time.sleep(0.05)
    state = hub.get("/api/v1/search/index")
    assert (state["rebuilds"], state["indexed"]) == (rebuilds + 1, hub.get("/api/v1/search")["meta"]["total"])
    assert hits(hub.search("farmers")) == hits(before)


def test_without_an_index_search_says_503_with_progress_and_all_else_works(hub: Hub, tmp_path: Path) -> None:
    hub.load("bill", bill())
    feeding, keeper = hub.resources.get(FeedingService), hub.resources.get(IndexKeeper)
    hub.resources.put(
        IndexKeeper(tmp_path / "not built yet", 15_000_000, feeding, lambda: pytest.fail("never started"))
    )
    try:
        answer = hub.http.get("/api/v1/search", params={"q": "border"})
        assert answer.status_code == 503
        assert answer.json()["type"] == "urn:openpolicy:problem:index-not-ready"
        assert answer.json()["progress"] == 0
        assert hub.get("/api/v1/search/index")["status"] == "building"
        assert hub.get("/api/v1/bills")["data"]
    finally:
        hub.resources.put(keeper)


def test_a_check_finds_what_the_index_lacks_has_too_much_and_has_wrong(hub: Hub) -> None:
    fill(hub)
    hub.search("farmers")
    headers = hub.headers("data:read")

    def check(**params: object) -> dict:
        return hub.http.get("/api/v1/search/index/check", params=params, headers=headers).json()

    assert check(by_content=True)["is_equal"] is True
    feeding = hub.resources.get(FeedingService)
    bills = {feed.row["facts"]["number"]: index_fields(feed) for feed in feeding.scan("bill", None, 100)}
    generation = hub.resources.get(IndexKeeper).generation()
    generation.remove([bills["C-2"]["id"]])
    generation.add([{**bills["C-12"], "title_en": "Some other Act"}])
    generation.commit(generation.position)
    report = check()
    assert (report["is_equal"], report["missing"]) == (False, [bills["C-2"]["id"]])
    assert report["expected"] == report["indexed"] + 1
    assert report["differing"] == []
    assert check(by_content=True)["differing"] == [bills["C-12"]["id"]]
    stray = str(new_id())
    generation.add([bills["C-2"], bills["C-12"], {**bills["C-2"], "id": stray}])
    generation.commit(generation.position)
    report = check(by_content=True)
    assert (report["is_equal"], report["missing"], report["extra"], report["differing"]) == (
        False,
        [],
        [stray],
        [],
    )


def test_the_state_of_the_index_is_among_the_metrics(hub: Hub) -> None:
    fill(hub)
    hub.search("farmers")
    metrics = hub.http.get("/metrics").text
    assert "data_index_documents 8.0" in metrics
    assert "data_index_building 0.0" in metrics
