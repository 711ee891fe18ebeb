"""What the mobile endpoints are given."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Depends, Request

from hubs.ux_hub.mobile.schemas import SavedSearch
from hubs.ux_hub.mobile.service.record import MobileService
from hubs.ux_hub.mobile.service.tracking import Tracking
from hubs.ux_hub.notification.dependencies import RepositoryDep, SubscriptionServiceDep
from hubs.ux_hub.notification.service.reading import Inbox
from hubs.ux_hub.web.dependencies import CurrentReaderDep
from hubs.ux_hub.web.service.rendering import Renderer
from shared.app import ResourcesDep
from shared.clients.base import HubClient

_SAVED = "/api/v1/search/saved"


class SavedSearches:
    """A person's saved searches, which data_hub keeps; asked with the person's own token."""

    def __init__(self, data: HubClient) -> None:
        self._data = data

    def list(self) -> dict[str, Any]:
        """Return them, the newest first."""
        return dict(self._data.request("GET", _SAVED))

    def save(self, search: SavedSearch) -> dict[str, Any]:
        """Keep one. Raises: Invalid for a search that cannot be run."""
        return dict(self._data.request("POST", _SAVED, json=search.model_dump(mode="json")))


class _Forwarded:
    """The caller's own token; there is no other."""

    def __init__(self, token: str) -> None:
        self._token = token

    def get(self) -> str:
        return self._token

    def forget(self) -> None:
        """Keep it."""


async def _service(record: CurrentReaderDep, resources: ResourcesDep) -> MobileService:
    return MobileService(record, resources.get(Renderer).catalogue)


async def _inbox(subscriptions: SubscriptionServiceDep, repository: RepositoryDep) -> Inbox:
    return Inbox(subscriptions, repository)


async def _tracking(subscriptions: SubscriptionServiceDep) -> Tracking:
    return Tracking(subscriptions)


async def _saved(request: Request, resources: ResourcesDep) -> SavedSearches:
    token = request.headers.get("authorization", "").partition(" ")[2]
    return SavedSearches(HubClient(resources.settings.hubs.data, resources.http, _Forwarded(token)))


MobileServiceDep = Annotated[MobileService, Depends(_service)]
InboxDep = Annotated[Inbox, Depends(_inbox)]
TrackingDep = Annotated[Tracking, Depends(_tracking)]
SavedSearchesDep = Annotated[SavedSearches, Depends(_saved)]
