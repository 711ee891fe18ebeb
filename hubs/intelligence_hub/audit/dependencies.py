"""What the audit endpoints take."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import Depends, Query

from hubs.intelligence_hub.audit.schemas import Search
from hubs.intelligence_hub.audit.service import AuditService, build
from hubs.intelligence_hub.audit.writer import AuditWriter
from shared.app import ResourcesDep
from shared.core.clock import in_utc
from shared.core.errors import Invalid
from shared.db.dependency import SessionDep

Text = Annotated[str, Query(max_length=500)]


def audit_service(session: SessionDep, resources: ResourcesDep) -> AuditService:
    """Return the service over the request's transaction."""
    return build(session, resources)


def audit_writer(resources: ResourcesDep) -> AuditWriter:
    """Return the writer of this process."""
    return resources.get(AuditWriter)


def search_of(
    actor: Text = "",
    action: Annotated[str, Query(max_length=100, description="exact, or a beginning followed by *")] = "",
    target: Text = "",
    target_type: Text = "",
    producer: Text = "",
    request_id: Text = "",
    since: Annotated[datetime | None, Query(description="occurred at or after")] = None,
    until: Annotated[datetime | None, Query(description="occurred before")] = None,
) -> Search:
    """Return what a request looks for."""
    return Search(
        actor=actor,
        action=action,
        target=target,
        target_type=target_type,
        producer=producer,
        request_id=request_id,
        since=_moment("since", since),
        until=_moment("until", until),
    )


def _moment(name: str, given: datetime | None) -> datetime | None:
    try:
        return None if given is None else in_utc(given)
    except ValueError as error:
        raise Invalid(f"{name}: {error}") from error


SearchDep = Annotated[Search, Depends(search_of)]
AuditServiceDep = Annotated[AuditService, Depends(audit_service)]
AuditWriterDep = Annotated[AuditWriter, Depends(audit_writer)]
