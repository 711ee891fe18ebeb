"""Batches in, records out: inserted, updated with their history, left alone, taken out, brought back."""

from __future__ import annotations

import time

import pytest
from sqlalchemy import text

from hubs.data_hub.database.repository.loading import LoadingRepository
from shared.core.ids import new_id
from shared.db.session import transaction
from shared.messaging.bus import QueueSpec, decode

from .conftest import Hub, ballot, bill, both_servers, membership, person, source, vote


@both_servers
def test_the_same_batch_twice_is_a_no_op_that_moves_nothing_but_last_seen(hub: Hub) -> None:
    assert hub.load("person", person(1), person(2, "Anita Anand")) == {"inserted": 2}
    before = hub.get("/api/v1/people/ca/house/person/1")
    assert hub.load("person", person(1), person(2, "Anita Anand")) == {"unchanged": 2}
    after = hub.get("/api/v1/people/ca/house/person/1")
    assert after["last_seen_at"] > before["last_seen_at"]
    for row in (before, after):
        del row["last_seen_at"]
        for found in row["sources"]:
            del found["last_seen_at"], found["run_id"]
    assert after == before
    assert len(hub.changes()) == 2


@both_servers
def test_a_change_is_told_field_by_field_and_the_old_state_is_kept(hub: Hub) -> None:
    hub.load("bill", bill(status_code="HOUSE1"))
    first = hub.get("/api/v1/bills/45-1-c-2")
    assert hub.load("bill", bill(status_code="HOUSE2", status_en="At second reading")) == {"updated": 1}
    second = hub.get("/api/v1/bills/45-1-c-2")
    assert second["id"] == first["id"]
    assert second["updated_at"] > first["updated_at"]
    assert second["created_at"] == first["created_at"]
    change = hub.changes()[-1]
    assert change["change"] == "update"
    assert change["fields"] == {"status_code": ["HOUSE1", "HOUSE2"], "status_en": ["", "At second reading"]}
    [revision] = hub.get(f"/api/v1/history/{first['id']}")["revisions"]
    assert revision["facts"]["status_code"] == "HOUSE1"
    assert (revision["recorded_from"], revision["recorded_to"]) == (first["updated_at"], second["updated_at"])


def test_other_words_for_the_same_facts_change_nothing(hub: Hub) -> None:
    hub.load("bill", bill())
    assert hub.load("bill", bill(short_title_en="", stages=[])) == {"unchanged": 1}
    reordered = dict(reversed(bill().items()))
    assert hub.load("bill", reordered) == {"unchanged": 1}
    assert len(hub.changes()) == 1


@both_servers
def test_what_a_complete_run_did_not_see_becomes_a_tombstone_and_can_come_back(hub: Hub) -> None:
    hub.load("person", person(1), person(2, "Anita Anand"))
    run = new_id()
    hub.load("person", person(1), run_id=run)
    assert hub.close(run, ("person", "ca/house/person/")) == {"person": 1}
    assert [p["name"] for p in hub.get("/api/v1/people")["data"]] == ["Ruby Sahota"]
    gone = hub.get("/api/v1/people/ca/house/person/2", 410)
    assert gone["deleted_at"]
    assert [p["name"] for p in hub.get("/api/v1/people", deleted="only")["data"]] == ["Anita Anand"]
    assert hub.load("person", person(2, "Anita Anand")) == {"revived": 1}
    assert "deleted_at" not in hub.get("/api/v1/people/ca/house/person/2")
    assert [c["change"] for c in hub.changes()] == ["insert", "insert", "tombstone", "revive"]


def test_a_record_that_another_source_still_names_is_no_tombstone(hub: Hub) -> None:
    hub.load("person", person(1), source_id="members")
    hub.load("person", person(1), source_id="other")
    assert hub.close(new_id(), ("person", "ca/house/person/"), source_id="members") == {}
    assert hub.close(new_id(), ("person", "ca/house/person/"), source_id="other") == {"person": 1}


def test_a_prefix_is_taken_literally(hub: Hub) -> None:
    hub.load("person", person(1))
    assert hub.close(new_id(), ("person", "ca/house/p%")) == {}
    assert hub.close(new_id(), ("person", "ca/house/perso_")) == {}


