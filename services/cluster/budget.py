"""The memory budget `deploy/budget.toml`: read it, add it up, and write measured footprints into it."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from services.cluster.table import deploy_dir


class ComponentBudget(BaseModel):
    """One workload's memory in Mi and its processor share in thousandths of a core."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    request: int = Field(gt=0)
    limit: int = Field(gt=0)
    cpu: int = Field(gt=0)
    expected: int = Field(gt=0)
    idle: float = Field(ge=0)
    loaded: float = Field(ge=0)
    basis: str


class Budget(BaseModel):
    """The whole budget, in Mi."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    allocatable: int
    node: int
    quota: int
    system: int
    expected_share: float = Field(gt=0, lt=1)
    measured_at: str
    reserve: dict[str, int]
    component: dict[str, ComponentBudget]

    @property
    def requests(self) -> int:
        """Return the sum of requests in Mi."""
        return sum(part.request for part in self.component.values())

    @property
    def limits(self) -> int:
        """Return the sum of limits in Mi."""
        return sum(part.limit for part in self.component.values())

    @property
    def reserved(self) -> int:
        """Return what a rollout needs beside the running pods, in Mi."""
        return sum(self.reserve.values())

    @property
    def expected(self) -> float:
        """Return the expected working set in Mi: what was measured under load, else what is expected."""
        return sum(part.loaded or part.expected for part in self.component.values())

    def faults(self) -> list[str]:
        """Return in words what does not fit; empty when everything does."""
        found = []
        if self.limits + self.reserved > self.quota:
            found.append(f"limits {self.limits} + reserve {self.reserved} exceed the quota {self.quota} Mi")
        if self.quota > self.allocatable:
            found.append(f"the quota {self.quota} exceeds what the node can allocate, {self.allocatable} Mi")
        share = self.expected / self.node
        if share > self.expected_share:
            found.append(f"expected working set is {share:.1%} of the node, over {self.expected_share:.0%}")
        for name, part in self.component.items():
            if part.request > part.limit:
                found.append(f"{name}: request {part.request} over limit {part.limit} Mi")
            if part.loaded and part.loaded > part.limit * 0.85:
                found.append(f"{name}: {part.loaded:.0f} Mi measured is over 85 % of its limit {part.limit}")
        return found


def budget_path(folder: Path | None = None) -> Path:
    """Return where the budget is. Raises: FileNotFoundError."""
    return (folder or deploy_dir()) / "budget.toml"


def load_budget(path: Path | None = None) -> Budget:
    """Read the budget. Raises: FileNotFoundError, pydantic.ValidationError."""
    return Budget.model_validate(tomllib.loads((path or budget_path()).read_text(encoding="utf-8")))


def record_measurements(
    measured: dict[str, tuple[float, float]], measured_at: str, path: Path | None = None
) -> Budget:
    """Write idle and loaded Mi per component into the file, leaving every other line and comment as it is.

    Raises: KeyError for a component that the budget does not have.
    """
    target = path or budget_path()
    known = load_budget(target).component
    text = target.read_text(encoding="utf-8")
    for name, (idle, loaded) in measured.items():
        if name not in known:
            raise KeyError(name)
        head, section, rest = _section(text, name)
        section = re.sub(r"(?m)^idle = .*$", f"idle = {idle:.1f}", section)
        section = re.sub(r"(?m)^loaded = .*$", f"loaded = {loaded:.1f}", section)
        text = head + section + rest
    stamp = measured_at.replace("\\", "").replace('"', "")
    text = re.sub(r'(?m)^measured_at = "[^"]*"', f'measured_at = "{stamp}"', text)
    target.write_text(text, encoding="utf-8")
    return load_budget(target)


def _section(text: str, name: str) -> tuple[str, str, str]:
    start = text.index(f"[component.{name}]")
    end = text.find("\n[", start + 1)
    end = len(text) if end < 0 else end
    return text[:start], text[start:end], text[end:]
