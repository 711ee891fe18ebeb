"""What a run does to the record, in words; and what speaks against promoting it."""

from __future__ import annotations

import json

from hubs.business_hub.etl.differences import difference, narrate, tally
from hubs.business_hub.etl.gate import check_fields, check_guards, check_sample, check_shares
from hubs.business_hub.etl.guards import Finding
from shared.contracts.events.scraping import CompleteSet

SEAT = {
    "party": "Blue",
    "on_behalf_of_key": None,
    "end_date": None,
    "role_en": "member",
    "start_date": "2021-01-01",
}


def seat(**changes):
    return difference("membership", "ca/seat/1", SEAT, {**SEAT, **changes})


def test_members_leave_join_and_change_party():
    found = [
        seat(end_date="2026-05-01"),
        seat(party="Red"),
        difference("membership", "ca/seat/2", SEAT, None),
        difference("membership", "ca/seat/3", None, SEAT),
    ]
    assert [one.code for one in found] == ["left", "changed-party", "left", "joined"]
    assert narrate(tally("membership", found, {"inserted": 1, "updated": 2, "tombstoned": 1})) == (
        "2 members left, 1 member joined, 1 member changed party",
        "2 membres partis, 1 nouveau membre, 1 membre a changé de parti",
    )


def test_a_difference_names_only_the_fields_that_differ_and_empty_is_empty():
    assert seat(party="Red").fields == {"party": ("Blue", "Red")}
    assert seat(end_date="").fields == {}
    assert difference("bill", "b", {"title_en": "A"}, {"title_en": "A", "ballots": [1]}).fields == {}


def test_what_is_not_listed_one_by_one_is_counted_all_the_same():
    assert tally("membership", [], {"inserted": 7, "updated": 2, "unchanged": 90}) == {
        "joined": 7,
        "membership:updated": 2,
    }
    assert narrate({"bill:inserted": 4}) == ("", "")


def test_a_bill_moves_on_when_its_status_does():
    found = difference("bill", "b", {"status_en": "First reading"}, {"status_en": "Second reading"})
    assert found.code == "bill-moved"
    assert narrate({"bill-moved": 2})[1] == "2 projets de loi ont progressé"


def test_the_gate_refuses_what_the_guards_would_hold():
    held = Finding("count-drop", "3 now, 9 before", "3 maintenant, 9 auparavant")
    warned = Finding("low-completeness", "low", "bas", is_blocking=False)
    assert check_guards([warned]).is_passed
    check = check_guards([warned, held])
    assert (check.is_passed, check.detail_en, check.detail_fr) == (
        False, "3 now, 9 before", "3 maintenant, 9 auparavant",
    )  # fmt: skip


def body(**changes) -> bytes:
    source = {"url": "u", "retrieved_at": "2026-05-04T00:00:00Z", "sha256": "0" * 64, "parser": "t/1"}
    return json.dumps({"key": "a/b/1", "name": "Ann", "sources": [source], **changes}).encode()


def test_the_gate_refuses_records_that_break_their_contract_and_names_them():
    assert check_sample({"person": {"a/b/1": body()}}).is_passed
    check = check_sample({"person": {"a/b/1": body(), "a/b/2": body(beauty=1)}})
    assert not check.is_passed
    assert check.detail_en.startswith("1 of 2 records break their contracts: a/b/2: beauty")


def test_the_gate_refuses_a_field_that_fell_silent():
    standing = {"person": {f"a/{n}": {"name": "Ann", "image": "http://x.ca/1.jpg"} for n in range(6)}}
    came = {"person": {f"a/{n}": body(image="") for n in range(6)}}
    check = check_fields(came, standing)
    assert (check.is_passed, check.detail_en) == (False, "fields without any value now: person.image")
    came["person"]["a/0"] = body(image="http://x.ca/2.jpg")
    assert check_fields(came, standing).is_passed
    few = {"person": dict(list(standing["person"].items())[:2])}
    assert check_fields({"person": {f"a/{n}": body() for n in range(2)}}, few).is_passed


def test_the_gate_wants_most_of_what_is_on_record():
    people = CompleteSet(kind="person", prefix="ca/")
    assert check_shares({people: 95}, {people: 100}, 0.95).is_passed
    check = check_shares({people: 94}, {people: 100}, 0.95)
    assert (check.is_passed, check.detail_en) == (
        False,
        "less than 95% of what is on record: person: 94 / 100",
    )
