"""What a member did, day by day, and whose votes are like the member's own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

Row = Mapping[str, Any]
FEW_VOTES = 10
"""Fewer votes in common than this say nothing about agreement, if others have more."""


@dataclass(frozen=True)
class Act:
    """One thing that a member did."""

    day: str
    kind: Literal["ballot", "speech", "bill"]
    row: Row


def by_day(
    bills: Sequence[Row], speeches: Sequence[Row], ballots: Sequence[Row], most: int
) -> list[tuple[str, list[Act]]]:
    """Return the newest acts grouped by day (ISO), the newest day first."""
    acts = [Act(str(row["introduced_on"]), "bill", row) for row in bills if row.get("introduced_on")]
    acts += [
        Act(str(row["time"])[:10], "speech", row)
        for row in speeches
        if row.get("time") and row.get("debate_id")
    ]
    acts += [Act(str(row["date"]), "ballot", row) for row in ballots if row.get("date")]
    acts.sort(key=lambda act: act.day, reverse=True)
    days: dict[str, list[Act]] = {}
    for act in acts[:most]:
        days.setdefault(act.day, []).append(act)
    return list(days.items())


def extremes(rows: Sequence[Row], most: int = 10) -> tuple[list[Row], list[Row]]:
    """Return those who agree most and those who agree least; nobody is in both."""
    firm = [row for row in rows if row["votes"] >= FEW_VOTES] or list(rows)
    half = min(most, (len(firm) + 1) // 2)
    ordered = sorted(firm, key=lambda row: (-row["agreement"], -row["votes"], row["name"]))
    return ordered[:half], ordered[half:][::-1][:most]
