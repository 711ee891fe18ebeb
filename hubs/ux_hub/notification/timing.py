"""When something is due: digests in the subscriber's own time zone, never in quiet hours."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

DIGEST_HOUR = 7
_MONDAY = 0


class Clocked(Protocol):
    """Who is told: time zone and quiet hours."""

    time_zone: str
    quiet_from: str
    quiet_until: str


def due_at(now: datetime, frequency: str, subscriber: Clocked) -> datetime:
    """Return when an item of now is to be sent: at once, at the next hour, day or Monday at 07:00 local."""
    zone = ZoneInfo(subscriber.time_zone)
    local = now.astimezone(zone)
    if frequency == "hourly":
        local = local.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    elif frequency in ("daily", "weekly"):
        wanted = datetime.combine(local.date(), time(DIGEST_HOUR), zone)
        if wanted <= local:
            wanted = datetime.combine(local.date() + timedelta(days=1), time(DIGEST_HOUR), zone)
        while frequency == "weekly" and wanted.weekday() != _MONDAY:
            wanted = datetime.combine(wanted.date() + timedelta(days=1), time(DIGEST_HOUR), zone)
        local = wanted
    return after_quiet(local.astimezone(UTC), subscriber)


def after_quiet(moment: datetime, subscriber: Clocked) -> datetime:
    """Return the moment, or the end of the quiet hours that it falls in."""
    if not subscriber.quiet_from or not subscriber.quiet_until:
        return moment
    zone = ZoneInfo(subscriber.time_zone)
    local = moment.astimezone(zone)
    begin, end = time.fromisoformat(subscriber.quiet_from), time.fromisoformat(subscriber.quiet_until)
    clock = local.time()
    is_overnight = begin > end
    is_quiet = (clock >= begin or clock < end) if is_overnight else begin <= clock < end
    if not is_quiet:
        return moment
    day = local.date() + timedelta(days=1) if is_overnight and clock >= begin else local.date()
    return datetime.combine(day, end, zone).astimezone(UTC)
