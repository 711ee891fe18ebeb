"""What endpoints about external providers need."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends

from hubs.security_hub.federation.remote import RemoteProviders
from hubs.security_hub.federation.service import FederationService, build
from shared.app import ResourcesDep
from shared.db.dependency import SessionDep


def _service(session: SessionDep, resources: ResourcesDep) -> FederationService:
    return build(session, resources)


def _remote(resources: ResourcesDep) -> RemoteProviders:
    return resources.get(RemoteProviders)


FederationServiceDep = Annotated[FederationService, Depends(_service)]
RemoteProvidersDep = Annotated[RemoteProviders, Depends(_remote)]
