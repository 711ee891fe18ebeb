"""What endpoints about roles need."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends

from hubs.security_hub.roles.service import RoleService, build
from shared.app import ResourcesDep
from shared.db.dependency import SessionDep


def _service(session: SessionDep, resources: ResourcesDep) -> RoleService:
    return build(session, resources)


RoleServiceDep = Annotated[RoleService, Depends(_service)]
