"""What the importer's endpoints and threads are given."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from fastapi import Depends
from sqlalchemy.orm import Session

from hubs.business_hub.base import outbox
from hubs.business_hub.etl.loading import Canon
from hubs.business_hub.etl.pipeline import Pipeline
from hubs.business_hub.etl.promotion_repository import PromotionRepository
from hubs.business_hub.etl.quality_repository import QualityRepository
from hubs.business_hub.etl.repository import RunRepository
from hubs.business_hub.etl.service.promotions import PromotionService
from hubs.business_hub.etl.service.quality import QualityService
from hubs.business_hub.etl.service.runs import RunService
from hubs.business_hub.etl.tools import Tools
from hubs.business_hub.queue.dependencies import build_jobs, interval_of, known_sources
from hubs.business_hub.settings import settings_of
from shared.app import Resources, ResourcesDep
from shared.db.dependency import SessionDep
from shared.outbox.outbox import Outbox


def build_runs(resources: Resources, session: Session) -> RunService:
    """Return the service of one transaction of this process."""
    return RunService(
        RunRepository(session),
        build_jobs(resources, session),
        Outbox(session, outbox),
        QualityService(QualityRepository(session)),
    )


def build_promotions(resources: Resources, session: Session) -> PromotionService:
    """Return the promotions of one transaction of this process."""
    return PromotionService(
        PromotionRepository(session),
        build_runs(resources, session),
        build_jobs(resources, session),
        Outbox(session, outbox),
    )


def promotion_service(resources: ResourcesDep, session: SessionDep) -> PromotionService:
    """Dependency: the promotions of this request."""
    return build_promotions(resources, session)


def run_service(resources: ResourcesDep, session: SessionDep) -> RunService:
    """Dependency: the service of this request."""
    return build_runs(resources, session)


def open_pipeline(resources: Resources, canon: Canon) -> Pipeline:
    """Return the pipeline of this process and keep it, and the record it loads into, with its resources."""
    pipeline = Pipeline(
        Tools(
            engine=resources.engine,
            sessions=resources.sessionmaker,
            canon=canon,
            find_source=known_sources(resources).find,
            interval_of=interval_of,
            build_service=lambda session: build_runs(resources, session),
            settings=settings_of(resources.settings).imports,
        )
    )
    resources.put(pipeline)
    resources.put(CanonHolder(canon))
    return pipeline


@dataclass(frozen=True)
class CanonHolder:
    """The record that this process loads into."""

    canon: Canon


def find_canon(resources: Resources) -> Canon:
    """Return the record that this process loads into.

    Raises: Unavailable in a process that loads nothing.
    """
    return resources.get(CanonHolder).canon


def carry_run(resources: Resources, run_id: UUID) -> None:
    """Carry a sealed run as far as it goes, unless another process does.

    Raises: AppError with status 429 or 50x while a dependency is away.
    """
    resources.get(Pipeline).carry(run_id)


def quality_service(session: SessionDep) -> QualityService:
    """Dependency: the quality of sources and runs."""
    return QualityService(QualityRepository(session))


QualityServiceDep = Annotated[QualityService, Depends(quality_service)]
PromotionServiceDep = Annotated[PromotionService, Depends(promotion_service)]
RunServiceDep = Annotated[RunService, Depends(run_service)]
