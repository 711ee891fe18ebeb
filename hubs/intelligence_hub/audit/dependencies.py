"""What the audit endpoints take."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends

from hubs.intelligence_hub.audit.service import AuditService, build
from hubs.intelligence_hub.audit.writer import AuditWriter
from shared.app import ResourcesDep
from shared.db.dependency import SessionDep


def audit_service(session: SessionDep, resources: ResourcesDep) -> AuditService:
    """Return the service over the request's transaction."""
    return build(session, resources)


def audit_writer(resources: ResourcesDep) -> AuditWriter:
    """Return the writer of this process."""
    return resources.get(AuditWriter)


AuditServiceDep = Annotated[AuditService, Depends(audit_service)]
AuditWriterDep = Annotated[AuditWriter, Depends(audit_writer)]
