"""What ops_hub adds to the settings: whom it watches, what it keeps, whom it tells."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, Field, SecretStr

from shared.settings import HubSettings


class WorkerUrls(BaseModel):
    """Base URL of the port on which each process without an API answers; empty: not watched."""

    importer: str = Field("", description="base URL of its port; empty: not watched")
    scraper: str = Field("", description="base URL of its port; empty: not watched")
    celery_worker: str = Field("", description="base URL of its port; empty: not watched")
    celery_beat: str = Field("", description="base URL of its port; empty: not watched")


class OpsOptions(BaseModel):
    """How often is looked, what is too much, and who is told."""

    workers: WorkerUrls = WorkerUrls()
    poll_every_s: float = Field(3.0, gt=0, description="seconds between two looks at each target")
    check_timeout_s: float = Field(2.0, gt=0, description="seconds until a silent target has failed a check")
    start_grace_s: float = Field(
        30.0, ge=0, description="seconds after the start in which nothing that was never up is down"
    )
    certificates: list[str] = Field(
        [], description="host:port of TLS servers whose certificate is watched, beside the public one"
    )
    certificate_days: int = Field(14, ge=1, description="days before its end that a certificate is a warning")
    disk_percent: float = Field(90.0, gt=0, le=100, description="share of the data disk that is a warning")
    backup_dir: Path | None = Field(None, description="folder of the backups; empty: not watched here")
    backup_hours: float = Field(26.0, gt=0, description="hours after which the newest backup is too old")
    alert_url: SecretStr = Field(
        SecretStr(""), description="webhook (Alertmanager's format) that alerts are passed on to; empty: none"
    )
    errors_per_s: float = Field(200.0, gt=0, description="error reports per second and project, on average")
    errors_burst: float = Field(1_000.0, ge=1, description="error reports of a project at once")
    errors_keep_days: int = Field(30, ge=1, description="days that error reports are kept")
    errors_keep: int = Field(100_000, ge=1, description="error reports that are kept, the newest")
    namespace: str = Field("openpolicy", description="namespace of the platform in a cluster")


class OpsSettings(HubSettings):
    """Settings of ops_hub."""

    ops: OpsOptions = OpsOptions()


def settings_of(settings: HubSettings) -> OpsSettings:
    """Return this hub's settings; a process that was given the common ones reads its own beside them."""
    if isinstance(settings, OpsSettings):
        return settings
    return OpsSettings(**{name: getattr(settings, name) for name in HubSettings.model_fields})
