"""What endpoints about API keys need."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends

from hubs.security_hub.apikeys.service import ApiKeyService, build
from shared.app import ResourcesDep
from shared.db.dependency import SessionDep


def _service(session: SessionDep, resources: ResourcesDep) -> ApiKeyService:
    return build(session, resources)


ApiKeyServiceDep = Annotated[ApiKeyService, Depends(_service)]
