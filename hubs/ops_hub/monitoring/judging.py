"""What ought to fire, from the health checks and from the objectives."""

from __future__ import annotations

from datetime import timedelta

from hubs.ops_hub.health.schemas import HealthRead, TargetRead
from hubs.ops_hub.monitoring.alerts import AlertBook, AlertSpec
from hubs.ops_hub.monitoring.schemas import Objective

_NOT_FATAL = {"redis", "backup", "celery-beat", "celery-worker"}
"""What the platform works without, for a while."""


def judge_health(book: AlertBook, health: HealthRead) -> None:
    """Declare one alert per root cause and one per warning; say what the roots explain."""
    specs, explained = [], {}
    for row in health.targets:
        if row.name in health.roots:
            spec = _down(row)
            specs.append(spec)
            explained[row.name] = spec.fingerprint
        elif row.state == "degraded":
            specs.append(_degraded(row))
    for row in health.targets:
        for cause in row.caused_by:
            if cause in explained:
                explained.setdefault(row.name, explained[cause])
    book.declare("health", specs)
    book.explain(explained)


def _down(row: TargetRead) -> AlertSpec:
    severity = "warning" if row.name in _NOT_FATAL else "critical"
    stands_en = f"; it concerns {', '.join(row.dependants)}" if row.dependants else ""
    stands_fr = f" ; cela touche {', '.join(row.dependants)}" if row.dependants else ""
    return AlertSpec(
        "TargetDown",
        severity,
        (("target", row.name), ("kind", row.kind)),
        f"{row.label_en} does not work: {row.reason}{stands_en}",
        f"{row.label_fr} ne fonctionne pas : {row.reason}{stands_fr}",
        "docs/runbooks/hub-down.md",
    )


def _degraded(row: TargetRead) -> AlertSpec:
    return AlertSpec(
        "TargetDegraded",
        "warning",
        (("target", row.name), ("kind", row.kind)),
        f"{row.label_en}: {row.reason}",
        f"{row.label_fr} : {row.reason}",
        "docs/runbooks/warnings.md",
    )


def judge_objectives(book: AlertBook, objectives: list[Objective]) -> None:
    """Declare an alert per objective whose budget burns fast.

    What a known cause has burnt within the short window is its consequence, and no alert of its own; the
    downtime of whole hubs is what the health checks tell.
    """
    book.declare(
        "objectives",
        [
            AlertSpec(
                "ErrorBudgetBurns",
                "critical" if burn.factor >= 14 else "warning",
                (("objective", objective.key), ("window", burn.window)),
                f"{objective.name_en}: the budget burns {burn.rate:.0f} times too fast over {burn.window}",
                f"{objective.name_fr} : la marge fond {burn.rate:.0f} fois trop vite sur {burn.window}",
                "docs/runbooks/errors.md",
            )
            for objective in objectives
            if objective.key != "availability"
            for burn in objective.burns
            if burn.is_firing and not book.has_incident_within(timedelta(seconds=burn.short_s))
        ],
    )
