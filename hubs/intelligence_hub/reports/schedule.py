"""When a report is due next."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

Every = Literal["day", "week", "month"]


def next_due(every: Every, weekday: int, hour: int, time_zone: str, after: datetime) -> datetime:
    """Return the first moment after another at which the clock of a place says the hour of a due day.

    A day is due every day, on a weekday (0 is Monday), or on the first of a month. An hour that the change to
    summer time skips is taken an hour later.
    """
    zone = ZoneInfo(time_zone)
    day = after.astimezone(zone).date()
    while True:
        moment = datetime(day.year, day.month, day.day, hour, tzinfo=zone).astimezone(UTC)
        is_due = {"day": True, "week": day.weekday() == weekday, "month": day.day == 1}[every]
        if is_due and moment > after:
            return moment
        day += timedelta(days=1)
