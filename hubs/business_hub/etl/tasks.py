"""Tasks of tested and of loaded runs: promote one, roll one back. Each may be run again."""

from __future__ import annotations

import os
import socket
from uuid import UUID

from hubs.business_hub.etl.dependencies import build_promotions, carry_run, find_canon
from hubs.business_hub.etl.repository import RunRepository
from hubs.business_hub.etl.trials import differs_from
from hubs.business_hub.queue.dependencies import build_jobs
from shared.app import Resources
from shared.core.errors import AppError
from shared.db.session import transaction

WORKER = f"{socket.gethostname()}:{os.getpid()}"
_WAITING = {429, 502, 503, 504}


def promote_run(resources: Resources, job_id: str) -> None:
    """Prepare a tested run anew, back up what it touches, and load it.

    Raises: AppError with status 429 or 50x while a dependency is away.
    """
    job = UUID(job_id)
    with transaction(resources.sessionmaker) as session:
        jobs = build_jobs(resources, session)
        run_id = jobs.get(job).run_id
        run = RunRepository(session).lock(run_id) if run_id else None
        if run is None or run.job_id != job or not jobs.begin_work(job, WORKER):
            return
        build_promotions(resources, session).begin(run)
    assert run_id is not None
    carry_run(resources, run_id)


def roll_run_back(resources: Resources, job_id: str) -> None:
    """Take back what a loaded run changed, and say whether all stands as it did before.

    Raises: AppError with status 429 or 50x while a dependency is away.
    """
    job = UUID(job_id)
    with transaction(resources.sessionmaker) as session:
        jobs = build_jobs(resources, session)
        run_id = jobs.get(job).run_id
        run = RunRepository(session).find(run_id) if run_id else None
        if run is None or run.job_id != job or not jobs.begin_work(job, WORKER):
            return
        source_id = run.source_id
        promotion = build_promotions(resources, session).find_with_backup(run.run_id)
        backup = promotion.backup if promotion is not None else None
    canon = find_canon(resources)
    try:
        report = canon.revert_run(run.run_id, source_id)
        differing = differs_from(canon, source_id, backup) if backup else None
    except AppError as error:
        if error.status in _WAITING:
            raise
        with transaction(resources.sessionmaker) as session:
            build_jobs(resources, session).finish(job, "failed", reason=error.detail)
        return
    kept = sum(report.kept.values())
    english, french = ["Rolled back."], ["Annulé."]
    if kept:
        english.append(f"{kept} records were changed since and stay.")
        french.append(f"{kept} enregistrements modifiés depuis demeurent.")
    if differing == 0:
        english.append("Everything stands as in the backup.")
        french.append("Tout est comme dans la sauvegarde.")
    elif differing:
        english.append(f"{differing} records do not stand as in the backup.")
        french.append(f"{differing} enregistrements diffèrent de la sauvegarde.")
    with transaction(resources.sessionmaker) as session:
        build_promotions(resources, session).mark_reverted(run.run_id)
        build_jobs(resources, session).finish(
            job, "succeeded", report=report.report, summary=(" ".join(english), " ".join(french))
        )
