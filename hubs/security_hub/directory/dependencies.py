"""What endpoints about accounts need."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends

from hubs.security_hub.directory.service import DirectoryService, build
from shared.app import ResourcesDep
from shared.db.cursor import CursorCodec, cursor_codec
from shared.db.dependency import SessionDep


def _service(session: SessionDep, resources: ResourcesDep) -> DirectoryService:
    return build(session, resources)


def _codec(resources: ResourcesDep) -> CursorCodec:
    return cursor_codec(resources.settings)


DirectoryServiceDep = Annotated[DirectoryService, Depends(_service)]
CursorCodecDep = Annotated[CursorCodec, Depends(_codec)]
