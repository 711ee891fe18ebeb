"""When a task that checks in ought to have done so.

Format: develop.sentry.dev, "Check-Ins": monitor_config.schedule is a crontab or an interval; checkin_margin
and max_runtime are minutes.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from croniter import CroniterError, croniter

from hubs.ops_hub.error_reporting.models import ErrorMonitor

_MARGIN_MINUTES = 5
_RUNTIME_MINUTES = 60
_UNITS = {"minute": 1, "hour": 60, "day": 1_440, "week": 10_080, "month": 43_200, "year": 525_600}


def missed(monitor: ErrorMonitor, now: datetime) -> str:
    """Return why a task is late or has failed, empty when all is well or nobody said when it runs."""
    config: dict[str, Any] = monitor.schedule
    if monitor.status == "error":
        return "failed at its last run"
    if monitor.status == "in_progress":
        runtime = timedelta(minutes=_number(config.get("max_runtime"), _RUNTIME_MINUTES))
        return "runs for too long" if now - monitor.last_check_in > runtime else ""
    expected = next_run(config, monitor.last_check_in)
    if expected is None:
        return ""
    margin = timedelta(minutes=_number(config.get("checkin_margin"), _MARGIN_MINUTES))
    return f"did not check in at {expected:%Y-%m-%d %H:%M} UTC" if now > expected + margin else ""


def next_run(config: dict[str, Any], after: datetime) -> datetime | None:
    """Return when a task runs next after a moment, None when its schedule cannot be read."""
    schedule = config.get("schedule")
    if not isinstance(schedule, dict):
        return None
    value = schedule.get("value")
    if schedule.get("type") == "interval":
        minutes = _UNITS.get(str(schedule.get("unit")), 0) * _number(value, 0)
        return after + timedelta(minutes=minutes) if minutes else None
    try:
        zone = ZoneInfo(str(config.get("timezone") or "UTC"))
        found: datetime = croniter(str(value), after.astimezone(zone)).get_next(datetime)
    except (CroniterError, ValueError, KeyError, OSError):
        return None
    return found.astimezone(after.tzinfo)


def _number(value: Any, default: float) -> float:
    is_sound = isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < 10_000_000
    return float(value) if is_sound else default
