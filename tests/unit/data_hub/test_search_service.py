"""One search in its process: facets counted beside the hits, and what happens when one of both fails."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest

from hubs.data_hub.search import service as module
from hubs.data_hub.search.engine import NUMBERS, TEXT_FIELDS, IndexReader
from hubs.data_hub.search.generation import Generation
from hubs.data_hub.search.querying import Filters
from hubs.data_hub.search.service import MANY_POSTINGS, SearchService
from hubs.data_hub.search.wire import Found, IndexState, SearchRequest

STATE = IndexState("g", 1, is_rebuilding=False)
COUNT = MANY_POSTINGS + 100


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("index") / "g"
    generation = Generation(path, 15_000_000)
    empty: dict[str, Any] = dict.fromkeys(TEXT_FIELDS, "") | dict.fromkeys(NUMBERS, 20_250_101)
    generation.insert(
        empty
        | {
            "id": str(n), "body_en": "harvest", "type": ("bill", "speech", "vote")[n % 3], "party": f"party {n % 2}",
            "year": 2_000 + n % 4, "weight": 1.0, "card": b"{}",
        }
        for n in range(COUNT)
    )  # fmt: skip
    generation.commit(1)
    generation.close()
    return path


@pytest.fixture
def service(folder: Path) -> SearchService:
    return SearchService(IndexReader(folder))


def search(service: SearchService, **more: Any) -> tuple[Found, dict[str, Any]]:
    found = service.search(SearchRequest("harvest", Filters()), STATE, **more)
    return found, orjson.loads(found.meta)


def test_facets_are_the_same_wherever_they_are_counted(service: SearchService) -> None:
    _, here = search(service)
    for _ in range(3):
        found, beside = search(service, is_alone=True)
        assert beside["facets"] == here["facets"]
    assert service._beside is not None
    assert {entry["value"]: entry["count"] for entry in here["facets"]["type"]} == {
        "bill": 367, "speech": 367, "vote": 366,
    }  # fmt: skip
    assert [entry["value"] for entry in here["facets"]["year"]] == [2_000, 2_001, 2_002, 2_003]
    assert sum(entry["count"] for entry in here["facets"]["party"]) == found.total == COUNT


def test_without_a_processor_to_spare_no_thread_is_made(service: SearchService) -> None:
    search(service)
    assert service._beside is None


def test_what_goes_wrong_beside_is_the_searchs_own_failure(
    service: SearchService, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, before = search(service, is_alone=True)

    def broken(*_: Any) -> Any:
        raise ValueError("a damaged column")

    with monkeypatch.context() as patch:
        patch.setattr(module, "_facets", broken)
        with pytest.raises(ValueError, match="a damaged column"):
            search(service, is_alone=True)
    assert search(service, is_alone=True)[1]["facets"] == before["facets"]


def test_a_search_that_fails_leaves_nothing_to_the_next(
    service: SearchService, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> Any:
        raise OSError("a damaged document")

    with monkeypatch.context() as patch:
        patch.setattr(SearchService, "_hits", broken)
        with pytest.raises(OSError, match="a damaged document"):
            search(service, is_alone=True)
    found = service.search(SearchRequest("harvest", Filters(types=("bill",))), STATE, is_alone=True)
    assert orjson.loads(found.meta)["facets"]["type"] == [{"value": "bill", "count": 367}]
