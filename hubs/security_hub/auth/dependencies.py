"""What endpoints about signing in need, and the rule that a person's session must still count."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request

from hubs.security_hub.accounts.service import AccountService
from hubs.security_hub.accounts.service import build as build_accounts
from hubs.security_hub.auth.errors import NoSession
from hubs.security_hub.auth.service import AuthService, Origin
from hubs.security_hub.factors.service import FactorService
from hubs.security_hub.factors.service import build as build_factors
from hubs.security_hub.passkeys.service import PasskeyService
from hubs.security_hub.passkeys.service import build as build_passkeys
from hubs.security_hub.roles.service import RoleService
from hubs.security_hub.roles.service import build as build_roles
from hubs.security_hub.sessions.service import SessionService
from hubs.security_hub.sessions.service import build as build_sessions
from hubs.security_hub.throttle.dependencies import AddressDep
from shared.app import ResourcesDep
from shared.auth import Principal, SignedIn
from shared.db.dependency import SessionDep


@dataclass(frozen=True)
class Person:
    """A person whose session counts right now, not only by the word of a token."""

    user_id: UUID
    session_id: UUID
    principal: Principal


def _auth(resources: ResourcesDep) -> AuthService:
    return AuthService(resources)


def _accounts(session: SessionDep, resources: ResourcesDep) -> AccountService:
    return build_accounts(session, resources)


def _roles(session: SessionDep, resources: ResourcesDep) -> RoleService:
    return build_roles(session, resources)


def _sessions(session: SessionDep, resources: ResourcesDep) -> SessionService:
    return build_sessions(session, resources)


def _factors(session: SessionDep, resources: ResourcesDep) -> FactorService:
    return build_factors(session, resources)


def _passkeys(session: SessionDep, resources: ResourcesDep) -> PasskeyService:
    return build_passkeys(session, resources)


def _origin(request: Request, address: AddressDep) -> Origin:
    return Origin(address, request.headers.get("user-agent", ""))


AuthServiceDep = Annotated[AuthService, Depends(_auth)]
AccountServiceDep = Annotated[AccountService, Depends(_accounts)]
RoleServiceDep = Annotated[RoleService, Depends(_roles)]
SessionServiceDep = Annotated[SessionService, Depends(_sessions)]
FactorServiceDep = Annotated[FactorService, Depends(_factors)]
PasskeyServiceDep = Annotated[PasskeyService, Depends(_passkeys)]
OriginDep = Annotated[Origin, Depends(_origin)]


def _person(principal: SignedIn, sessions: SessionServiceDep) -> Person:
    try:
        user_id, session_id = UUID(principal.subject), UUID(str(principal.claims.get("sid", "")))
    except ValueError:
        raise NoSession("this needs a person who is signed in") from None
    live = sessions.find(session_id) if principal.kind == "user" else None
    if live is None or live.user_id != user_id:
        raise NoSession("the session has ended", headers={"WWW-Authenticate": 'Bearer error="invalid_token"'})
    return Person(user_id, session_id, principal)


PersonDep = Annotated[Person, Depends(_person)]
"""Access: a person whose session has not ended."""
