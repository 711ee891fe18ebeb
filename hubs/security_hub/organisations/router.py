"""Organisations of account holders."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter

from hubs.security_hub.auth.dependencies import PersonDep
from hubs.security_hub.organisations.dependencies import OrganisationServiceDep
from hubs.security_hub.organisations.schemas import (
    AcceptForm,
    InvitationForm,
    MemberList,
    OrganisationCreate,
    OrganisationList,
    OrganisationRead,
    OrganisationUpdate,
    PartForm,
)

router = APIRouter(prefix="/api/v1/organisations", tags=["organisations"])


@router.get("", summary="My organisations")
def list_organisations(person: PersonDep, organisations: OrganisationServiceDep) -> OrganisationList:
    return OrganisationList(data=list(organisations.list(person.user_id)))


@router.post("", status_code=201, summary="Make an organisation")
def create_organisation(
    form: OrganisationCreate, person: PersonDep, organisations: OrganisationServiceDep
) -> OrganisationRead:
    return organisations.create(form, person.user_id)


@router.post("/join", summary="Accept an invitation")
def join_organisation(
    form: AcceptForm, person: PersonDep, organisations: OrganisationServiceDep
) -> OrganisationRead:
    return organisations.accept(form.token, person.user_id)


@router.get("/{slug}", summary="Read an organisation of mine")
def read_organisation(
    slug: str, person: PersonDep, organisations: OrganisationServiceDep
) -> OrganisationRead:
    return organisations.get(slug, person.user_id)


@router.patch("/{slug}", summary="Rename an organisation")
def update_organisation(
    slug: str, form: OrganisationUpdate, person: PersonDep, organisations: OrganisationServiceDep
) -> OrganisationRead:
    return organisations.update(slug, form, person.user_id)


@router.delete("/{slug}", status_code=204, summary="Delete an organisation")
def delete_organisation(slug: str, person: PersonDep, organisations: OrganisationServiceDep) -> None:
    organisations.delete(slug, person.user_id)


@router.get("/{slug}/members", summary="Who belongs to it")
def list_members(slug: str, person: PersonDep, organisations: OrganisationServiceDep) -> MemberList:
    return MemberList(data=list(organisations.members(slug, person.user_id)))


@router.post("/{slug}/invitations", status_code=202, summary="Invite somebody by mail")
def invite(
    slug: str, form: InvitationForm, person: PersonDep, organisations: OrganisationServiceDep
) -> dict[str, str]:
    organisations.invite(slug, form, person.user_id)
    return {"detail": "The invitation is on its way."}


@router.patch("/{slug}/members/{user_id}", status_code=204, summary="Give somebody another part")
def set_part(
    slug: str, user_id: UUID, form: PartForm, person: PersonDep, organisations: OrganisationServiceDep
) -> None:
    organisations.set_part(slug, user_id, form.part, person.user_id)


@router.delete("/{slug}/members/{user_id}", status_code=204, summary="Take somebody out, or leave")
def remove_member(slug: str, user_id: UUID, person: PersonDep, organisations: OrganisationServiceDep) -> None:
    organisations.remove(slug, user_id, person.user_id)
