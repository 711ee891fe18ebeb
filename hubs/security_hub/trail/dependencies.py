"""What an endpoint needs to leave a trail."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends

from hubs.security_hub.trail.service import Trail, build
from shared.app import ResourcesDep
from shared.db.dependency import SessionDep


def _trail(session: SessionDep, resources: ResourcesDep) -> Trail:
    return build(session, resources)


TrailDep = Annotated[Trail, Depends(_trail)]
