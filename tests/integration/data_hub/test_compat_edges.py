"""The facades at their edges: every filter with every suffix, pages to the last one, and how a refusal looks."""

from __future__ import annotations

from typing import Any, get_args

import pytest

from hubs.data_hub.compat.schemas import Operator
from hubs.data_hub.compat.service import openparliament as facade
from hubs.data_hub.compat.service.represent import BOUNDARY_FILTERS, REPRESENTATIVE_FILTERS, SET_FILTERS
from hubs.data_hub.geography import service as geography

from .conftest import Hub
from .places import SET, load_places
from .test_compat import OP, OS, REP, parliament
from .test_compat_clients import legislatures

VALUES = ("1", "2013-01-01", "true", "x", "1,2", "2013-01-01,2014-01-01", "/bills/45-1/C-2/", "%", "")
FILTERS: dict[str, Any] = {
    f"{OP}/bills/": facade.BILL_FILTERS,
    f"{OP}/votes/": facade.VOTE_FILTERS,
    f"{OP}/politicians/": facade.POLITICIAN_FILTERS,
    f"{OP}/speeches/": facade.SPEECH_FILTERS,
    f"{OP}/debates/": facade.DEBATE_FILTERS,
    f"{OP}/committees/meetings/": facade.MEETING_FILTERS,
    f"{REP}/representatives/": REPRESENTATIVE_FILTERS,
    f"{REP}/boundaries/": BOUNDARY_FILTERS,
    f"{REP}/boundary-sets/": SET_FILTERS,
}


@pytest.mark.parametrize("path", FILTERS)
def test_every_filter_with_every_suffix_finds_or_refuses_and_never_breaks(hub: Hub, path: str) -> None:
    (parliament if OP in path else legislatures)(hub)
    answered = 0
    for name in FILTERS[path]:
        for suffix in ("", *get_args(Operator), "regex", "year"):
            for value in VALUES:
                asked = f"{name}__{suffix}" if suffix else name
                answer = hub.http.get(path, params={asked: value})
                assert answer.status_code in (200, 400, 404), (asked, value, answer.text)
                answered += answer.status_code == 200
    assert answered > len(FILTERS[path]) * len(VALUES)


def crawl(hub: Hub, prefix: str, path: str) -> list[Any]:
    """Follow `next` as a client does, from the first page to the last."""
    found: list[Any] = []
    following: str | None = path
    while following:
        page = hub.get(f"{prefix}{following}")
        found += page["objects"]
        meta = page.get("meta") or page["pagination"]
        following = meta["next"] if "meta" in page else meta["next_url"]
        assert len(found) <= 100, "the listing has no end"
    return found


@pytest.mark.parametrize("prefix", [OP, REP])
def test_a_client_that_follows_next_sees_each_object_once(hub: Hub, prefix: str) -> None:
    (parliament if prefix == OP else legislatures)(hub)
    paths = {
        OP: (
            "bills",
            "votes",
            "politicians",
            "politicians/memberships",
            "speeches",
            "debates",
            "votes/ballots",
        ),
        REP: ("representatives", "representative-sets", "boundaries", "boundary-sets"),
    }
    for path in paths[prefix]:
        whole = hub.get(f"{prefix}/{path}/", limit=500)["objects"]
        assert whole, path
        assert crawl(hub, prefix, f"/{path}/?limit=1") == whole, path


def test_open_states_pages_end_as_theirs(hub: Hub) -> None:
    parliament(hub)
    first = hub.get(f"{OS}/bills", jurisdiction="ca", per_page=1)
    pages = first["pagination"]["max_page"]
    seen = [
        one["id"]
        for n in range(1, pages + 1)
        for one in hub.get(f"{OS}/bills", jurisdiction="ca", per_page=1, page=n)["results"]
    ]
    assert len(set(seen)) == len(seen) == first["pagination"]["total_items"]
    beyond = hub.get(f"{OS}/bills", 404, jurisdiction="ca", per_page=1, page=pages + 1)
    assert beyond["detail"] == f"invalid page, must be in [1, {pages}]"
    assert hub.get(f"{OS}/bills", 400, jurisdiction="ca", per_page=21)["detail"]


def test_versions_heads_and_origins_are_answered_as_the_clients_expect(hub: Hub) -> None:
    parliament(hub)
    for path in (f"{OP}/votes/", f"{REP}/boundary-sets/", f"{OS}/jurisdictions"):
        answer = hub.http.get(path, headers={"Origin": "https://example.org"})
        assert answer.headers["access-control-allow-origin"] == "*"
        head = hub.http.head(path)
        assert (head.status_code, head.content) == (200, b"")
        assert head.headers["content-length"] == str(len(answer.content))
    versioned = hub.http.get(f"{OP}/votes/", params={"version": "v1"}, headers={"API-Version": "v1"})
    assert (versioned.status_code, versioned.headers["api-version"]) == (200, "v1")
    # Clients of openparliament ask for a vote's ballots in each of these ways.
    url = hub.get(f"{OP}/votes/ballots/")["objects"][0]["vote_url"]
    names = (url, url.removeprefix("/votes"), url.removeprefix("/votes").rstrip("/"))
    ballots = [hub.get(f"{OP}/votes/ballots/", vote=name, limit=500)["objects"] for name in names]
    assert ballots[0]
    assert ballots[0] == ballots[1] == ballots[2]
    day = hub.get(f"{OP}/votes/")["objects"][0]["date"]
    assert hub.get(f"{OP}/votes/", date__range=f"{day},{day}")["objects"]
    assert not hub.get(f"{OP}/votes/", date__range="1900-01-01,1900-12-31")["objects"]
    assert hub.get(f"{OP}/votes/", no_such_filter="x")["objects"]


def test_shapes_that_are_too_large_together_are_refused_and_smaller_ones_come(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    load_places(hub)
    path = f"{REP}/boundaries/{SET}/shape"
    whole = hub.get(path)["objects"]
    assert {one["name"]: one["shape"] for one in whole} == {
        one["name"]: hub.get(f"{REP}{one['url']}shape")
        for one in hub.get(f"{REP}/boundaries/{SET}/")["objects"]
    }
    monkeypatch.setattr(geography, "MAX_SHAPES_BYTES", 120)
    assert "simple_shape" in hub.get(path, 403)["detail"]
    one = hub.get(path, name="Ottawa Centre")["objects"]
    assert one == [shape for shape in whole if shape["name"] == "Ottawa Centre"]
    assert len(hub.get(f"{REP}/boundaries/{SET}/centroid")["objects"]) == 2
