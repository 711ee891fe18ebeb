"""What endpoints about organisations need."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends

from hubs.security_hub.organisations.service import OrganisationService, build
from shared.app import ResourcesDep
from shared.db.dependency import SessionDep


def _service(session: SessionDep, resources: ResourcesDep) -> OrganisationService:
    return build(session, resources)


OrganisationServiceDep = Annotated[OrganisationService, Depends(_service)]
