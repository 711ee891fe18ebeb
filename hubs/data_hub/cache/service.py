"""The cache for other hubs: values by namespace and key, each namespace apart from all others."""

from __future__ import annotations

import re
import threading
from typing import Any

from hubs.data_hub.cache.schemas import CacheRead, CacheState
from shared.cache import Cache
from shared.core.errors import Invalid, NotFound, TooLarge
from shared.http.json import dumps

MAX_VALUE_BYTES = 1_000_000
MAX_KEY_CHARS = 500
MAX_NAMESPACES = 200
_NAMESPACE = re.compile(r"^[A-Za-z0-9_.-]{1,64}$")
_ABSENT = object()


class CacheService:
    """Keeps JSON values; slower, never wrong, when Redis is away."""

    def __init__(self, cache: Cache) -> None:
        # Under a name of its own: callers cannot reach what the hub caches for itself.
        self._cache = cache.namespace("api")
        self._namespaces: dict[str, Cache] = {}
        self._lock = threading.Lock()

    def get(self, namespace: str, key: str) -> CacheRead:
        """Return a value.

        Raises: Invalid for a malformed name; NotFound.
        """
        part = self._part(namespace, key)
        value: Any = part.get(key, _ABSENT)
        if value is _ABSENT:
            raise NotFound(f"nothing is cached under {namespace}/{key[:100]}")
        return CacheRead(key=key, value=value, ttl_s=part.ttl(key))

    def set(self, namespace: str, key: str, value: Any, ttl_s: float) -> bool:
        """Keep a value for so many seconds; False when there is no room or the cache is away.

        Raises: Invalid for a malformed name; TooLarge above 1,000,000 bytes.
        """
        part = self._part(namespace, key)
        if len(dumps(value)) > MAX_VALUE_BYTES:
            raise TooLarge(f"a cached value has at most {MAX_VALUE_BYTES} bytes", max_bytes=MAX_VALUE_BYTES)
        return part.set(key, value, ttl_s)

    def delete(self, namespace: str, key: str) -> bool:
        """Forget a value; tell whether there was one."""
        return self._part(namespace, key).delete(key)

    def clear(self, namespace: str) -> int:
        """Forget a namespace; return how many values went."""
        return self._part(namespace).clear()

    def stats(self) -> list[CacheState]:
        """Return the state of each namespace that was used in this process."""
        with self._lock:
            parts = sorted(self._namespaces.items())
        return [self.state(name) for name, _ in parts]

    def state(self, namespace: str) -> CacheState:
        """Return the state of one namespace."""
        found = self._part(namespace).stats()
        return CacheState(
            namespace=namespace,
            backend=found.backend,
            hits=found.hits,
            misses=found.misses,
            sets=found.sets,
            deletes=found.deletes,
            errors=found.errors,
            evictions=found.evictions,
            entries=found.entries,
            hit_ratio=round(found.hit_ratio, 4),
            is_available=found.entries is not None,
        )

    def _part(self, namespace: str, key: str = "x") -> Cache:
        if not _NAMESPACE.match(namespace):
            raise Invalid("namespace: 1 to 64 letters, digits, '_', '.' or '-'")
        if not key or len(key) > MAX_KEY_CHARS or any(ord(c) < 32 for c in key):
            raise Invalid(f"key: 1 to {MAX_KEY_CHARS} characters, none of them a control character")
        with self._lock:
            part = self._namespaces.get(namespace)
            if part is None:
                if len(self._namespaces) >= MAX_NAMESPACES:
                    raise Invalid(f"at most {MAX_NAMESPACES} namespaces")
                part = self._namespaces[namespace] = self._cache.namespace(namespace)
            return part
