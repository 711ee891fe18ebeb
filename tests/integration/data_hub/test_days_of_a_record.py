"""What the record says of a day, and what it said at a moment: a member's seats, a merge, a correction, a loss, a law."""

from __future__ import annotations

import time
from typing import Any

import pytest

from shared.core.clock import utc_now
from shared.core.ids import new_id

from .conftest import Hub, ballot, bill, both_servers, membership, person, vote

Moments = dict[str, str]
SEATS = (
    membership(1, "Conservative", "2019-10-21", end_date="2021-06-09"),
    membership(1, "Liberal", "2021-06-10"),
    membership(2, "NDP", "2015-10-19", end_date="2019-10-20"),
)


def moment() -> str:
    """Return a moment between what was done and what will be."""
    time.sleep(0.01)
    now = utc_now().isoformat().replace("+00:00", "Z")
    time.sleep(0.01)
    return now


def post(hub: Hub, path: str, body: Any, status: int = 200) -> None:
    answer = hub.http.post(path, json=body, headers=hub.headers("data:*"))
    assert answer.status_code == status, answer.text


def history(hub: Hub) -> tuple[str, str, Moments]:
    """Live through all that can happen to two people and a bill; return the people and the moments between."""
    moments: Moments = {"before": moment()}
    hub.load("person", person(1), person(2, "Ruby Sahota-Smith"))
    hub.load("membership", *SEATS)
    hub.load("bill", bill("C-2"))
    hub.load("vote_event", vote(1, [ballot(1, "no")], bill_key="ca/bill/45-1/c-2"))
    moments["loaded"] = moment()
    first, second = (hub.get(f"/api/v1/people/ca/house/person/{n}")["id"] for n in (1, 2))
    by_hand = {"collection": "people", "item": first, "field": "gender", "value": "F", "reason": "asked her"}
    post(hub, "/api/v1/corrections", by_hand, 201)
    moments["corrected"] = moment()
    post(hub, f"/api/v1/people/{second}/merge", {"into": first, "reason": "one and the same"})
    moments["merged"] = moment()
    hub.load("person", person(1, gender="M"))  # the field is locked: this changes nothing
    moments["locked"] = moment()
    post(hub, f"/api/v1/people/{second}/unmerge", {"reason": "sisters"})
    moments["unmerged"] = moment()
    run = new_id()
    hub.load("person", person(2, "Ruby Sahota-Smith"), run_id=run)
    assert hub.close(run, ("person", "ca/house/person/")) == {"person": 1}
    moments["lost"] = moment()
    hub.load("person", person(1))
    moments["found"] = moment()
    hub.load("bill", bill("C-2", royal_assent_on="2025-06-26", status_code="RoyalAssentGiven"))
    hub.load("vote_event", vote(1, [ballot(1, "yes")], bill_key="ca/bill/45-1/c-2"))
    hub.load("membership", {**SEATS[1], "party": "Independent"})
    moments["law"] = moment()
    return first, second, moments


def said(record: Any) -> tuple[str, str, list[str]]:
    return record["name"], record["gender"], [seat["party"] for seat in record["memberships"]]


BOTH = ["Liberal", "Conservative"]
FIRST: dict[str, tuple[str, str, list[str]] | None] = {
    "before": None,
    "loaded": ("Ruby Sahota", "", BOTH),
    "corrected": ("Ruby Sahota", "F", BOTH),
    "merged": ("Ruby Sahota", "F", [*BOTH, "NDP"]),
    "locked": ("Ruby Sahota", "F", [*BOTH, "NDP"]),
    "unmerged": ("Ruby Sahota", "F", BOTH),
    "lost": None,
    "found": ("Ruby Sahota", "F", BOTH),
    "law": ("Ruby Sahota", "F", ["Independent", "Conservative"]),
}
ALONE = ("Ruby Sahota-Smith", "", ["NDP"])


