"""The guards of an import."""

from __future__ import annotations

import pytest

from hubs.business_hub.etl.guards import RunFacts, examine
from hubs.business_hub.etl.loading import known_in_set
from hubs.business_hub.settings import ImportSettings
from shared.contracts.events.scraping import CompleteSet
from shared.contracts.http.ingest import SourceCounts

SETTINGS = ImportSettings(max_drop=0.2, min_rows_for_drop=5)
MEMBERS = CompleteSet(kind="person", prefix="ca/house/person/")


def codes(**facts) -> list[str]:
    return [finding.code for finding in examine(RunFacts(**facts), SETTINGS)]


def test_a_run_without_records_is_held_unless_the_source_may_be_empty():
    assert codes(staged={}) == ["empty-run"]
    assert codes(staged={"person": 0}) == ["empty-run"]
    assert codes(staged={}, may_be_empty=True) == []
    assert codes(staged={"person": 1}) == []


@pytest.mark.parametrize(
    ("known", "seen", "is_held"),
    [
        (100, 80, False),
        (100, 79, True),
        (5, 4, False),
        (5, 3, True),
        (4, 1, False),
        (4, 0, True),
        (0, 0, False),
        (0, 9, False),
    ],
)
def test_a_complete_set_may_lose_a_fifth_and_never_everything(known, seen, is_held):
    found = codes(
        staged={"bill": 1},
        complete=(MEMBERS,),
        staged_in_set={MEMBERS: seen},
        known_in_set={MEMBERS: known},
    )
    assert found == (["count-drop"] if is_held else [])


def test_a_set_that_is_not_complete_may_shrink():
    assert codes(staged={"person": 1}, known_in_set={MEMBERS: 300}) == []


@pytest.mark.parametrize(("seen", "is_held"), [(299, True), (300, False), (345, False), (346, True)])
def test_a_full_run_lies_in_its_expected_range(seen, is_held):
    found = codes(staged={"person": seen}, expect={"person": (300, 345)})
    assert found == (["unexpected-count"] if is_held else [])


@pytest.mark.parametrize("session", ["0-1", "45-0", "45", "45-1-2", "x", "45-123"])
def test_a_session_that_is_none_is_held(session):
    assert codes(staged={"bill": 2}, sessions={session: 2}) == ["unknown-session"]


def test_a_session_is_the_asked_one():
    assert codes(staged={"bill": 1}, sessions={"45-1": 1}, asked_session="45-1") == []
    assert codes(staged={"bill": 1}, sessions={"44-1": 1}, asked_session="45-1") == ["unknown-session"]


def test_the_term_that_a_councils_votes_name_is_no_session():
    known = frozenset({"45-1"})
    assert codes(staged={"vote_event": 2}, sessions={"2022-2026": 2}, known_sessions=known) == []
    for strange in ("2022-26", "1022-2026", "2022-20261", "2022-2026\n"):
        assert codes(staged={"vote_event": 2}, sessions={strange: 2}) == ["unknown-session"], strange


@pytest.mark.parametrize(
    ("session", "is_held"),
    [
        ("44-1", False),
        ("45-1", False),
        ("45-2", False),
        ("46-1", False),
        ("45-3", True),
        ("46-2", True),
        ("54-1", True),
    ],
)
def test_a_session_is_known_earlier_or_next(session, is_held):
    found = codes(staged={"bill": 1}, sessions={session: 1}, known_sessions=frozenset({"44-1", "45-1"}))
    assert found == (["unknown-session"] if is_held else [])


def test_a_whole_data_set_has_no_place_to_name():
    everything = CompleteSet(kind="post", prefix="")
    facts = RunFacts(
        staged={"post": 3},
        complete=(everything,),
        staged_in_set={everything: 3},
        known_in_set={everything: 10},
    )
    finding = examine(facts, SETTINGS)[0]
    assert finding.detail_en == "seats: 3 now, 10 before"
    assert finding.detail_fr == "sièges : 3 maintenant, 10 auparavant"


def test_findings_say_the_same_in_both_languages_with_their_numbers():
    facts = RunFacts(
        staged={"person": 3}, complete=(MEMBERS,), staged_in_set={MEMBERS: 3}, known_in_set={MEMBERS: 10}
    )
    finding = examine(facts, SETTINGS)[0].as_json()
    assert finding == {
        "code": "count-drop",
        "detail_en": "people under ca/house/person/: 3 now, 10 before",
        "detail_fr": "personnes sous ca/house/person/ : 3 maintenant, 10 auparavant",
        "kind": "person",
        "is_blocking": True,
        "before": 10,
        "after": 3,
    }


def test_known_rows_are_counted_per_kind_and_prefix():
    counts = SourceCounts(
        source_id="s",
        counts={
            "person": 7,
            "vote_event": 14,
            "person:ca/house/person/": 7,
            "vote_event:ca/house/vote/45-1/": 5,
            "vote_event:ca/house/vote/44-1/": 9,
        },
    )
    assert known_in_set(counts, MEMBERS) == 7
    assert known_in_set(counts, CompleteSet(kind="vote_event", prefix="ca/house/vote/45-1/")) == 5
    assert known_in_set(counts, CompleteSet(kind="vote_event", prefix="ca/house/vote/")) == 14
    assert known_in_set(counts, CompleteSet(kind="vote_event", prefix="")) == 14
