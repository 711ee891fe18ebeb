"""Applications and service accounts, for those who administer them."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Query, Response

from hubs.security_hub.clients.dependencies import ClientServiceDep
from hubs.security_hub.clients.schemas import (
    ClientCreate,
    ClientList,
    ClientRead,
    ClientSecretRead,
    ClientUpdate,
)
from shared.auth import CanAdminClients

router = APIRouter(prefix="/api/v1/clients", tags=["clients"])
_NO_STORE = {"Cache-Control": "no-store"}


@router.get("", summary="List applications and service accounts")
def list_clients(clients: ClientServiceDep, _: CanAdminClients) -> ClientList:
    return ClientList(data=list(clients.list()))


@router.post("", status_code=201, summary="Register one; its secret is shown this once")
def create_client(
    form: ClientCreate, clients: ClientServiceDep, caller: CanAdminClients, response: Response
) -> ClientSecretRead:
    response.headers.update(_NO_STORE)
    return clients.create(form, caller)


@router.get("/{client_id}", summary="Read one")
def read_client(client_id: str, clients: ClientServiceDep, _: CanAdminClients) -> ClientRead:
    return clients.get(client_id)


@router.patch("/{client_id}", summary="Change or disable one")
def update_client(
    client_id: str, form: ClientUpdate, clients: ClientServiceDep, caller: CanAdminClients
) -> ClientRead:
    return clients.update(client_id, form, caller)


@router.delete("/{client_id}", status_code=204, summary="Delete one")
def delete_client(client_id: str, clients: ClientServiceDep, caller: CanAdminClients) -> None:
    clients.delete(client_id, caller)


@router.post("/{client_id}/secret", summary="Give a new secret; the former one works for a while")
def rotate_secret(
    client_id: str,
    clients: ClientServiceDep,
    caller: CanAdminClients,
    response: Response,
    grace_s: Annotated[int, Query(ge=0, le=30 * 86_400)] = 7 * 86_400,
) -> ClientSecretRead:
    response.headers.update(_NO_STORE)
    return clients.rotate_secret(client_id, caller, timedelta(seconds=grace_s))
