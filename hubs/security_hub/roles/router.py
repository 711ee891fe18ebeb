"""Roles and the vocabulary of scopes."""

from __future__ import annotations

from fastapi import APIRouter

from hubs.security_hub.roles.dependencies import RoleServiceDep
from hubs.security_hub.roles.schemas import (
    SCOPES,
    RoleCreate,
    RoleList,
    RoleRead,
    RoleUpdate,
    ScopeList,
    ScopeRead,
)
from shared.auth import CanAdminUsers, CanReadUsers, Public

router = APIRouter(prefix="/api/v1", tags=["roles"])


@router.get("/scopes", summary="Every scope and what it means")
def list_scopes(_: Public) -> ScopeList:
    return ScopeList(
        data=[ScopeRead(name=name, title_en=en, title_fr=fr) for name, (en, fr) in SCOPES.items()]
    )


@router.get("/roles", summary="List roles")
def list_roles(roles: RoleServiceDep, _: CanReadUsers) -> RoleList:
    return RoleList(data=list(roles.list()))


@router.post("/roles", status_code=201, summary="Make a role out of permissions one has")
def create_role(form: RoleCreate, roles: RoleServiceDep, caller: CanAdminUsers) -> RoleRead:
    return roles.create(form, caller)


@router.get("/roles/{name}", summary="Read a role")
def read_role(name: str, roles: RoleServiceDep, _: CanReadUsers) -> RoleRead:
    return roles.get(name)


@router.patch("/roles/{name}", summary="Change a role that is not built in")
def update_role(name: str, form: RoleUpdate, roles: RoleServiceDep, caller: CanAdminUsers) -> RoleRead:
    return roles.update(name, form, caller)


@router.delete("/roles/{name}", status_code=204, summary="Delete a role")
def delete_role(name: str, roles: RoleServiceDep, caller: CanAdminUsers) -> None:
    roles.delete(name, caller)
