"""Human decisions: merges that can be taken back, corrections that loads respect, names that get a person."""

from __future__ import annotations

from shared.core.ids import new_id

from .conftest import Hub, ballot, bill, both_servers, membership, person, vote


def post(hub: Hub, path: str, body: dict, status: int = 200) -> dict:
    answer = hub.http.post(path, json=body, headers=hub.headers())
    assert answer.status_code == status, answer.text
    return answer.json()


@both_servers
def test_a_merge_leads_every_name_to_one_person_and_can_be_taken_back(hub: Hub) -> None:
    hub.load("person", person(1, "William Blair"), person(2, "Bill Blair"))
    hub.load("membership", membership(1, start="2015-10-19", end_date="2019-09-11"), membership(2))
    hub.load("vote_event", vote(1, [ballot(1)]), vote(2, [ballot(2, "no")], date="2025-06-20"))
    loser, winner = hub.get("/api/v1/people/william-blair"), hub.get("/api/v1/people/bill-blair")
    post(hub, "/api/v1/people/william-blair/merge", {"into": "bill-blair", "reason": "the same man"})
    for name in (loser["id"], "william-blair", "ca/house/person/1"):
        moved = hub.http.get(f"/api/v1/people/{name}", follow_redirects=False)
        assert (moved.status_code, moved.headers["location"]) == (308, f"/api/v1/people/{winner['id']}")
    assert [p["name"] for p in hub.get("/api/v1/people")["data"]] == ["Bill Blair"]
    one = hub.get("/api/v1/people/bill-blair", include="memberships,merged")
    assert len(one["memberships"]) == 2
    assert [m["slug"] for m in one["merged"]] == ["william-blair"]
    assert [b["vote"]["number"] for b in hub.get("/api/v1/ballots", person="bill-blair")["data"]] == [2, 1]
    assert [b["vote"]["number"] for b in hub.get("/api/v1/ballots", person="william-blair")["data"]] == [2, 1]
    assert hub.get("/api/v1/votes/45-1-1")["ballots"][0]["person_id"] == winner["id"]
    assert [p["name"] for p in hub.get("/api/v1/people", identifier="ourcommons.ca/person:1")["data"]] == [
        "Bill Blair"
    ]
    assert hub.search("William Blair")["meta"]["total"] in (0, 1)

    hub.load("person", person(1, "William S. Blair"), person(2, "Bill Blair", gender="M"))
    assert [p["name"] for p in hub.get("/api/v1/people", identifier="ourcommons.ca/person:1")["data"]] == [
        "Bill Blair"
    ]

    post(hub, f"/api/v1/people/{loser['id']}/unmerge", {"reason": "father and son"})
    assert hub.get(f"/api/v1/people/{loser['id']}")["name"] == "William S. Blair"
    assert hub.get("/api/v1/votes/45-1-1")["ballots"][0]["person_id"] == loser["id"]
    assert len(hub.get("/api/v1/people/bill-blair")["memberships"]) == 1
    assert [p["name"] for p in hub.get("/api/v1/people", identifier="ourcommons.ca/person:1")["data"]] == [
        "William S. Blair"
    ]
    [logged] = hub.get("/api/v1/merges")["data"]
    assert (logged["reason"], logged["undone_reason"]) == ("the same man", "father and son")
    kinds = [c["change"] for c in hub.changes() if c["source_id"] == "curation"]
    assert kinds == ["merge", "merge", "revive", "update"]


def test_merges_that_make_no_sense_are_refused(hub: Hub) -> None:
    hub.load("person", person(1, "A One"), person(2, "B Two"), person(3, "C Three"))
    reason = {"reason": "x"}
    post(hub, "/api/v1/people/a-one/merge", {"into": "a-one", **reason}, 409)
    post(hub, "/api/v1/people/a-one/merge", {"into": "nobody", **reason}, 404)
    post(hub, "/api/v1/people/a-one/merge", {"into": "b-two"}, 422)
    post(hub, "/api/v1/people/a-one/merge", {"into": "b-two", **reason})
    post(hub, f"/api/v1/people/{hub.get('/api/v1/people/c-three')['id']}/unmerge", reason, 409)
    chain = post(hub, "/api/v1/people/b-two/merge", {"into": "c-three", **reason})
    found = hub.http.get("/api/v1/people/a-one", follow_redirects=False)
    assert found.headers["location"] == chain["url"]
    assert hub.http.post("/api/v1/people/a-one/merge", json={"into": "b-two", **reason}).status_code == 401


