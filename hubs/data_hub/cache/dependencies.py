"""What the cache endpoints are handed."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends

from hubs.data_hub.cache.service import CacheService
from shared.app import Resources, ResourcesDep


def start_cache(resources: Resources) -> None:
    """Offer the hub's cache to others."""
    resources.put(CacheService(resources.cache))


async def cache_service(resources: ResourcesDep) -> CacheService:
    """Return the cache of this process."""
    return resources.get(CacheService)


CacheDep = Annotated[CacheService, Depends(cache_service)]
