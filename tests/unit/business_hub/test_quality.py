"""What quality is measured by."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from hubs.business_hub.etl.quality import EXPECTED, IDENTITY, Meter, Repeats, merged, timeliness
from shared.contracts.records import RECORD_KINDS

TODAY = date(2026, 5, 4)


def measure(kind: str, **record) -> Meter:
    meter = Meter(TODAY)
    meter.measure(kind, {"key": "a/b/c", **record})
    return meter


def codes(meter: Meter) -> list[str]:
    return [one.code for one in meter.found]


def test_expected_and_identifying_fields_are_fields_of_their_kinds():
    assert set(EXPECTED) == set(RECORD_KINDS)
    for fields in (EXPECTED, IDENTITY):
        for kind, names in fields.items():
            assert set(names) <= set(RECORD_KINDS[kind].model_fields), kind


def test_completeness_is_the_share_of_expected_fields_that_say_something():
    meter = measure("person", name="Ann", given_name="", family_name="Example", identifiers=())
    assert meter.counts["person"]["completeness"] == [2, 4]


def test_dates_in_the_future_and_periods_that_run_backwards_are_invalid():
    assert codes(measure("bill", introduced_on="2027-01-01")) == ["in-the-future"]
    assert codes(measure("bill", introduced_on="2026-05-04")) == []
    backwards = measure("membership", start_date=date(2020, 1, 2), end_date=date(2020, 1, 1))
    assert codes(backwards) == ["ends-before-it-begins"]
    assert backwards.counts["membership"]["validity"] == [0, 1]


def test_a_text_in_one_language_only_is_inconsistent_in_both_directions():
    assert codes(measure("bill", title_en="An Act", title_fr="")) == ["no-french"]
    assert codes(measure("bill", title_en="", title_fr="Loi")) == ["no-english"]
    assert codes(measure("bill", title_en="", title_fr="")) == []
    same = "An Act respecting something long enough"
    assert codes(measure("bill", title_en=same, title_fr=same)) == ["same-in-both"]
    assert codes(measure("bill", title_en="C-2", title_fr="C-2")) == []


def test_stated_totals_are_compared_with_the_ballots_where_there_are_any():
    ballots = [{"option": "yes"}, {"option": "yes"}, {"option": "no"}]
    counts = [{"option": "yes", "value": 2}, {"option": "no", "value": 2}]
    meter = measure("vote_event", counts=counts, ballots=ballots)
    assert [(one.code, one.detail_en, one.detail_fr) for one in meter.found] == [
        ("totals-differ", "2 stated as no, 1 ballots", "2 annoncés (no), 1 bulletins")
    ]
    assert codes(measure("vote_event", counts=counts, ballots=[])) == []


def test_counts_of_chunks_add_up():
    one, other = measure("person", name="Ann"), measure("person", name="Bob", given_name="B")
    assert merged(one.counts, other.counts)["person"]["completeness"] == [3, 8]
    assert merged({}, one.counts) == one.counts


def test_a_source_is_timely_when_it_is_read_as_often_as_it_is_scheduled():
    now = datetime(2026, 5, 4, tzinfo=UTC)
    assert timeliness(now, now - timedelta(hours=1), 3_600) == 1.0
    assert timeliness(now, now - timedelta(hours=4), 3_600) == 0.25
    assert timeliness(now, None, 3_600) is None
    assert timeliness(now, now, None) is None


def repeats(*records: tuple[str, str, bool], most: int = 50_000) -> dict[str, list[int]]:
    """Note bills by (key, number, whether it is partial), all of one session."""
    found = Repeats(most)
    for key, number, is_partial in records:
        found.note("bill", key, {"number": number, "session": "45-1"}, is_partial=is_partial)
    return found.counts()


def test_what_says_the_same_under_two_keys_is_not_unique():
    whole = [("a", "C-1", False), ("b", "C-1", False), ("c", "C-2", False), ("d", "", False)]
    assert repeats(*whole) == {"bill": [1, 3]}
    # However its blanks are written: what is compared is what is staged.
    assert repeats(("a", "C 1", False), ("b", "C\u00a0 1", False)) == {"bill": [0, 2]}


def test_of_a_key_that_comes_again_the_record_counts_that_is_staged():
    assert repeats(("a", "C-1", False), ("b", "C-1", False), ("b", "C-2", False)) == {"bill": [2, 2]}
    assert repeats(("a", "C-1", False), ("b", "C-2", False), ("b", "C-1", True)) == {"bill": [2, 2]}
    assert repeats(("a", "C-1", False), ("b", "C-2", True), ("b", "C-1", False)) == {"bill": [0, 2]}


def test_too_many_records_are_not_compared():
    assert repeats(("a", "C-1", False), ("b", "C-2", False), most=2) == {"bill": [2, 2]}
    assert repeats(("a", "C-1", False), ("b", "C-2", False), ("c", "C-3", False), most=2) == {}
