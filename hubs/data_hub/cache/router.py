"""The cache for other hubs: ``/api/v1/cache``."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path

from hubs.data_hub.cache.dependencies import CacheDep
from hubs.data_hub.cache.schemas import CacheRead, CacheState, CacheWrite
from shared.auth import CanReadData, CanWriteData

router = APIRouter(prefix="/api/v1/cache", tags=["cache"])
_NAMESPACE = Path(max_length=100)
_KEY = Path(max_length=600)


@router.get("", summary="State of the namespaces in use")
def list_states(_: CanReadData, service: CacheDep) -> list[CacheState]:
    """Answer hits, misses and entries per namespace."""
    return service.stats()


@router.get("/{namespace}", summary="State of one namespace")
def get_state(namespace: Annotated[str, _NAMESPACE], _: CanReadData, service: CacheDep) -> CacheState:
    """Answer hits, misses and entries."""
    return service.state(namespace)


@router.delete("/{namespace}", summary="Forget a namespace")
def clear_namespace(
    namespace: Annotated[str, _NAMESPACE], _: CanWriteData, service: CacheDep
) -> dict[str, int]:
    """Clear, and answer how many values went."""
    return {"removed": service.clear(namespace)}


@router.get("/{namespace}/{key:path}", summary="Read a value")
def get_value(
    namespace: Annotated[str, _NAMESPACE], key: Annotated[str, _KEY], _: CanReadData, service: CacheDep
) -> CacheRead:
    """Answer a value and the seconds that it has left."""
    return service.get(namespace, key)


@router.put("/{namespace}/{key:path}", summary="Keep a value")
def put_value(
    namespace: Annotated[str, _NAMESPACE],
    key: Annotated[str, _KEY],
    write: CacheWrite,
    _: CanWriteData,
    service: CacheDep,
) -> dict[str, bool]:
    """Keep, and answer whether there was room for it."""
    return {"kept": service.set(namespace, key, write.value, write.ttl_s)}


@router.delete("/{namespace}/{key:path}", summary="Forget a value")
def delete_value(
    namespace: Annotated[str, _NAMESPACE], key: Annotated[str, _KEY], _: CanWriteData, service: CacheDep
) -> dict[str, bool]:
    """Forget, and answer whether there was one."""
    return {"removed": service.delete(namespace, key)}
