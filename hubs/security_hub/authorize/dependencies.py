"""What the authorization endpoint needs."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends

from hubs.security_hub.authorize.service import AuthorizeService, build
from shared.app import ResourcesDep
from shared.db.dependency import SessionDep


def _service(session: SessionDep, resources: ResourcesDep) -> AuthorizeService:
    return build(session, resources)


AuthorizeServiceDep = Annotated[AuthorizeService, Depends(_service)]
