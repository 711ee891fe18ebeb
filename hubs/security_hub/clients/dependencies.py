"""What endpoints about clients need."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends

from hubs.security_hub.clients.service import ClientService, build
from shared.app import ResourcesDep
from shared.db.dependency import SessionDep


def _service(session: SessionDep, resources: ResourcesDep) -> ClientService:
    return build(session, resources)


ClientServiceDep = Annotated[ClientService, Depends(_service)]
