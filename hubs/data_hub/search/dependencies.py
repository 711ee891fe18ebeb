"""What the search endpoints are handed."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends

from hubs.data_hub.search.keeper import IndexKeeper
from hubs.data_hub.search.service import SearchService
from shared.app import ResourcesDep


def search_service(resources: ResourcesDep) -> SearchService:
    """Return the search service over this process's index."""
    return SearchService(resources.get(IndexKeeper))


def index_keeper(resources: ResourcesDep) -> IndexKeeper:
    """Return the keeper of this process's index."""
    return resources.get(IndexKeeper)


SearchDep = Annotated[SearchService, Depends(search_service)]
KeeperDep = Annotated[IndexKeeper, Depends(index_keeper)]
