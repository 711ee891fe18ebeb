"""What the mobile endpoints are given."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends

from hubs.ux_hub.mobile.service import MobileService
from hubs.ux_hub.web.dependencies import ReaderDep


def _service(record: ReaderDep) -> MobileService:
    return MobileService(record)


MobileServiceDep = Annotated[MobileService, Depends(_service)]
