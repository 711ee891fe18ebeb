"""Cron expressions in a time zone: when is the next slot, also on the two odd days of the year."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from croniter import croniter
from croniter.croniter import CroniterBadDateError

from hubs.business_hub.queue.errors import BadSchedule

_FIELDS = 5
# Numbers and the names of days and months: no random or hashed fields, which differ from call to call.
_FIELD = re.compile(r"(?:[0-9*,/-]|[A-Za-z]{3})+")
_OVERLAP = timedelta(hours=3)


class Cron:
    """A cron expression of five fields in a time zone.

    A time that a clock change leaves out runs as much later as the clock jumps; one that comes twice runs the
    first time only. Expressions for every hour follow the real hours instead.
    """

    def __init__(self, expression: str, time_zone: str) -> None:
        fields = expression.split()
        is_plain = len(fields) == _FIELDS and all(_FIELD.fullmatch(field) for field in fields)
        if not is_plain or not croniter.is_valid(expression):
            raise BadSchedule(f"{expression!r} is not a cron expression of five fields")
        try:
            self._zone = ZoneInfo(time_zone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise BadSchedule(f"{time_zone!r} is not a time zone") from None
        self._expression = expression
        self._is_hourly = fields[1].startswith("*")

    def after(self, moment: datetime) -> datetime:
        """Return the first slot after a moment, in UTC.

        Raises: BadSchedule when there is none (30 February).
        """
        local = moment.astimezone(self._zone).replace(tzinfo=None)
        best: datetime | None = None
        is_odd = (moment - _OVERLAP).astimezone(self._zone).utcoffset() != (moment + _OVERLAP).astimezone(
            self._zone
        ).utcoffset()
        try:
            # Around a clock change, local times are not in the order of instants: look at more of them.
            walk = croniter(self._expression, local - _OVERLAP if is_odd else local)
            while True:
                naive: datetime = walk.get_next(datetime)
                first = naive.replace(tzinfo=self._zone).astimezone(UTC)
                if best is not None and first >= best:
                    return best
                for instant in self._instants(naive, first):
                    if instant > moment and (best is None or instant < best):
                        best = instant
        except CroniterBadDateError:
            if best is not None:
                return best
            raise BadSchedule(f"{self._expression!r} never comes") from None

    def between(self, after: datetime, until: datetime) -> Iterator[datetime]:
        """Yield the slots after a moment, up to and including another."""
        slot = self.after(after)
        while slot <= until:
            yield slot
            slot = self.after(slot)

    def _instants(self, naive: datetime, first: datetime) -> Iterator[datetime]:
        exists = first.astimezone(self._zone).replace(tzinfo=None) == naive
        if exists or not self._is_hourly:
            yield first
        second = naive.replace(tzinfo=self._zone, fold=1).astimezone(UTC)
        if self._is_hourly and exists and second != first:
            yield second


def spread(identity: str, slot: datetime, stagger_s: int, jitter_s: int) -> timedelta:
    """Return by how much a slot is delayed: a share of its own for each schedule, another for each slot."""
    return timedelta(
        seconds=_share(identity) * stagger_s + _share(f"{identity} {slot.isoformat()}") * jitter_s
    )


def _share(text: str) -> float:
    return int.from_bytes(blake2b(text.encode(), digest_size=6).digest()) / 2**48