@both_servers
def test_ballots_add_up_and_party_lines_and_dissent_are_worked_out(hub: Hub) -> None:
    ballots = [ballot(n, "yes") for n in range(1, 10)] + [ballot(10, "no")]
    ballots += [ballot(n, "no", "Conservative") for n in range(11, 17)] + [ballot(17, "yes", "Conservative")]
    ballots += [ballot(18, "yes", "Independent"), ballot(19, "absent", "NDP"), ballot(20, "paired", "NDP")]
    counts = [{"option": "yes", "value": 11}, {"option": "no", "value": 7}, {"option": "paired", "value": 1}]
    hub.load("vote_event", vote(12, ballots, counts=counts))
    found = hub.get("/api/v1/votes/45-1-12")
    assert found["is_consistent"] is True
    assert (found["yes_count"], found["no_count"], found["paired_count"], found["ballot_count"]) == (
        11,
        7,
        1,
        20,
    )
    assert len(found["ballots"]) == 20
    lines = {line["party"]: (line["line"], line["dissents"]) for line in found["party_lines"]}
    # 1 of 10 is 10 %: a line with one dissent. 1 of 7 is 14.3 %: still a line. No yes and no: none.
    assert lines == {
        "Liberal": ("yes", 1),
        "Conservative": ("no", 1),
        "Independent": ("none", 0),
        "NDP": ("none", 0),
    }
    assert sorted(b["name"] for b in found["ballots"] if b["is_dissent"]) == ["Member 10", "Member 17"]


def test_a_vote_whose_totals_do_not_fit_its_ballots_says_so(hub: Hub) -> None:
    hub.load("vote_event", vote(1, [ballot(1)], counts=[{"option": "yes", "value": 2}]))
    assert hub.get("/api/v1/votes/45-1-1")["is_consistent"] is False
    assert [v["number"] for v in hub.get("/api/v1/votes", is_consistent="false")["data"]] == [1]


@both_servers
def test_a_corrected_ballot_is_one_change_and_the_old_ballots_are_kept(hub: Hub) -> None:
    hub.load("vote_event", vote(1, [ballot(1), ballot(2)]))
    assert hub.load("vote_event", vote(1, [ballot(1), ballot(2, "no")])) == {"updated": 1}
    found = hub.get("/api/v1/votes/45-1-1")
    assert [b["option"] for b in found["ballots"]] == ["yes", "no"]
    before, after = hub.changes()[-1]["fields"]["ballots"]
    assert before["changed"]["ca/house/person/2"]["option"] == "yes"
    assert after["changed"]["ca/house/person/2"]["option"] == "no"
    [revision] = hub.get(f"/api/v1/history/{found['id']}")["revisions"]
    assert [b["option"] for b in revision["ballots"]] == ["yes", "yes"]


@both_servers
def test_one_bad_record_refuses_the_whole_batch_and_nothing_is_stored(hub: Hub) -> None:
    answer = hub.post("/api/v1/batches", hub.batch("bill", bill("C-3"), bill("C-4", chamber="attic")))
    assert answer.status_code == 422
    problem = answer.json()
    assert problem["type"] == "urn:openpolicy:problem:record-refused"
    assert problem["errors"][0]["pointer"] == "/records/1/chamber"
    assert hub.get("/api/v1/bills")["data"] == []
    assert hub.changes() == []


@pytest.mark.parametrize(
    ("record", "pointer"),
    [
        ({"key": "ca/bill/45-1/c-9"}, "/records/0/sources"),
        (bill(title_en="a\x00b"), "/records/0/title_en"),
        (bill(surprise=1), "/records/0/surprise"),
        (bill(sources=[]), "/records/0/sources"),
        (bill(sources=[source(sha256="zz")]), "/records/0/sources"),
        ({**bill(), "key": "CA/Bill"}, "/records/0/key"),
        ({"title_en": "no key"}, "/records/0/key"),
        ("words", "/records/0"),
        (["key", "ca/bill/45-1/c-9"], "/records/0"),
        (None, "/records/0"),
    ],
)
def test_a_bad_record_is_named_by_its_place(hub: Hub, record: dict, pointer: str) -> None:
    answer = hub.post("/api/v1/batches", hub.batch("bill", record))
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == pointer
    assert hub.get("/api/v1/bills")["data"] == []


