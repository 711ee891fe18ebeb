"""Signing in and out, and what somebody signed in may see and change of their own."""

from __future__ import annotations

from fastapi import APIRouter

from hubs.security_hub.auth.router import account, factors, passkeys, signin

router = APIRouter(prefix="/api/v1/auth", tags=["auth"])
for part in (signin, account, factors, passkeys):
    router.include_router(part.router)
