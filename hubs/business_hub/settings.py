"""What business_hub adds to the settings: jobs, the registry of sources and the guards of imports."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, Field

from shared.contracts.events.jobs import SCRAPE_QUEUE, TASK_QUEUE
from shared.settings import HubSettings, live


class JobSettings(BaseModel):
    """How jobs are watched; all times in seconds."""

    mode: Literal["production", "test"] = Field(
        "production", description="what becomes of records where a job does not say: loaded, or staged"
    )
    upstream: str = Field(
        "",
        description="base URL that stands in for the real hosts of jobs that name none; empty: the real ones",
    )
    timeout_s: float = Field(
        3_600.0, gt=0, description="seconds for a crawl when neither job nor source says"
    )
    timeout_grace_s: float = Field(60.0, ge=0, description="seconds that the worker has to end it by itself")
    silence_s: float = Field(
        900.0,
        gt=0,
        description="seconds without a sign of life until a crawl is given up",
        json_schema_extra=live("secondes sans signe de vie avant d’abandonner une collecte"),
    )
    import_timeout_s: float = Field(
        21_600.0, gt=0, description="seconds from the end of a crawl to that of its import"
    )
    redispatch_s: float = Field(
        600.0,
        gt=0,
        description="seconds until a request that no worker took is sent again",
        json_schema_extra=live("secondes avant de renvoyer une demande que personne n’a prise"),
    )
    keeper_interval_s: float = Field(5.0, gt=0, description="seconds between two rounds of the keeper")
    max_attempts: int = Field(20, ge=1, description="runs of one job until it fails")


class ImportSettings(BaseModel):
    """When an import is held back, and how it is cut into pieces."""

    max_drop: float = Field(
        0.2,
        ge=0,
        le=1,
        description="part of a complete set that may vanish in one run",
        json_schema_extra=live("part d’un ensemble complet qui peut disparaître en une collecte"),
    )
    min_rows_for_drop: int = Field(
        5,
        ge=1,
        description="below this many known rows the drop guard is silent",
        json_schema_extra=live("nombre de lignes connues sous lequel la garde reste muette"),
    )
    batch_records: int = Field(500, ge=1, le=5_000, description="records per request to data_hub")
    batch_bytes: int = Field(4 * 2**20, ge=1024, description="bytes of records per request to data_hub")
    parallel: int = Field(2, ge=1, le=8, description="requests to data_hub side by side")
    missing_batches_s: float = Field(
        600.0, gt=0, description="seconds to wait for batches after the end of a crawl"
    )
    min_share_to_promote: float = Field(
        0.95, ge=0, le=1, description="part of a complete set that a test run needs to be promoted"
    )
    sample_to_promote: int = Field(
        1_000, ge=1, le=5_000, description="records of a test run that are checked one by one"
    )
    keep_days: int = Field(
        30, ge=1, description="days that records are kept that wait for a review or to be promoted"
    )


class UploadSettings(BaseModel):
    """What may be brought to be imported; sizes in bytes."""

    folder: Path | None = Field(
        None, description="folder whose files may be imported in place; empty: data_dir/imports"
    )
    max_bytes: int = Field(256 * 2**20, ge=1024, description="bytes of an upload")
    max_unpacked_bytes: int = Field(2**30, ge=1024, description="bytes of an archive when unpacked")
    max_document_bytes: int = Field(64 * 2**20, ge=1024, description="bytes of a document read as a whole")
    max_documents: int = Field(50_000, ge=1, description="files in an archive or a folder")
    max_rows: int = Field(2_000_000, ge=1, description="rows of a table")
    max_columns: int = Field(256, ge=1, description="columns of a table")
    max_problems: int = Field(1_000, ge=1, description="problems that are kept of one upload")
    keep_bytes_days: int = Field(30, ge=0, description="days that the bytes of an upload are kept")


class TaskSettings(BaseModel):
    """Who does this hub's own work: the importer itself, or Celery workers; times in seconds."""

    runner: Literal["auto", "importer", "celery"] = Field(
        "auto", description="auto: Celery where RabbitMQ is, the importer otherwise"
    )
    time_limit_s: int = Field(3_600, ge=60, description="seconds until Celery kills a task")
    soft_time_limit_s: int = Field(3_000, ge=30, description="seconds until Celery interrupts a task")
    max_memory_kib: int = Field(400_000, ge=50_000, description="KiB after which Celery replaces a child")

    def is_done_here(self, settings: HubSettings) -> bool:
        """Tell whether the importer does the tasks."""
        return self.runner == "importer" or (self.runner == "auto" and not settings.rabbit.url)


class BrokerSettings(BaseModel):
    """What is known of the broker where it does not tell by itself."""

    known_queues: list[str] = Field(
        [
            "business.etl",
            "business.queue",
            TASK_QUEUE,
            "data.search",
            "intelligence.analytics",
            "intelligence.audit",
            "openpolicy_tasks",
            SCRAPE_QUEUE,
            "ux.notification",
        ],
        description="queues shown where RabbitMQ has no management API",
    )


class BusinessSettings(HubSettings):
    """Settings of business_hub and of the importer."""

    sources_file: Path | None = Field(
        None, description="registry of sources (TOML); empty: the one that comes with the scraper"
    )
    jobs: JobSettings = JobSettings()
    imports: ImportSettings = ImportSettings()
    uploads: UploadSettings = UploadSettings()
    tasks: TaskSettings = TaskSettings()
    broker: BrokerSettings = BrokerSettings()


def settings_of(settings: HubSettings) -> BusinessSettings:
    """Return this hub's settings; a process that was given the common ones reads its own beside them."""
    if isinstance(settings, BusinessSettings):
        return settings
    return BusinessSettings(**{name: getattr(settings, name) for name in HubSettings.model_fields})
