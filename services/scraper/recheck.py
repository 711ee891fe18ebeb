"""When to read a followed document again: the days after it was first seen (1, 2, 3, 7, 14, ...)."""

from __future__ import annotations

from datetime import datetime, timedelta

from shared.core.clock import utc_now

# A run at nine is not late for a document first seen at ten.
_SLACK = timedelta(hours=6)


def is_due(
    first_seen: datetime, last_read: datetime, days: tuple[int, ...], now: datetime | None = None
) -> bool:
    """Tell whether one of ``days`` after ``first_seen`` has come since ``last_read``.

    Beyond the last of them a document is read again each time that many more days have passed.
    """
    at = (now or utc_now()) + _SLACK
    if not days:
        return True
    last = days[-1]
    age = (at - first_seen).days
    extended = (*days, *range(2 * last, age + 1, last)) if last > 0 else days
    return any(last_read + _SLACK < first_seen + timedelta(days=day) <= at for day in extended)
