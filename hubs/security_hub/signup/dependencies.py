"""What endpoints about getting an account need."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends

from hubs.security_hub.signup.service import SignupService
from shared.app import ResourcesDep


def _service(resources: ResourcesDep) -> SignupService:
    return SignupService(resources)


SignupServiceDep = Annotated[SignupService, Depends(_service)]
