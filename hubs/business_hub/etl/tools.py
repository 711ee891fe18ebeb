"""What the pipeline works with, and what it knows of a run before it asks its guards."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Engine
from sqlalchemy.orm import Session, sessionmaker

from hubs.business_hub.etl.guards import RunFacts
from hubs.business_hub.etl.loading import Canon, complete_sets, known_in_set
from hubs.business_hub.etl.service.runs import RunService
from hubs.business_hub.settings import ImportSettings
from shared.contracts.http.jobs import SourceRead
from shared.core.clock import utc_now
from shared.db.session import transaction


@dataclass(frozen=True)
class Batch:
    """Records of one kind that are sent together; without bodies they are only noted as seen."""

    keys: tuple[str, ...]
    bodies: tuple[bytes, ...]

    @property
    def last(self) -> str:
        """Return the key after which the next batch begins."""
        return self.keys[-1]


@dataclass(frozen=True)
class Tools:
    """What the pipeline works with."""

    engine: Engine
    sessions: sessionmaker[Session]
    canon: Canon
    find_source: Callable[[str], SourceRead | None]
    interval_of: Callable[[str], float | None]
    """Seconds between two slots of a cron expression."""
    build_service: Callable[[Session], RunService]
    settings: ImportSettings
    clock: Callable[[], datetime] = utc_now


def facts_of_run(tools: Tools, run_id: UUID) -> RunFacts:
    """Return what guards and gate look at.

    Raises: AppError with status 429 or 50x while data_hub is away.
    """
    with transaction(tools.sessions) as session:
        service = tools.build_service(session)
        run = service.get(run_id)
        source_id, complete, options = run.source_id, complete_sets(run.complete), service.options_of(run)
        staged, sessions, origin = run.staged, run.cursor.get("sessions", {}), run.origin
        in_set = {one: service.runs.staged_with_prefix(run_id, one.kind, one.prefix) for one in complete}
    known = tools.canon.source_counts(source_id) if complete else None
    source = tools.find_source(source_id)
    is_full = not (options.limit or options.replay or options.upstream or options.session)
    return RunFacts(
        staged=staged,
        complete=complete,
        staged_in_set=in_set,
        known_in_set={one: known_in_set(known, one) for one in complete} if known else {},
        sessions=sessions,
        asked_session=options.session,
        expect=source.expect if source is not None and is_full else {},
        may_be_empty=origin == "upload" or (source is not None and source.may_be_empty),
    )
