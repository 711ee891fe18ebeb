"""What endpoints about bundles need."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends

from hubs.security_hub.bundles.service import BundleService, build
from shared.app import ResourcesDep
from shared.db.dependency import SessionDep


def _service(session: SessionDep, resources: ResourcesDep) -> BundleService:
    return build(session, resources)


BundleServiceDep = Annotated[BundleService, Depends(_service)]
