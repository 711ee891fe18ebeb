"""What records carry along has an end on a page, and a page that would pass it says so: none is cut without a word."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from hubs.data_hub.database.service import including

from .conftest import Hub, ballot, both_servers, membership, person, vote


@both_servers
def test_more_ballots_than_a_page_carries_are_refused_with_a_limit_that_works(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(including, "MAX_BALLOTS", 10)
    hub.load("vote_event", *[vote(n, [ballot(k) for k in range(1, 5)]) for n in range(1, 7)])
    said = hub.get("/api/v1/votes", 422, include="ballots")["detail"]
    assert said == "include: these votes have 24 ballots, too many for a page; take limit=2"
    seen: list[int] = []
    path: str | None = "/api/v1/votes?include=ballots&limit=2"
    while path:
        page = hub.get(path)
        seen += [len(one["ballots"]) for one in page["data"]]
        path = page["next"]
    assert seen == [4] * 6
    assert len(hub.get("/api/v1/votes", limit=500)["data"]) == 6
    # A single vote is shown whole, however many sit in its house.
    monkeypatch.setattr(including, "MAX_BALLOTS", 3)
    assert len(hub.get("/api/v1/votes/45-1-1")["ballots"]) == 4
    assert len(hub.get("/api/v1/votes", include="ballots", limit=1)["data"][0]["ballots"]) == 4


def test_related_records_that_would_be_cut_are_refused_in_lists(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    seats = including._INCLUDES["person", "memberships"]
    monkeypatch.setitem(including._INCLUDES, ("person", "memberships"), replace(seats, most=4))
    hub.load("person", person(1), person(2, "Anita Anand"))
    hub.load("membership", *[membership(n, start=f"20{year}-01-01") for n in (1, 2) for year in (10, 14, 18)])
    assert "smaller limit" in hub.get("/api/v1/people", 422, include="memberships")["detail"]
    for one in hub.get("/api/v1/people", include="memberships", limit=1)["data"]:
        assert len(one["memberships"]) == 3
    hub.load("membership", *[membership(1, start=f"20{year}-01-01") for year in (19, 20, 21)])
    newest = hub.get("/api/v1/people/ca/house/person/1")["memberships"]
    assert [seat["start_date"][:4] for seat in newest] == ["2021", "2020", "2019", "2018"]


def test_a_whole_listing_carries_along_what_its_records_have(hub: Hub) -> None:
    hub.load("vote_event", *[vote(n, [ballot(k) for k in range(1, 4)]) for n in range(1, 121)])
    with hub.queries() as seen:
        answer = hub.http.get("/api/v1/votes?include=ballots&format=ndjson&limit=all")
    votes = [json.loads(line) for line in answer.text.splitlines()]
    assert [len(one["ballots"]) for one in votes] == [3] * 120
    # In pages of 50, not of 500: the ballots of three hundred members each weigh more than the votes.
    assert sum("FROM data.ballot" in one for one in seen) == 3
