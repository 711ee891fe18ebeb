"""The caller's own account, sessions and applications."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter, Response

from hubs.security_hub.accounts.schemas import UserRead, UserUpdate
from hubs.security_hub.auth.dependencies import (
    AccountServiceDep,
    AuthServiceDep,
    PersonDep,
    RoleServiceDep,
    SessionServiceDep,
)
from hubs.security_hub.auth.schemas import NO_STORE, MeRead, ReauthenticateForm
from hubs.security_hub.sessions.schemas import GrantList, SessionList

router = APIRouter()


@router.get("/me", summary="Who am I, and what may I do")
def read_me(
    person: PersonDep, accounts: AccountServiceDep, roles: RoleServiceDep, response: Response
) -> MeRead:
    response.headers.update(NO_STORE)
    rights = roles.rights_of(person.user_id)
    return MeRead(**accounts.get(person.user_id).model_dump(), permissions=sorted(rights.permissions))


@router.patch("/me", summary="Change my name or language")
def update_me(form: UserUpdate, person: PersonDep, accounts: AccountServiceDep) -> UserRead:
    return accounts.update(person.user_id, form)


@router.post("/me/delete", status_code=204, summary="End my account for good; asks for the password")
def delete_me(
    form: ReauthenticateForm,
    person: PersonDep,
    auth: AuthServiceDep,
    accounts: AccountServiceDep,
    sessions: SessionServiceDep,
) -> None:
    auth.confirm_password(person.user_id, form.password)
    sessions.end_all(person.user_id, "account deleted", is_distrusted=True)
    accounts.delete(person.user_id, str(person.user_id))


@router.get("/sessions", summary="Where am I signed in")
def list_sessions(person: PersonDep, sessions: SessionServiceDep) -> SessionList:
    return SessionList(data=list(sessions.list(person.user_id, person.session_id)))


@router.delete("/sessions/{session_id}", status_code=204, summary="End one of my sessions")
def end_session(session_id: UUID, person: PersonDep, sessions: SessionServiceDep) -> None:
    sessions.end(person.user_id, session_id)


@router.get("/grants", summary="Which applications act for me")
def list_grants(person: PersonDep, sessions: SessionServiceDep) -> GrantList:
    return GrantList(data=sessions.list_grants(person.user_id))


@router.delete("/grants/{client_id}", status_code=204, summary="Let an application act for me no more")
def end_grants(client_id: str, person: PersonDep, sessions: SessionServiceDep) -> None:
    sessions.end_grants_of(person.user_id, client_id, "withdrawn by the person")
