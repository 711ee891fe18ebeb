"""What endpoints about policies need."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends

from hubs.security_hub.policy.service import PolicyService, build
from shared.app import ResourcesDep
from shared.db.dependency import SessionDep


def _service(session: SessionDep, resources: ResourcesDep) -> PolicyService:
    return build(session, resources)


PolicyServiceDep = Annotated[PolicyService, Depends(_service)]
