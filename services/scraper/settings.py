"""What the scraper adds to the settings: politeness, limits, where its files are."""

from __future__ import annotations

from pathlib import Path
from typing import Self

from pydantic import BaseModel, Field, model_validator

from shared.core.errors import Invalid
from shared.settings import HubSettings


class ScraperOptions(BaseModel):
    """Limits of one worker and manners of its requests."""

    user_agent: str = Field(
        "OpenPolicyBot/0.1 (+https://github.com/OpenPolicy; contact: bot@openpolicy.invalid)",
        description="who is asking, with a way to reach them",
    )
    delay_s: float = Field(0.5, ge=0, description="seconds between two requests to one host")
    max_delay_s: float = Field(30.0, gt=0, description="seconds that throttling may reach")
    request_timeout_s: float = Field(60.0, gt=0, description="seconds for one response")
    retries: int = Field(4, ge=0, description="further attempts at a failed request")
    retry_wait_s: float = Field(2.0, ge=0, description="seconds before the first retry; doubles, with jitter")
    max_retry_wait_s: float = Field(
        120.0, gt=0, description="seconds that a server's Retry-After may ask for"
    )
    max_response_bytes: int = Field(32 * 2**20, ge=1_024, description="bytes of one response")
    breaker_failures: int = Field(5, ge=1, description="failed requests in a row that give up a host")
    child_memory_bytes: int = Field(
        768 * 2**20, ge=32 * 2**20, description="memory that one job may take before it is stopped"
    )
    child_attempts: int = Field(3, ge=1, description="runs of a job whose process dies, before it failed")
    stop_grace_s: float = Field(10.0, gt=0, description="seconds a child gets to end before it is killed")
    progress_every_s: float = Field(1.0, ge=0.05, description="seconds between two progress events")
    metrics_host: str = Field("127.0.0.1", description="address that metrics are served on")
    metrics_port: int = Field(0, ge=0, le=65_535, description="port of /metrics and /healthz; 0 is none")
    upstream: str = Field(
        "", description="base URL that stands in for the real hosts of every job; empty: the real ones"
    )


class ScraperSettings(HubSettings):
    """Settings of the worker and of the child that runs one job."""

    scraper: ScraperOptions = ScraperOptions()

    @model_validator(mode="after")
    def _production_has_its_own_secrets(self) -> Self:
        # In place of the hubs' rule: the scraper has no database and no root secret.
        if self.environment == "production":
            if not self.rabbit.url:
                raise ValueError("production needs OP_RABBIT__URL: the embedded broker is for trying out")
            if "guest:guest@" in self.rabbit.url:
                raise ValueError("production refuses RabbitMQ's default password guest")
            if self.scraper.user_agent.find(".invalid") >= 0:
                raise ValueError("production needs OP_SCRAPER__USER_AGENT with a contact of its own")
        return self

    @property
    def archive_dir(self) -> Path:
        """Return the folder of the WARC archives."""
        return self.data_dir / "archive"

    @property
    def work_dir(self) -> Path:
        """Return the folder of the scraper's own state: runs, validators, heartbeats, locks."""
        return self.data_dir / "scraper"

    def broker_dsn(self) -> str:
        """Return the libpq string of the embedded broker.

        Raises: Invalid when neither it nor RabbitMQ is configured.
        """
        dsn = self.rabbit.embedded_dsn or self.database.url
        if not dsn and not self.rabbit.url:
            raise Invalid("set OP_RABBIT__URL, or OP_RABBIT__EMBEDDED_DSN for the embedded broker")
        return dsn
