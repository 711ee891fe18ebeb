"""A plan: the steps from what a cluster runs to what it should run, each with the memory it takes."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

Action = Literal["clear", "withdraw", "scale", "resize", "objects", "apply", "absorb", "retire"]
Mode = Literal["none", "surge", "rolling", "replace", "create"]

VERSION = 1

WORDS: dict[str, str] = {
    "clear": "delete finished pods",
    "withdraw": "scale to 0 what only waits for a place",
    "scale": "scale down duplicates",
    "resize": "lower its memory",
    "objects": "apply guardrails, configuration, services",
    "apply": "roll out",
    "absorb": "roll out in place of the former services",
    "retire": "scale to 0",
}


@dataclass(frozen=True)
class Step:
    """One step; memory in bytes. ``peak`` is the most that is held at any moment of it."""

    number: int
    action: Action
    workload: str
    wave: int
    phase: int
    mode: Mode
    limits_before: int
    limits_peak: int
    limits_after: int
    requests_before: int
    requests_peak: int
    requests_after: int
    usage_after: int | None
    downtime_s: int = 0
    replaces: tuple[str, ...] = ()
    note: str = ""


@dataclass(frozen=True)
class Refusal:
    """What does not fit, how much is missing (bytes), and what would free it."""

    workload: str
    missing: int
    freed_by: tuple[str, ...]

    def words(self) -> str:
        """Return the refusal as a sentence."""
        need = f"{self.workload} does not fit: {-(-self.missing // 2**20):,}Mi are missing"
        if not self.freed_by:
            return f"{need}; nothing that the plan may touch would free them"
        return f"{need}; {', '.join(self.freed_by)} would free them"


@dataclass(frozen=True)
class Plan:
    """The whole plan; ``room_limits`` is the quota it keeps, ``allocatable`` what percentages refer to."""

    cluster: str
    namespace: str
    room_limits: int
    allocatable: int
    target_digest: str
    steps: tuple[Step, ...]
    sizes: dict[str, tuple[int, int, int]] = field(default_factory=dict)
    """Per workload: request, limit and replicas that the plan leads to."""
    refusal: Refusal | None = None
    keeps_quota: bool = True
    """False when the cluster starts above the quota: then no step adds to what is held until it is below."""

    @property
    def is_empty(self) -> bool:
        """Tell whether there is nothing to do."""
        return not self.steps and self.refusal is None

    def milestones(self) -> list[tuple[str, float, int]]:
        """Return when requests and usage first fall under 80, 50 and 30 %: what, the bound, the step."""
        found = []
        for what in ("requests", "usage") if self.allocatable else ():
            for bound in (0.80, 0.50, 0.30):
                for step in self.steps:
                    amount = step.requests_after if what == "requests" else step.usage_after
                    later = [
                        s.requests_after if what == "requests" else s.usage_after
                        for s in self.steps
                        if s.number >= step.number
                    ]
                    if amount is None or any(other is None for other in later):
                        continue
                    # Under the bound and staying there, not on the way to more.
                    if all(other is not None and other / self.allocatable < bound for other in later):
                        found.append((what, bound, step.number))
                        break
        return found

    def as_dict(self) -> dict[str, Any]:
        """Return the plan as plain values, for JSON."""
        return {"version": VERSION, **asdict(self)}

    def save(self, path: Path) -> None:
        """Write the plan so that `rollout --plan` runs exactly it."""
        path.write_text(json.dumps(self.as_dict(), indent=1), encoding="utf-8")


class BadPlan(ValueError):
    """The file is not a saved plan."""


def load_plan(path: Path) -> Plan:
    """Read a saved plan. Raises: BadPlan."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BadPlan(f"{path}: {error}") from None
    return plan_of(data, str(path))


def plan_of(data: Any, where: str = "the plan") -> Plan:
    """Return the plan that plain values describe. Raises: BadPlan."""
    if not isinstance(data, dict) or data.get("version") != VERSION:
        raise BadPlan(f"{where} is not a plan of version {VERSION}")
    try:
        words = {key: value for key, value in data.items() if key != "version"}
        words["steps"] = tuple(
            Step(**{**step, "replaces": tuple(step.get("replaces", ()))}) for step in data["steps"]
        )
        words["sizes"] = {name: tuple(size) for name, size in data["sizes"].items()}
        if words.get("refusal"):
            refusal = words["refusal"]
            words["refusal"] = Refusal(**{**refusal, "freed_by": tuple(refusal["freed_by"])})
        return Plan(**words)
    except (KeyError, TypeError) as error:
        raise BadPlan(f"{where} is damaged: {error!r}") from None
