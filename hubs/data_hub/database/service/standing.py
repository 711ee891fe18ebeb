"""As things stood on a day: a record with what came later taken out."""

from __future__ import annotations

from datetime import date
from typing import Any

Record = dict[str, Any]


def as_of(kind: str, record: Record, day: date) -> Record:
    """Return a record as it stood on a day by its own dates (valid time, whenever we learned of it)."""
    last = day.isoformat()
    if kind == "bill":
        return _bill(record, last)
    if "memberships" in record:
        record["memberships"] = [m for m in record["memberships"] if in_force(m, last)]
    return record


def in_force(record: Record, day: str) -> bool:
    """Tell whether a record with start and end dates was in force on a day (ISO text)."""
    start, end = record.get("start_date"), record.get("end_date")
    return (start is None or start <= day) and (end is None or end >= day)


def _bill(record: Record, last: str) -> Record:
    stages = [stage for stage in record["stages"] if stage["date"] is None or stage["date"] <= last]
    actions = [action for action in record["actions"] if action["date"] <= last]
    dated = sorted((s for s in stages if s["date"]), key=lambda s: s["date"])
    changed: Record = {
        "stages": stages,
        "actions": actions,
        "royal_assent_on": _until(record["royal_assent_on"], last),
    }
    changed["is_law"] = changed["royal_assent_on"] is not None
    if record["latest_activity_on"] and record["latest_activity_on"] > last:
        # The source's own status is of today; what is known of that day is the stage reached by then.
        reached = dated[-1] if dated else None
        changed["status_code"] = ""
        changed["status_en"] = reached["name_en"] if reached else ""
        changed["status_fr"] = reached["name_fr"] if reached else ""
        seen = [a["date"] for a in actions] + [s["date"] for s in dated]
        changed["latest_activity_on"] = max(seen) if seen else None
        changed["latest_activity_en"] = changed["status_en"]
        changed["latest_activity_fr"] = changed["status_fr"]
    if "votes" in record:
        changed["votes"] = [vote for vote in record["votes"] if vote["date"] <= last]
    return record | changed


def _until(value: str | None, last: str) -> str | None:
    return value if value and value <= last else None
