"""The cache for other hubs: with Redis, without it, and when it goes away."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from shared.testing.databases import FreshDatabase
from shared.testing.servers import RealRedis

from .conftest import Hub, running


def put(hub: Hub, path: str, body: Any, status: int = 200) -> Any:
    answer = hub.http.put(f"/api/v1/cache/{path}", json=body, headers=hub.headers())
    assert answer.status_code == status, answer.text
    return answer.json()


def get(hub: Hub, path: str, status: int = 200) -> Any:
    answer = hub.http.get(f"/api/v1/cache/{path}", headers=hub.headers("data:read"))
    assert answer.status_code == status, answer.text
    return answer.json()


@pytest.mark.parametrize("backend", ["memory", "redis"])
def test_values_are_kept_per_namespace_until_they_run_out(
    database: FreshDatabase, tmp_path: Path, backend: str, request: pytest.FixtureRequest
) -> None:
    changes = {}
    if backend == "redis":
        server: RealRedis = request.getfixturevalue("redis_server")
        changes = {"redis": {"url": server.url}}
    with running(database, tmp_path, **changes) as hub:
        assert put(hub, "charts/bills/45-1", {"value": {"a": [1, 2.5, None]}, "ttl_s": 60}) == {"kept": True}
        found = get(hub, "charts/bills/45-1")
        assert found["value"] == {"a": [1, 2.5, None]}
        assert 0 < found["ttl_s"] <= 60
        get(hub, "other/bills/45-1", 404)
        put(hub, "charts/short", {"value": 1, "ttl_s": 0.05})
        time.sleep(0.2)
        get(hub, "charts/short", 404)
        put(hub, "charts/null", {"value": None})
        assert get(hub, "charts/null")["value"] is None
        state = get(hub, "charts")
        assert (state["backend"], state["is_available"], state["sets"]) == (backend, True, 3)
        assert state["hits"] >= 2
        assert {one["namespace"] for one in get(hub, "")} >= {"charts", "other"}
        removed = hub.http.delete("/api/v1/cache/charts/null", headers=hub.headers()).json()
        assert removed == {"removed": True}
        assert hub.http.delete("/api/v1/cache/charts", headers=hub.headers()).json()["removed"] == 1


def test_without_redis_it_is_slower_and_never_fails(database: FreshDatabase, tmp_path: Path) -> None:
    with running(database, tmp_path, redis={"url": "redis://127.0.0.1:9/0"}) as hub:
        assert put(hub, "charts/a", {"value": 1}) == {"kept": False}
        get(hub, "charts/a", 404)
        state = get(hub, "charts")
        assert (state["is_available"], state["entries"]) == (False, None)
        assert state["errors"] >= 1
        assert hub.get("/api/v1/bills")["data"] == []


def test_bad_names_and_sizes_and_callers_are_refused(hub: Hub) -> None:
    put(hub, "a b/x", {"value": 1}, 422)
    put(hub, "x/" + "k" * 501, {"value": 1}, 422)
    put(hub, "x/k", {"value": "v" * 1_000_001}, 413)
    put(hub, "x/k", {"value": 1, "ttl_s": 0}, 422)
    put(hub, "x/k", {"value": 1, "colour": "red"}, 422)
    assert hub.http.get("/api/v1/cache/x/k").status_code == 401
    assert (
        hub.http.put("/api/v1/cache/x/k", json={"value": 1}, headers=hub.headers("data:read")).status_code
        == 403
    )
