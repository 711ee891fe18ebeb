"""External providers, for those who set them up."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path

from hubs.security_hub.federation.dependencies import FederationServiceDep
from hubs.security_hub.federation.schemas import ProviderList, ProviderRead, ProviderWrite
from shared.auth import CanAdminClients

router = APIRouter(prefix="/api/v1/clients/providers", tags=["clients"])
Slug = Annotated[str, Path(pattern=r"^[a-z][a-z0-9-]{0,39}$")]


@router.get("", summary="External providers")
def list_providers(federation: FederationServiceDep, _: CanAdminClients) -> ProviderList:
    return ProviderList(data=list(federation.list()))


@router.put("/{slug}", summary="Set up a provider, or change it")
def put_provider(
    slug: Slug, form: ProviderWrite, federation: FederationServiceDep, caller: CanAdminClients
) -> ProviderRead:
    return federation.put(slug, form, caller)


@router.delete("/{slug}", status_code=204, summary="Delete a provider; accounts made through it stay")
def delete_provider(slug: Slug, federation: FederationServiceDep, caller: CanAdminClients) -> None:
    federation.delete(slug, caller)
