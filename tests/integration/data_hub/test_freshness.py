"""A source that stopped: the lists that show what it gave say so, no others, and coverage says which source it is."""

from __future__ import annotations

from typing import Any

from sqlalchemy import text

from .conftest import Hub, ballot, bill, both_servers, membership, person, vote
from .places import load_members, load_places

FEDERAL = "ocd-jurisdiction/country:ca/legislature"
ONTARIO = "ocd-jurisdiction/country:ca/province:on/legislature"


def stop(hub: Hub, hours: int, jurisdiction: str, source_id: str = "test") -> None:
    """Let a source have been read last so many hours ago."""
    with hub.resources.engine.begin() as connection:
        connection.execute(
            text(
                "UPDATE data.freshness SET seen_at = now() - make_interval(hours => :hours)"
                " WHERE jurisdiction = :jurisdiction AND source_id = :source_id"
            ),
            {"hours": hours, "jurisdiction": jurisdiction, "source_id": source_id},
        )


def fresh(hub: Hub, path: str, **params: Any) -> dict[str, Any]:
    found: dict[str, Any] = hub.get(f"/api/v1/{path}", **params)["meta"]["freshness"]
    return found


@both_servers
def test_a_list_is_stale_where_what_it_shows_is(hub: Hub) -> None:
    hub.load("bill", bill("C-1"), bill("C-2"))
    hub.load("bill", bill("B-1", "44-1", jurisdiction=ONTARIO, latest_activity_on="2020-01-01"))
    assert not fresh(hub, "bills")["stale"]
    stop(hub, 27, ONTARIO)  # bills are promised every 26 hours
    federal, ontario = (fresh(hub, "bills", jurisdiction=home) for home in (FEDERAL, ONTARIO))
    assert (federal["stale"], ontario["stale"]) == (False, True)
    assert ontario["as_of"] < federal["as_of"]
    # By what is on the page, however it was asked for.
    assert not fresh(hub, "bills", session="45-1")["stale"]
    assert fresh(hub, "bills", session="44-1") == ontario
    assert fresh(hub, "bills")["stale"]
    assert not fresh(hub, "bills", limit=2)["stale"]
    assert fresh(hub, "bills", jurisdiction__in=f"{FEDERAL},{ONTARIO}", limit=1)["stale"]
    # An empty list of a jurisdiction is as stale as its source.
    assert fresh(hub, "bills", jurisdiction=ONTARIO, session="1-1")["stale"]
    stop(hub, 25, ONTARIO)
    assert not fresh(hub, "bills", jurisdiction=ONTARIO)["stale"]
    stop(hub, 27, ONTARIO)
    hub.load("bill", bill("B-1", "44-1", jurisdiction=ONTARIO, latest_activity_on="2020-01-01"))
    assert not fresh(hub, "bills", jurisdiction=ONTARIO)["stale"], "read again, though nothing changed"


def test_records_that_leave_out_where_they_belong_renew_it_as_well(hub: Hub) -> None:
    records = bill("C-1"), bill("C-2")
    for record in records:
        assert "jurisdiction" not in record
    hub.load("bill", *records)
    stop(hub, 27, FEDERAL)
    assert fresh(hub, "bills")["stale"]
    hub.load("bill", *records)
    assert not fresh(hub, "bills")["stale"], "read again, though nothing changed"


def test_a_file_of_a_stale_list_says_so_in_its_headers(hub: Hub) -> None:
    hub.load("bill", bill("C-1"))
    for hours, said in ((1, "false"), (27, "true")):
        stop(hub, hours, FEDERAL)
        for limit in ("50", "all"):
            answer = hub.http.get("/api/v1/bills", params={"format": "csv", "limit": limit})
            assert answer.headers["x-stale"] == said
            assert answer.headers["x-as-of"]


def test_ballots_are_as_fresh_as_their_votes(hub: Hub) -> None:
    hub.load("vote_event", vote(1, [ballot(1)]))
    hub.load("vote_event", {**vote(2, [ballot(2)]), "key": "ca-on/vote/2", "jurisdiction": ONTARIO})
    stop(hub, 27, ONTARIO)
    assert fresh(hub, "ballots")["stale"]
    assert not fresh(hub, "ballots", person="ca/house/person/1")["stale"]
    assert fresh(hub, "ballots", person="ca/house/person/2")["stale"]


def test_coverage_names_the_source_that_stopped(hub: Hub) -> None:
    hub.load("person", person(1), source_id="members")
    hub.load("person", person(1, jurisdiction=FEDERAL), source_id="contacts")
    stop(hub, 100, FEDERAL, "members")
    coverage = hub.get("/api/v1/coverage")
    [people] = [row for row in coverage["data"] if row["type"] == "person"]
    assert people["sources"] == ["contacts", "members"]
    assert [(one["source_id"], one["stale"]) for one in people["readings"]] == [
        ("contacts", False),
        ("members", True),
    ]
    # One of them was read in time, and it names the same people.
    assert (people["stale"], coverage["meta"]["stale"]) == (False, 0)
    assert people["as_of"] == people["readings"][0]["as_of"]
    stop(hub, 51, FEDERAL, "contacts")
    coverage = hub.get("/api/v1/coverage")
    assert (
        coverage["data"][0]["stale"],
        coverage["meta"]["stale"],
        coverage["data"][0]["promise_hours"],
    ) == (True, 1, 50)


def test_who_represents_a_place_is_as_fresh_as_the_bodies_they_sit_in(hub: Hub) -> None:
    load_places(hub)
    load_members(hub)
    hub.load("person", person(9, "Somebody Else", jurisdiction=ONTARIO))
    hub.load(
        "membership",
        membership(9, key="ca-on/seat/9", organization_key="ca-on/legislature", jurisdiction=ONTARIO),
    )
    stop(hub, 100, ONTARIO)
    points = ("45.05,-75.95", "45.25,-75.25")  # where somebody sits, and where nobody does
    for hours, is_stale in ((1, False), (100, True)):
        stop(hub, hours, FEDERAL)
        for point in points:
            found = hub.get("/api/v1/representatives", point=point)["meta"]["freshness"]
            assert found["stale"] == is_stale, (point, hours)
