"""What an endpoint about keys may ask for."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends

from hubs.security_hub.keys.service import KeyRing, KeyService, build
from shared.app import ResourcesDep
from shared.db.dependency import SessionDep


def _service(session: SessionDep, resources: ResourcesDep) -> KeyService:
    return build(session, resources)


def _ring(resources: ResourcesDep) -> KeyRing:
    return resources.get(KeyRing)


KeyServiceDep = Annotated[KeyService, Depends(_service)]
KeyRingDep = Annotated[KeyRing, Depends(_ring)]
