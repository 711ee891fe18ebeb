"""API keys of people and service accounts, and their exchange at the door."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response

from hubs.security_hub.apikeys.dependencies import ApiKeyServiceDep
from hubs.security_hub.apikeys.schemas import ApiKeyCreate, ApiKeyList, ApiKeyMade, KeyForm
from hubs.security_hub.auth.dependencies import PersonDep
from shared.auth import CanAdminClients, CanExchangeKeys
from shared.contracts.http.tokens import TokenRead

router = APIRouter(prefix="/api/v1", tags=["api keys"])
_NO_STORE = {"Cache-Control": "no-store"}
Grace = Annotated[int, Query(ge=0, le=30 * 86_400, description="seconds that the former key still works")]
_WEEK = 7 * 86_400


@router.post("/keys/exchange", summary="Turn an API key into a short-lived token (for the gateway)")
def exchange_key(form: KeyForm, keys: ApiKeyServiceDep, response: Response, _: CanExchangeKeys) -> TokenRead:
    response.headers.update(_NO_STORE)
    return keys.exchange(form.key)


@router.get("/api-keys", summary="My API keys")
def list_keys(person: PersonDep, keys: ApiKeyServiceDep) -> ApiKeyList:
    return ApiKeyList(data=list(keys.list(person.user_id)))


@router.post("/api-keys", status_code=201, summary="Make an API key; it is shown this once")
def create_key(
    form: ApiKeyCreate, person: PersonDep, keys: ApiKeyServiceDep, response: Response
) -> ApiKeyMade:
    response.headers.update(_NO_STORE)
    return keys.create(form, person.user_id, person.principal)


@router.post("/api-keys/{key_id}/rotate", status_code=201, summary="Replace a key, with a grace period")
def rotate_key(
    key_id: UUID, person: PersonDep, keys: ApiKeyServiceDep, response: Response, grace_s: Grace = _WEEK
) -> ApiKeyMade:
    response.headers.update(_NO_STORE)
    return keys.rotate(key_id, person.user_id, person.principal, timedelta(seconds=grace_s))


@router.delete("/api-keys/{key_id}", status_code=204, summary="Revoke a key")
def revoke_key(key_id: UUID, person: PersonDep, keys: ApiKeyServiceDep) -> None:
    keys.revoke(key_id, person.user_id, person.principal)


@router.get("/clients/{client_id}/api-keys", summary="API keys of a service account")
def list_client_keys(client_id: str, keys: ApiKeyServiceDep, _: CanAdminClients) -> ApiKeyList:
    return ApiKeyList(data=list(keys.list(client_id)))


@router.post("/clients/{client_id}/api-keys", status_code=201, summary="Make a key for a service account")
def create_client_key(
    client_id: str, form: ApiKeyCreate, keys: ApiKeyServiceDep, caller: CanAdminClients, response: Response
) -> ApiKeyMade:
    response.headers.update(_NO_STORE)
    return keys.create(form, client_id, caller)


@router.post("/clients/{client_id}/api-keys/{key_id}/rotate", status_code=201, summary="Replace such a key")
def rotate_client_key(
    client_id: str,
    key_id: UUID,
    keys: ApiKeyServiceDep,
    caller: CanAdminClients,
    response: Response,
    grace_s: Grace = _WEEK,
) -> ApiKeyMade:
    response.headers.update(_NO_STORE)
    return keys.rotate(key_id, client_id, caller, timedelta(seconds=grace_s))


@router.delete("/clients/{client_id}/api-keys/{key_id}", status_code=204, summary="Revoke such a key")
def revoke_client_key(client_id: str, key_id: UUID, keys: ApiKeyServiceDep, caller: CanAdminClients) -> None:
    keys.revoke(key_id, client_id, caller)
