"""Cron expressions in a time zone, also when the clocks change."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hubs.business_hub.queue.cron import Cron, spread
from hubs.business_hub.queue.errors import BadSchedule

TORONTO = "America/Toronto"


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)


def slots(expression: str, zone: str, after: datetime, count: int) -> list[datetime]:
    cron, found = Cron(expression, zone), []
    for _ in range(count):
        after = cron.after(after)
        found.append(after)
    return found


def test_a_daily_slot_keeps_its_local_time_over_the_year():
    cron = Cron("0 9 * * *", TORONTO)
    assert cron.after(utc(2026, 1, 10)) == utc(2026, 1, 10, 14)
    assert cron.after(utc(2026, 7, 10)) == utc(2026, 7, 10, 13)


def test_a_slot_in_the_hour_that_is_left_out_comes_later_that_day():
    # 8 March 2026: 02:00 EST is 03:00 EDT.
    assert slots("30 2 * * *", TORONTO, utc(2026, 3, 7, 12), 2) == [
        utc(2026, 3, 8, 7, 30),
        utc(2026, 3, 9, 6, 30),
    ]


def test_a_slot_in_the_hour_that_comes_twice_runs_once():
    # 1 November 2026: 02:00 EDT is 01:00 EST again.
    assert slots("30 1 * * *", TORONTO, utc(2026, 10, 31, 12), 2) == [
        utc(2026, 11, 1, 5, 30),
        utc(2026, 11, 2, 6, 30),
    ]


@pytest.mark.parametrize("day", [utc(2026, 3, 8, 3), utc(2026, 11, 1, 2)])
@pytest.mark.parametrize("zone", [TORONTO, "America/St_Johns"])
def test_an_hourly_slot_follows_the_real_hours_on_both_odd_days(day, zone):
    found = slots("15 * * * *", zone, day, 8)
    assert {later - earlier for earlier, later in itertools.pairwise(found)} == {timedelta(hours=1)}


def test_a_slot_every_twenty_minutes_misses_nothing_when_the_hour_comes_twice():
    found = slots("*/20 * * * *", TORONTO, utc(2026, 11, 1, 4, 50), 9)
    assert found[0] == utc(2026, 11, 1, 5)
    assert {later - earlier for earlier, later in itertools.pairwise(found)} == {timedelta(minutes=20)}


@given(
    st.datetimes(datetime(2024, 1, 1), datetime(2028, 1, 1)),
    st.sampled_from(["0 9 * * *", "*/30 * * * *", "30 2 * * *", "15 1 * * 0", "0 0 1 * *"]),
)
def test_the_next_slot_is_later_and_nothing_lies_between(moment, expression):
    moment = moment.replace(tzinfo=UTC)
    cron = Cron(expression, TORONTO)
    slot = cron.after(moment)
    assert slot > moment
    assert cron.after(slot - timedelta(seconds=1)) == slot
    middle = moment + (slot - moment) / 2
    assert cron.after(middle) == slot


@pytest.mark.parametrize(
    "expression", ["", "* * * *", "* * * * * *", "61 * * * *", "a b c d e", "@daily", "R * * * *"]
)
def test_what_is_no_cron_expression_is_refused(expression):
    with pytest.raises(BadSchedule):
        Cron(expression, "UTC").after(utc(2026, 1, 1))


def test_a_day_that_never_comes_and_a_zone_that_is_none_are_refused():
    with pytest.raises(BadSchedule):
        Cron("0 0 30 2 *", "UTC").after(utc(2026, 1, 1))
    for zone in ("Mars/Olympus", "", "../../etc/passwd"):
        with pytest.raises(BadSchedule):
            Cron("0 0 * * *", zone)


def test_the_stagger_is_a_schedules_own_and_the_jitter_a_slots_own():
    day = [utc(2026, 1, n) for n in range(1, 20)]
    assert len({spread("a", slot, 600, 0) for slot in day}) == 1
    assert spread("a", day[0], 600, 0) != spread("b", day[0], 600, 0)
    assert len({spread("a", slot, 0, 600) for slot in day}) == len(day)
    assert all(timedelta() <= spread(str(n), day[0], 300, 300) < timedelta(seconds=600) for n in range(50))
