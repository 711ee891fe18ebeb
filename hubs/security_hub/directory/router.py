"""Accounts, for those who administer them."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request

from hubs.security_hub.accounts.schemas import UserAdminCreate, UserAdminUpdate, UserRead, UserStats
from hubs.security_hub.directory.dependencies import CursorCodecDep, DirectoryServiceDep
from hubs.security_hub.sessions.schemas import SessionList
from shared.auth import CanAdminUsers, CanReadUsers
from shared.http.pages import Page

router = APIRouter(prefix="/api/v1/users", tags=["users"])


@router.get("", summary="List accounts")
def list_users(
    request: Request,
    directory: DirectoryServiceDep,
    codec: CursorCodecDep,
    _: CanReadUsers,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    cursor: Annotated[str | None, Query(max_length=2_048)] = None,
    search: Annotated[str, Query(max_length=100)] = "",
    is_active: bool | None = None,
) -> Page[UserRead]:
    found = directory.page(codec, limit, cursor, search, is_active)
    following = None
    if found.next_cursor:
        url = request.url.include_query_params(cursor=found.next_cursor)
        following = f"{url.path}?{url.query}"
    return Page(data=found.items, next=following)


@router.post("", status_code=201, summary="Make an account; its owner chooses a password by mail")
def create_user(form: UserAdminCreate, directory: DirectoryServiceDep, caller: CanAdminUsers) -> UserRead:
    return directory.create(form, caller)


@router.get("/stats", summary="Numbers about accounts and sessions")
def read_stats(directory: DirectoryServiceDep, _: CanReadUsers) -> UserStats:
    return directory.stats()


@router.get("/{user_id}", summary="Read an account")
def read_user(user_id: UUID, directory: DirectoryServiceDep, _: CanReadUsers) -> UserRead:
    return directory.get(user_id)


@router.patch("/{user_id}", summary="Suspend, restore, or give other roles")
def update_user(
    user_id: UUID, form: UserAdminUpdate, directory: DirectoryServiceDep, caller: CanAdminUsers
) -> UserRead:
    return directory.update(user_id, form, caller)


@router.delete("/{user_id}", status_code=204, summary="End an account")
def delete_user(user_id: UUID, directory: DirectoryServiceDep, caller: CanAdminUsers) -> None:
    directory.delete(user_id, caller)


@router.get("/{user_id}/sessions", summary="Where somebody is signed in")
def list_sessions(user_id: UUID, directory: DirectoryServiceDep, _: CanAdminUsers) -> SessionList:
    return SessionList(data=directory.sessions(user_id))


@router.delete("/{user_id}/sessions", status_code=204, summary="Sign somebody out everywhere")
def end_sessions(user_id: UUID, directory: DirectoryServiceDep, _: CanAdminUsers) -> None:
    directory.end_sessions(user_id)