@pytest.mark.parametrize(
    ("kind", "record"),
    [
        ("vote_event", vote(2**40)),
        ("vote_event", vote(1, counts=[{"option": "yes", "value": 2**40}])),
        ("candidacy", {
            "key": "e/1/c", "election_key": "e/1", "name": "x", "division_name_en": "x", "votes": 2**40, "sources": [source()],
        }),
        ("session", {
            "key": "ca/session/1-1", "identifier": "".join(chr(0x4E00 + n * 7 % 9_000) for n in range(2_000)), "name_en": "x",
            "sources": [source()],
        }),
    ],
)  # fmt: skip
def test_a_value_that_no_column_can_hold_is_refused(hub: Hub, kind: str, record: dict) -> None:
    answer = hub.post("/api/v1/batches", hub.batch(kind, record))
    assert answer.status_code == 422, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert hub.changes() == []


def test_long_names_are_kept_whole_and_sorted_by_their_beginning(hub: Hub) -> None:
    hub.load("person", person(1, "Ž" * 2_000, given_name="Ž" * 2_000, family_name="Ž" * 2_000))
    long = bill("C-" + "1" * 1_000, "45-1" + "x" * 1_000, key="ca/bill/45-1/long", sources=[source()])
    hub.load("bill", long)
    assert len(hub.get("/api/v1/people", sort="name")["data"][0]["name"]) == 2_000
    assert len(hub.get("/api/v1/bills", sort="number")["data"][0]["number"]) == 1_002


def test_a_lone_surrogate_and_broken_json_are_refused(hub: Hub) -> None:
    headers = hub.headers(**{"Idempotency-Key": "k1", "Content-Type": "application/json"})
    for body in (b'{"kind": "bill", "x": "\\ud800"', b"[", b"null", b'{"records": [{"key": "\\ud800"}]}'):
        answer = hub.http.post("/api/v1/batches", content=body, headers=headers)
        assert answer.status_code in (400, 422), answer.text
        assert answer.headers["content-type"] == "application/problem+json"


def test_a_key_that_comes_twice_in_a_batch_is_refused(hub: Hub) -> None:
    answer = hub.post("/api/v1/batches", hub.batch("bill", bill(), bill()))
    assert answer.status_code == 422
    assert "twice" in answer.json()["detail"]


@both_servers
def test_an_idempotency_key_answers_the_same_and_only_for_the_same_body(hub: Hub) -> None:
    body = hub.batch("person", person(1))
    first = hub.post("/api/v1/batches", body, key="once")
    again = hub.post("/api/v1/batches", body, key="once")
    assert first.json() == again.json()
    assert again.json()["report"]["inserted"] == 1
    other = hub.post("/api/v1/batches", hub.batch("person", person(2)), key="once")
    assert other.status_code == 409
    assert other.json()["type"] == "urn:openpolicy:problem:idempotency-key-reused"


def test_a_batch_needs_a_key_and_the_right_scope(hub: Hub) -> None:
    body = hub.batch("person", person(1))
    assert hub.http.post("/api/v1/batches", json=body, headers=hub.headers()).status_code == 400
    assert hub.http.post("/api/v1/batches", json=body).status_code == 401
    headers = hub.headers("jobs:write", **{"Idempotency-Key": "x"})
    assert hub.http.post("/api/v1/batches", json=body, headers=headers).status_code == 403


def test_source_counts_are_per_kind_and_per_prefix_of_the_keys(hub: Hub) -> None:
    run = new_id()
    hub.load("person", person(1), person(2), run_id=run)
    hub.load("bill", bill("C-1"), bill("C-2", "44-1"), run_id=run)
    answer = hub.http.get("/api/v1/source-counts", params={"source_id": "test"}, headers=hub.headers())
    assert answer.json()["counts"] == {
        "bill": 2,
        "bill:ca/bill/44-1/": 1,
        "bill:ca/bill/45-1/": 1,
        "person": 2,
        "person:ca/house/person/": 2,
    }


def test_a_name_without_a_key_is_matched_by_identifier_then_by_a_unique_name_or_queued(hub: Hub) -> None:
    hub.load("person", person(1, "Ruby Sahota"), person(2, "Pat O’Brien"), person(3, "Pat O'Brien"))
    marked = ballot(0, person_key=None, identifiers=[{"scheme": "ourcommons.ca/person", "value": "1"}])
    named = ballot(0, person_key=None, name="Hon. Ruby Sahota")
    unclear = ballot(0, person_key=None, name="Pat O'Brien")
    answer = hub.post("/api/v1/batches", hub.batch("vote_event", vote(1, [marked, named, unclear]))).json()
    assert [u["name"] for u in answer["unmatched"]] == ["Pat O'Brien"]
    keys = [b["person_key"] for b in hub.get("/api/v1/votes/45-1-1")["ballots"]]
    assert keys == ["ca/house/person/1", "ca/house/person/1", None]