@both_servers
def test_each_moment_is_told_as_it_was_then(hub: Hub) -> None:
    first, second, moments = history(hub)
    for name, at in moments.items():
        in_list = {
            one["id"]: one for one in hub.get("/api/v1/people", recorded_at=at, include="memberships")["data"]
        }
        expected = FIRST[name]
        if expected is None:
            hub.get(f"/api/v1/people/{first}", 404, recorded_at=at)
            assert first not in in_list, name
        else:
            assert said(hub.get(f"/api/v1/people/{first}", recorded_at=at)) == expected, name
            assert said(in_list[first]) == expected, name
        if name == "before":
            hub.get(f"/api/v1/people/{second}", 404, recorded_at=at)
        elif name in ("merged", "locked"):
            answer = hub.http.get(
                f"/api/v1/people/{second}", params={"recorded_at": at}, follow_redirects=False
            )
            assert answer.status_code == 308, name
            assert said(hub.http.get(answer.headers["location"]).json()) == expected, name
            assert second not in in_list, name
        else:
            assert said(hub.get(f"/api/v1/people/{second}", recorded_at=at)) == ALONE, name
            assert said(in_list[second]) == ALONE, name


def test_a_time_of_change_is_that_of_what_was_said_then(hub: Hub) -> None:
    first, _, moments = history(hub)

    def changed(at: str) -> str:
        found: str = hub.get(f"/api/v1/people/{first}", recorded_at=moments[at])["updated_at"]
        return found

    assert changed("loaded") < moments["loaded"] < changed("corrected") < moments["corrected"]
    # A merge says nothing else of her.
    assert changed("merged") == changed("unmerged") == changed("corrected")
    assert moments["lost"] < changed("found") < moments["found"]


def test_a_bill_its_votes_and_their_ballots_are_those_of_the_moment(hub: Hub) -> None:
    _, _, moments = history(hub)
    for at, is_law, status, option in (("loaded", False, "", "no"), ("law", True, "RoyalAssentGiven", "yes")):
        params = {"recorded_at": moments[at]}
        one = hub.get("/api/v1/bills/45-1-c-2", **params)
        [listed] = hub.get("/api/v1/bills", include="votes", **params)["data"]
        for shown in (one, listed):
            assert (shown["is_law"], shown["status_code"], len(shown["votes"])) == (is_law, status, 1), at
        [in_vote] = hub.get("/api/v1/votes/45-1-1", **params)["ballots"]
        [in_list] = hub.get("/api/v1/votes", include="ballots", **params)["data"][0]["ballots"]
        assert in_vote["option"] == in_list["option"] == option
        assert in_vote["person_url"] == in_list["person_url"] is not None
    early = hub.get("/api/v1/bills", recorded_at=moments["before"])["data"]
    assert early == []
    seats = hub.get("/api/v1/memberships", recorded_at=moments["loaded"], include="person")["data"]
    assert {(one["party"], one["person"]["gender"]) for one in seats} == {
        ("Conservative", ""), ("Liberal", ""), ("NDP", ""),
    }  # fmt: skip


@pytest.mark.parametrize("name", ["recent", "merged"])
def test_what_is_known_of_the_present_alone_is_refused_of_the_past(hub: Hub, name: str) -> None:
    first, _, moments = history(hub)
    hub.get(f"/api/v1/people/{first}", 422, include=name, recorded_at=moments["loaded"])
    hub.get(f"/api/v1/people/{first}", include=name)


@both_servers
def test_each_day_has_its_party_whoever_is_merged_with_whom(hub: Hub) -> None:
    first, second, _ = history(hub)
    days = {
        "2015-10-18": {},
        "2015-10-19": {second: ["NDP"]},
        "2019-10-20": {second: ["NDP"]},
        "2019-10-21": {first: ["Conservative"]},
        "2021-06-09": {first: ["Conservative"]},
        "2021-06-10": {first: ["Independent"]},
    }
    for is_merged in (False, True):
        for day, seats in days.items():
            expected = {first if is_merged else who: parties for who, parties in seats.items()}
            people = hub.get("/api/v1/people", as_of=day, include="memberships")["data"]
            assert {one["id"]: said(one)[2] for one in people} == expected, day
            held = hub.get("/api/v1/memberships", as_of=day)["data"]
            assert {one["person_id"]: [one["party"]] for one in held} == expected, day
            for who, parties in expected.items():
                assert said(hub.get(f"/api/v1/people/{who}", as_of=day))[2] == parties
                [found] = hub.get("/api/v1/people", as_of=day, party=parties[0])["data"]
                assert found["id"] == who
        if not is_merged:
            post(hub, f"/api/v1/people/{second}/merge", {"into": first, "reason": "after all"})
