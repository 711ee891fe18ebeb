"""Pages for signing in, registering, recovering, and one's own account."""

from __future__ import annotations

from fastapi import APIRouter

from hubs.security_hub.signin.router import account, enter, external, leave, links, passkeys

router = APIRouter()
for part in (enter, links, account, passkeys, external):
    router.include_router(part.router, prefix="/signin", tags=["pages"])
router.include_router(leave.router)