def test_merge_candidates_come_with_score_and_reasons(hub: Hub) -> None:
    hub.load(
        "person",
        person(1, "Jean Côté"),
        person(2, "Jean Cote"),
        person(3, "Jules Côté"),
        person(4, "Someone Else"),
    )
    hub.load(
        "membership",
        membership(1, area="Laval"),
        membership(2, area="Laval", start="2011-05-02", end_date="2015-01-01"),
    )
    answer = hub.http.get("/api/v1/people/ca%2Fhouse%2Fperson%2F1/merge-candidates", headers=hub.headers())
    if answer.status_code == 404:
        answer = hub.http.get("/api/v1/people/jean-cote/merge-candidates", headers=hub.headers())
    found = answer.json()["data"]
    assert found[0]["key"] in ("ca/house/person/2", "ca/house/person/1")
    assert "the same name" in found[0]["reasons"]
    assert "the same area: Laval" in found[0]["reasons"]
    assert found[0]["score"] > found[1]["score"] > 0
    assert "Someone Else" not in [c["name"] for c in found]


@both_servers
def test_a_corrected_field_survives_loads_until_it_is_withdrawn(hub: Hub) -> None:
    hub.load("bill", bill(status_code="A"))
    made = post(
        hub,
        "/api/v1/corrections",
        {
            "collection": "bills",
            "item": "45-1-c-2",
            "field": "title_en",
            "value": "The right title",
            "reason": "misprint",
        },
        201,
    )
    assert hub.get("/api/v1/bills/45-1-c-2")["title_en"] == "The right title"
    assert hub.load("bill", bill(status_code="A")) == {"unchanged": 1}
    assert hub.load("bill", bill(status_code="B", title_en="A new misprint")) == {"updated": 1}
    found = hub.get("/api/v1/bills/45-1-c-2")
    assert (found["title_en"], found["status_code"]) == ("The right title", "B")
    assert hub.changes()[-1]["fields"] == {"status_code": ["A", "B"]}
    [entry] = hub.get("/api/v1/corrections", collection="bills", item="45-1-c-2")["data"]
    assert (entry["field"], entry["value"], entry["source_value"], entry["reason"]) == (
        "title_en",
        "The right title",
        "A new misprint",
        "misprint",
    )
    assert hub.http.delete(f"/api/v1/corrections/{made['id']}", headers=hub.headers()).status_code == 204
    assert hub.get("/api/v1/bills/45-1-c-2")["title_en"] == "A new misprint"
    assert hub.get("/api/v1/corrections")["data"] == []
    assert len(hub.get("/api/v1/corrections", withdrawn="true")["data"]) == 1
    assert hub.http.delete(f"/api/v1/corrections/{made['id']}", headers=hub.headers()).status_code == 404
    history = hub.get(f"/api/v1/history/{found['id']}")["changes"]
    assert [c["source_id"] for c in history] == ["curation", "test", "curation", "test"]


def test_a_correction_that_does_not_fit_is_refused(hub: Hub) -> None:
    hub.load("bill", bill())
    base = {"collection": "bills", "item": "45-1-c-2", "reason": "x"}
    post(hub, "/api/v1/corrections", {**base, "field": "colour", "value": "red"}, 422)
    post(hub, "/api/v1/corrections", {**base, "field": "key", "value": "ca/x/y"}, 422)
    post(hub, "/api/v1/corrections", {**base, "field": "introduced_on", "value": "soon"}, 422)
    post(hub, "/api/v1/corrections", {**base, "field": "title_en", "value": "a\x00b"}, 422)
    post(hub, "/api/v1/corrections", {**base, "collection": "cats", "field": "title_en", "value": "x"}, 422)
    assert hub.get("/api/v1/corrections")["data"] == []


@both_servers
def test_a_name_is_given_a_person_here_and_from_now_on(hub: Hub) -> None:
    hub.load("person", person(1, "Pat O'Brien"), person(2, "Pat O’Brien"))
    unknown = ballot(0, person_key=None, name="Pat O'Brien")
    hub.load("vote_event", vote(1, [unknown, ballot(3)]), vote(2, [unknown]))
    hub.load("bill", bill(sponsors=[{"name": "Hon. Pat O'Brien"}]))
    [entry] = hub.http.get("/api/v1/unmatched", headers=hub.headers()).json()["data"]
    assert (entry["name"], entry["count"], entry["jurisdiction"]) == (
        "Hon. Pat O'Brien",
        3,
        "ocd-jurisdiction/country:ca/legislature",
    )
    done = post(
        hub,
        f"/api/v1/unmatched/{entry['id']}/resolve",
        {"person": "ca/house/person/2", "reason": "by riding"},
    )
    assert done["changed"] == 3
    assert hub.get("/api/v1/votes/45-1-1")["ballots"][0]["person_key"] == "ca/house/person/2"
    assert hub.get("/api/v1/bills/45-1-c-2")["sponsors"][0]["person_key"] == "ca/house/person/2"
    assert hub.http.get("/api/v1/unmatched", headers=hub.headers()).json()["data"] == []
    hub.load("vote_event", vote(3, [unknown]))
    assert hub.get("/api/v1/votes/45-1-3")["ballots"][0]["person_key"] == "ca/house/person/2"
    before = hub.position()
    assert hub.load("vote_event", vote(1, [{**unknown, "identifiers": []}, ballot(3)])) == {"unchanged": 1}
    assert hub.position() == before
    assert hub.http.get("/api/v1/unmatched").status_code == 401


