"""The port and name table `deploy/table.toml`: what the platform consists of, its order, its calls."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Tier = Literal["infra", "hub", "worker", "job"]
Strategy = Literal["surge", "recreate"]


class Component(BaseModel):
    """One workload of the platform."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    tier: Tier
    wave: int = Field(ge=0, le=9)
    phase: int = Field(ge=1, le=4)
    kind: Literal["StatefulSet", "Deployment", "Job", "CronJob"]
    port: int = Field(ge=0, le=65535)
    metrics: int = Field(ge=0, le=65535)
    probes: Literal["http", "tcp", "exec", "none"]
    strategy: Strategy
    services: tuple[str, ...]
    calls: tuple[str, ...]
    internet: tuple[str, ...] = ()
    cluster_api: bool = False
    public: bool = False

    def callees(self) -> list[tuple[str, int | None]]:
        """Return whom it calls, each with a port where it is not the other's own."""
        pairs = [entry.partition(":") for entry in self.calls]
        return [(name, int(port) if port else None) for name, _, port in pairs]


class Table(BaseModel):
    """The whole table."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    namespace: str
    former_services: int
    component: tuple[Component, ...]

    def get(self, name: str) -> Component:
        """Return the component of that name. Raises: KeyError."""
        for component in self.component:
            if component.name == name:
                return component
        raise KeyError(name)

    def find(self, name: str) -> Component | None:
        """Return the component of that name, or None."""
        return next((component for component in self.component if component.name == name), None)

    def logical_services(self) -> dict[str, list[str]]:
        """Return every former service with the workloads that must be ready for it to be up."""
        found: dict[str, list[str]] = {}
        for component in self.component:
            for service in component.services:
                found.setdefault(service, []).append(component.name)
        return found


def deploy_dir() -> Path:
    """Return the folder `deploy`: `$OP_DEPLOY_DIR`, else the checkout's.

    Raises: FileNotFoundError when there is neither; manifests are not part of the installed package.
    """
    named = os.environ.get("OP_DEPLOY_DIR")
    places = [Path(named)] if named else [Path(__file__).parents[2] / "deploy", Path.cwd() / "deploy"]
    for place in places:
        if (place / "table.toml").is_file():
            return place
    raise FileNotFoundError(
        f"no table.toml in {', '.join(str(place) for place in places)}; set OP_DEPLOY_DIR"
    )


def load_table(folder: Path | None = None) -> Table:
    """Read the table. Raises: FileNotFoundError, pydantic.ValidationError."""
    path = (folder or deploy_dir()) / "table.toml"
    return Table.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