def test_two_people_of_one_name_have_two_slugs(hub: Hub) -> None:
    hub.load("person", person(1, "John Smith"), person(2, "John Smith"))
    hub.load("person", person(3, "John Smith"))
    assert sorted(p["slug"] for p in hub.get("/api/v1/people")["data"]) == [
        "john-smith",
        "john-smith-2",
        "john-smith-3",
    ]


def test_what_another_load_changes_while_one_waits_is_compared_with_what_stands_then(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.load("bill", bill("C-1"), bill("C-2"))
    others = [lambda: hub.load("bill", bill("C-1", status_en="Withdrawn"), bill("C-3", status_en="Given"))]
    begin = LoadingRepository.begin

    def begin_after_another(repository: LoadingRepository, kind: str) -> int:
        if others:
            assert others.pop()() == {"updated": 1, "inserted": 1}
        return begin(repository, kind)

    monkeypatch.setattr(LoadingRepository, "begin", begin_after_another)
    assert hub.load("bill", bill("C-1"), bill("C-2"), bill("C-3")) == {"updated": 2, "unchanged": 1}
    assert not others
    assert [b["status_en"] for b in hub.get("/api/v1/bills")["data"]] == ["", "", ""]


def test_ballots_written_ahead_of_a_vote_that_another_load_brings_meanwhile_are_not_left_behind(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    same, differing, own = vote(1, [ballot(1), ballot(2)]), vote(2, [ballot(1)]), vote(3, [ballot(3)])
    others = [lambda: hub.load("vote_event", same, vote(2, [ballot(1, option="no")]))]
    begin = LoadingRepository.begin

    def begin_after_another(repository: LoadingRepository, kind: str) -> int:
        if others:
            assert others.pop()() == {"inserted": 2}
        return begin(repository, kind)

    monkeypatch.setattr(LoadingRepository, "begin", begin_after_another)
    assert hub.load("vote_event", same, differing, own) == {"inserted": 1, "updated": 1, "unchanged": 1}
    names = [
        [(b["name"], b["option"]) for b in hub.get(f"/api/v1/votes/45-1-{n}")["ballots"]] for n in (1, 2, 3)
    ]
    assert names == [[(b["name"], b["option"]) for b in one["ballots"]] for one in (same, differing, own)]
    with transaction(hub.resources.sessionmaker) as session:
        held = session.execute(text("SELECT count(*), count(DISTINCT vote_id) FROM data.ballot")).one()
    assert tuple(held) == (4, 3)


def test_a_slug_that_a_name_falls_back_on_may_be_taken_as_well(hub: Hub) -> None:
    hub.load("person", person(1, name="Ann Lee"), person(2, name="Ann Lee 5"))
    hub.load("person", person(5, name="Ann Lee"), person(6, name="Ann Lee"))
    found = {p["name"] + p["key"].rpartition("/")[2]: p["slug"] for p in hub.get("/api/v1/people")["data"]}
    assert found == {
        "Ann Lee1": "ann-lee",
        "Ann Lee 52": "ann-lee-5",
        "Ann Lee5": "ca-house-person-5",
        "Ann Lee6": "ann-lee-6",
    }


def test_every_change_leaves_as_an_event_of_at_most_five_hundred(hub: Hub) -> None:
    bus = hub.resources.open_bus()
    subscription = bus.subscribe(QueueSpec("test.everything", ("civic.*.changed.v1",)), 50)
    try:
        hub.load("membership", membership(1))
        hub.load("bill", *[bill(f"C-{n}") for n in range(1, 602)])
        events = []
        deadline = time.monotonic() + 30
        while len(events) < 3 and time.monotonic() < deadline:
            got = subscription.receive(10, 1.0)
            events += [decode(one.message.topic, one.message.body) for one in got]
            subscription.ack(got)
    finally:
        subscription.close()
        bus.close()
    assert [(event.kind, len(event.changes)) for event in events] == [
        ("membership", 1),
        ("bill", 500),
        ("bill", 101),
    ]
    first = events[1].changes[0]
    assert (first.change, first.key, first.title_en) == (
        "insert",
        "ca/bill/45-1/c-1",
        "C-1 An Act respecting the security of the border",
    )
    assert all(event.source_id == "test" and event.producer == "data_hub.database" for event in events)