def test_a_name_can_be_said_to_be_nobody(hub: Hub) -> None:
    hub.load("vote_event", vote(1, [ballot(0, person_key=None, name="Some Officer")]))
    [entry] = hub.http.get("/api/v1/unmatched", headers=hub.headers()).json()["data"]
    assert (
        post(hub, f"/api/v1/unmatched/{entry['id']}/resolve", {"person": None, "reason": "an office"})[
            "changed"
        ]
        == 0
    )
    assert hub.http.get("/api/v1/unmatched", headers=hub.headers()).json()["data"] == []
    [done] = hub.http.get("/api/v1/unmatched", params={"resolved": True}, headers=hub.headers()).json()[
        "data"
    ]
    assert done["resolution"] == "an office"


@both_servers
def test_a_renamed_record_keeps_its_address_and_the_new_name_leads_there(hub: Hub) -> None:
    hub.load("person", person(1, "Jane Philpott"), person(2, "Jane Smith"))
    url = hub.get("/api/v1/people/jane-philpott")["url"]
    hub.load("person", person(1, "Jane Jones"), person(2, "Jane Philpott"))
    assert hub.get("/api/v1/people/jane-philpott")["name"] == "Jane Jones"
    moved = hub.http.get("/api/v1/people/jane-jones?lang=fr", follow_redirects=False)
    assert (moved.status_code, moved.headers["location"]) == (308, f"{url}?lang=fr")
    # The name that another record has is not taken from it, and a newcomer gets another.
    assert hub.get("/api/v1/people/jane-smith")["name"] == "Jane Philpott"
    hub.load("person", person(3, "Jane Jones"))
    assert hub.get("/api/v1/people/jane-jones-3")["key"] == "ca/house/person/3"


def test_redirects_outlive_loads_tombstones_and_reversals(hub: Hub) -> None:
    hub.load("person", person(1, "William Blair"), person(2, "Bill Blair"), run_id=(run := str(new_id())))
    loser, winner = hub.get("/api/v1/people/william-blair"), hub.get("/api/v1/people/bill-blair")
    post(hub, "/api/v1/people/william-blair/merge", {"into": "bill-blair", "reason": "the same man"})

    def places() -> set[str]:
        found = set()
        for name in (loser["id"], "william-blair", "ca/house/person/1"):
            answer = hub.http.get(f"/api/v1/people/{name}", follow_redirects=False)
            assert answer.status_code == 308, answer.text
            found.add(answer.headers["location"])
        return found

    hub.load("person", person(1, "William Blair", gender="M"))
    assert places() == {winner["url"]}
    hub.close(new_id(), ("person", "ca/house/person/1"))
    assert places() == {winner["url"]}
    hub.load("person", person(1, "William Blair"))
    assert places() == {winner["url"]}
    body = {"run_id": run, "source_id": "test"}
    assert hub.post("/api/v1/runs/revert", body).status_code == 200
    assert places() == {winner["url"]}


@both_servers
def test_listings_of_decisions_lead_from_page_to_page(hub: Hub) -> None:
    names = ("Ann Alpha", "Ben Beta", "Cy Gamma")
    hub.load("vote_event", vote(1, [ballot(n, person_key=None, name=name) for n, name in enumerate(names)]))
    hub.load("bill", bill())
    for field in ("title_en", "title_fr"):
        correction = {"collection": "bills", "item": "45-1-c-2", "field": field, "value": "T", "reason": "r"}
        post(hub, "/api/v1/corrections", correction, 201)
    for path, expected in (("/api/v1/unmatched", 3), ("/api/v1/corrections", 2), ("/api/v1/merges", 0)):
        found, url = 0, f"{path}?limit=1"
        while url:
            answer = hub.http.get(url, headers=hub.headers())
            page = answer.json()
            assert set(page) == {"data", "next", "previous", "meta"}
            assert answer.headers.get("link", "") == (f'<{page["next"]}>; rel="next"' if page["next"] else "")
            assert len(page["data"]) == min(1, expected)
            found, url = found + len(page["data"]), page["next"]
        assert found == expected, path
