"""Shapes of the monitoring API."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

Level = Literal["CRITICAL", "WARNING", "HEALTHY", "OPTIMAL"]


class TargetGroup(BaseModel):
    """One entry of Prometheus' HTTP service discovery."""

    targets: list[str]
    labels: dict[str, str]


class Point(BaseModel):
    """A value at a moment."""

    at: datetime
    value: float


class History(BaseModel):
    """One series over a span; at most 24 hours are kept."""

    series: str
    unit: str
    points: list[Point]


class ServiceResources(BaseModel):
    """One process: what it may use and what it does use."""

    name: str
    tier: str
    state: str
    usage_mib: float | None = Field(None, description="proportional set size, or the cgroup's working set")
    request_mib: int | None = None
    limit_mib: int | None = None
    pods_ready: int = Field(0, description="in a cluster: pods that are ready")
    pods_wanted: int = Field(0, description="in a cluster: pods that there should be")
    advice_en: str = ""
    advice_fr: str = ""


class ResourceStatus(BaseModel):
    """Memory and processor in the founding document's terms; ``rule`` says what decided the level."""

    level: Level
    rule_en: str
    rule_fr: str
    next_level: Level | None
    blockers: list[str] = Field(description="what stands between this level and the next")
    blockers_fr: list[str] = []
    source: str = Field(description="where the numbers come from: cluster, cgroup or proc")
    allocatable_mib: float
    is_usage_measured: bool = Field(
        True, description="false where no metrics API answers: then the level goes by requests, and says so"
    )
    usage_mib: float
    usage_percent: float
    requests_mib: float
    requests_percent: float
    limits_mib: float
    limits_percent: float
    cpu_percent: float | None
    services_operational: int
    services_total: int
    pods_running: int
    pods_total: int
    pending_pods: list[str] = []
    stale_pods: list[str] = []
    services: list[ServiceResources]
    measured_at: datetime


class AlertIn(BaseModel):
    """One alert of Alertmanager's webhook (version 4)."""

    model_config = ConfigDict(extra="ignore")
    status: Literal["firing", "resolved"]
    labels: dict[str, str]
    annotations: dict[str, str] = {}
    starts_at: datetime = Field(alias="startsAt")
    ends_at: datetime | None = Field(None, alias="endsAt")
    fingerprint: str = Field(min_length=1, max_length=100)


class WebhookIn(BaseModel):
    """Alertmanager's webhook body."""

    model_config = ConfigDict(extra="ignore")
    version: str = "4"
    group_key: str = Field("", alias="groupKey")
    status: Literal["firing", "resolved"]
    receiver: str = ""
    alerts: list[AlertIn] = Field(max_length=2_000)


class AlertRead(BaseModel):
    """An alert; what is silenced or inhibited is not passed on."""

    model_config = ConfigDict(from_attributes=True)
    id: UUID
    fingerprint: str
    name: str
    status: str
    severity: str
    group_key: str
    labels: dict[str, Any]
    annotations: dict[str, Any]
    starts_at: datetime
    ends_at: datetime | None
    received_at: datetime
    notified_at: datetime | None = None
    silenced_by: UUID | None = Field(None, description="the silence or maintenance window that covers it")
    inhibited_by: str | None = Field(None, description="fingerprint of the alert whose consequence it is")


class AlertGroup(BaseModel):
    """Alerts that are told together."""

    group_key: str
    name: str
    severity: str = Field(description="the worst of its members")
    firing: int
    silenced: int
    inhibited: int
    alerts: list[AlertRead]


class SilenceCreate(BaseModel):
    """Labels to silence, from when to when, and why; a start in the future is a maintenance window."""

    model_config = ConfigDict(extra="forbid")
    matchers: dict[str, str] = Field(min_length=1, max_length=20)
    reason: str = Field(min_length=3, max_length=1_000)
    starts_at: datetime | None = None
    ends_at: datetime


class SilenceRead(BaseModel):
    """A silence."""

    model_config = ConfigDict(from_attributes=True)
    id: UUID
    matchers: dict[str, str]
    reason: str
    created_by: str
    starts_at: datetime
    ends_at: datetime
    is_maintenance: bool


class Burn(BaseModel):
    """How fast the budget of an objective goes over a long and a short window together."""

    window: str
    short_s: float = Field(0, description="seconds of the short window")
    factor: float = Field(description="times too fast at which it fires")
    rate: float | None = Field(
        None, description="times too fast over the long window; 1 is exactly the budget"
    )
    is_firing: bool = False


class Objective(BaseModel):
    """A service level objective with what was measured over the kept span."""

    key: str
    name_en: str
    name_fr: str
    target: float
    unit: str
    measured: float | None
    is_met: bool | None
    burn_rate: float | None = Field(None, description="share of the error budget used per share of time")
    burns: list[Burn] = []
    samples: int
    caveat_en: str
    caveat_fr: str
