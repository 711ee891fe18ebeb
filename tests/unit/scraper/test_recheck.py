"""When a document is due to be read again, and one crawl of a source at a time."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest

from services.scraper.locks import source_lock
from services.scraper.recheck import is_due

FIRST = datetime(2026, 5, 1, 9, tzinfo=UTC)
DAYS = (1, 2, 3, 7, 14, 21, 30, 50, 100)


def test_daily_runs_read_a_document_on_exactly_the_days_of_the_plan():
    last = FIRST
    read = []
    for day in range(1, 420):
        now = FIRST + timedelta(days=day, minutes=day % 7 - 3)
        if is_due(FIRST, last, DAYS, now):
            read.append(day)
            last = now
    assert read == [1, 2, 3, 7, 14, 21, 30, 50, 100, 200, 300, 400]


@pytest.mark.parametrize(("missed", "is_read"), [(5, True), (6, True), (8, True)])
def test_a_missed_day_is_made_up_for(missed, is_read):
    assert is_due(FIRST, FIRST + timedelta(days=2), DAYS, FIRST + timedelta(days=missed)) is is_read


def test_without_a_plan_everything_is_always_read():
    assert is_due(FIRST, FIRST, (), FIRST)


def test_the_lock_of_a_source_is_held_by_one_and_then_by_the_next(tmp_path):
    given_up = threading.Event()
    with source_lock(tmp_path, "one", given_up.is_set) as is_held:
        assert is_held
        given_up.set()
        with source_lock(tmp_path, "one", given_up.is_set) as is_held_too:
            assert not is_held_too
        with source_lock(tmp_path, "other", given_up.is_set) as is_other_held:
            assert is_other_held
    with source_lock(tmp_path, "one", given_up.is_set) as is_held_again:
        assert is_held_again
