"""The cache: Redis when `OP_REDIS__URL` is set, else bounded memory of this process; never a reason to fail.

Values are JSON. A cache that is away answers like an empty one, and says so in its statistics.
"""

import re
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING, Any, Protocol

import orjson

from shared.metrics import Reading
from shared.settings import HubSettings

if TYPE_CHECKING:
    from redis import Redis

DEFAULT_TTL_SECONDS = 300.0
COOL_DOWN_SECONDS = 5.0
SOCKET_TIMEOUT_SECONDS = 0.25
MAX_ENTRIES = 10_000
MAX_BYTES = 8 * 1024 * 1024
_SCAN_BATCH = 500


@dataclass(frozen=True)
class CacheStats:
    """What one namespace has seen in this process, and what it holds now (None: the cache is away)."""

    backend: str
    hits: int
    misses: int
    sets: int
    deletes: int
    errors: int
    evictions: int
    entries: int | None

    @property
    def hit_ratio(self) -> float:
        """Return hits per lookup, from 0 to 1; 0 before the first lookup."""
        return self.hits / (self.hits + self.misses) if self.hits + self.misses else 0.0


def cache_readings() -> list[Reading]:
    """Return the metrics of all caches of this process."""
    return [
        Reading(
            "cache_lookups_total",
            "Lookups by their result; an error means that Redis did not answer.",
            ("result",),
            lambda: [
                (("hit",), PROCESS.hits),
                (("miss",), PROCESS.misses),
                (("error",), PROCESS.errors),
            ],
        )
    ]


class Cache(Protocol):
    """A namespace of cached JSON values."""

    def get(self, key: str, default: Any = None) -> Any:
        """Return the value, `default` when there is none."""

    def set(self, key: str, value: Any, ttl: float = DEFAULT_TTL_SECONDS) -> bool:
        """Keep a JSON value for `ttl` seconds; tell whether it was kept.

        Raises: TypeError when it is not JSON.
        """

    def delete(self, key: str) -> bool:
        """Forget a value; tell whether there was one."""

    def ttl(self, key: str) -> float | None:
        """Return the seconds that a value has left, None when there is none."""

    def clear(self) -> int:
        """Forget the whole namespace; return how many values were forgotten."""

    def stats(self) -> CacheStats:
        """Return the namespace's counters."""

    def namespace(self, name: str) -> "Cache":
        """Return the part of the cache under a name, with counters of its own."""

    def close(self) -> None:
        """Let go of connections."""


@dataclass
class _Counters:
    hits: int = 0
    misses: int = 0
    sets: int = 0
    deletes: int = 0
    errors: int = 0
    evictions: int = 0

    def snapshot(self, backend: str, entries: int | None) -> CacheStats:
        return CacheStats(backend=backend, entries=entries, **vars(self))


PROCESS = _Counters()
"""Lookups and failures of all caches of this process, for its metrics."""


def _joined(prefix: str, name: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9_.-]+", name):
        raise ValueError(f"a cache namespace is letters, digits, '_', '.' and '-', not {name!r}")
    return f"{prefix}{name}:"


@dataclass
class _Memory:
    """What all namespaces of one in-process cache share: the entries, least recently used first."""

    max_entries: int
    max_bytes: int
    clock: Callable[[], float]
    entries: OrderedDict[str, tuple[bytes, float]] = field(default_factory=OrderedDict)
    size: int = 0
    lock: Lock = field(default_factory=Lock)

    def find(self, key: str) -> tuple[bytes, float] | None:
        entry = self.entries.get(key)
        if entry is not None and entry[1] <= self.clock():
            self.remove(key)
            return None
        return entry

    def remove(self, key: str) -> bool:
        entry = self.entries.pop(key, None)
        if entry is not None:
            self.size -= len(entry[0]) + len(key)
        return entry is not None


class MemoryCache:
    """A cache in this process, bounded in entries and bytes; the least recently used value goes first."""

    def __init__(
        self,
        *,
        max_entries: int = MAX_ENTRIES,
        max_bytes: int = MAX_BYTES,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`clock` returns seconds that never go backwards."""
        self._memory = _Memory(max_entries, max_bytes, clock)
        self._prefix = ""
        self._counters = _Counters()

    def get(self, key: str, default: Any = None) -> Any:
        """Return the value, `default` when there is none."""
        with self._memory.lock:
            entry = self._memory.find(self._prefix + key)
            if entry is None:
                self._counters.misses += 1
                PROCESS.misses += 1
                return default
            self._counters.hits += 1
            PROCESS.hits += 1
            self._memory.entries.move_to_end(self._prefix + key)
        return orjson.loads(entry[0])

    def set(self, key: str, value: Any, ttl: float = DEFAULT_TTL_SECONDS) -> bool:
        """Keep a JSON value for `ttl` seconds unless it alone is too large."""
        encoded, name = orjson.dumps(value), self._prefix + key
        size = len(encoded) + len(name)
        with self._memory.lock:
            self._memory.remove(name)
            if size > self._memory.max_bytes or ttl <= 0:
                return False
            while (
                len(self._memory.entries) >= self._memory.max_entries
                or self._memory.size + size > self._memory.max_bytes
            ):
                self._memory.remove(next(iter(self._memory.entries)))
                self._counters.evictions += 1
            self._memory.entries[name] = (encoded, self._memory.clock() + ttl)
            self._memory.size += size
            self._counters.sets += 1
        return True

    def delete(self, key: str) -> bool:
        """Forget a value; tell whether there was one."""
        with self._memory.lock:
            self._counters.deletes += 1
            name = self._prefix + key
            return self._memory.find(name) is not None and self._memory.remove(name)

    def ttl(self, key: str) -> float | None:
        """Return the seconds that a value has left."""
        with self._memory.lock:
            entry = self._memory.find(self._prefix + key)
            return None if entry is None else entry[1] - self._memory.clock()

    def clear(self) -> int:
        """Forget the whole namespace."""
        with self._memory.lock:
            names = self._names()
            for name in names:
                self._memory.remove(name)
        return len(names)

    def stats(self) -> CacheStats:
        """Return the namespace's counters."""
        with self._memory.lock:
            return self._counters.snapshot("memory", len(self._names()))

    def namespace(self, name: str) -> "MemoryCache":
        """Return the part of the cache under a name; bounds are shared with the whole."""
        part = MemoryCache()
        part._memory, part._prefix = self._memory, _joined(self._prefix, name)
        return part

    def close(self) -> None:
        """Nothing is held."""

    def _names(self) -> list[str]:
        return [
            name
            for name in list(self._memory.entries)
            if name.startswith(self._prefix) and self._memory.find(name) is not None
        ]


@dataclass
class _Circuit:
    """Open after a failure, so that a Redis that is away costs one timeout per cool-down and not per call."""

    cool_down: float
    clock: Callable[[], float]
    closed_at: float = 0.0

    def is_open(self) -> bool:
        return self.clock() < self.closed_at

    def trip(self) -> None:
        self.closed_at = self.clock() + self.cool_down


class RedisCache:
    """A cache in Redis, shared by every process with the same URL."""

    def __init__(
        self,
        client: "Redis",
        *,
        prefix: str = "op:",
        cool_down: float = COOL_DOWN_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`cool_down` seconds pass after a failure before Redis is asked again."""
        self._client = client
        self._prefix = prefix
        self._circuit = _Circuit(cool_down, clock)
        self._counters = _Counters()

    @contextmanager
    def _attempt(self) -> Iterator[None]:
        """Run a block against Redis; every failure of Redis ends here, counted."""
        from redis.exceptions import RedisError

        try:
            yield
        except (RedisError, OSError):
            self._counters.errors += 1
            PROCESS.errors += 1
            self._circuit.trip()

    def get(self, key: str, default: Any = None) -> Any:
        """Return the value, `default` when there is none or Redis is away."""
        found: bytes | str | None = None
        if not self._circuit.is_open():
            with self._attempt():
                found = self._client.get(self._prefix + key)
        if found is None:
            self._counters.misses += 1
            PROCESS.misses += 1
            return default
        self._counters.hits += 1
        PROCESS.hits += 1
        return orjson.loads(found)

    def set(self, key: str, value: Any, ttl: float = DEFAULT_TTL_SECONDS) -> bool:
        """Keep a JSON value for `ttl` seconds, to the millisecond; False when Redis is away."""
        encoded = orjson.dumps(value)
        is_kept = False
        if ttl > 0 and not self._circuit.is_open():
            with self._attempt():
                is_kept = bool(self._client.set(self._prefix + key, encoded, px=max(1, round(ttl * 1000))))
        self._counters.sets += is_kept
        return is_kept

    def delete(self, key: str) -> bool:
        """Forget a value; False also when Redis is away."""
        self._counters.deletes += 1
        removed = 0
        if not self._circuit.is_open():
            with self._attempt():
                removed = self._client.unlink(self._prefix + key)
        return bool(removed)

    def ttl(self, key: str) -> float | None:
        """Return the seconds that a value has left."""
        left = -2
        if not self._circuit.is_open():
            with self._attempt():
                left = self._client.pttl(self._prefix + key)
        return left / 1000 if left >= 0 else None

    def clear(self) -> int:
        """Forget the whole namespace, in batches that do not hold Redis up."""
        removed = 0
        if not self._circuit.is_open():
            with self._attempt():
                for batch in self._batches():
                    removed += self._client.unlink(*batch)
        return removed

    def stats(self) -> CacheStats:
        """Return the namespace's counters; counting the entries walks the keys."""
        entries: int | None = None
        if not self._circuit.is_open():
            with self._attempt():
                entries = sum(len(batch) for batch in self._batches())
        return self._counters.snapshot("redis", entries)

    def namespace(self, name: str) -> "RedisCache":
        """Return the part of the cache under a name; the connection and its circuit are shared."""
        part = RedisCache(self._client, prefix=_joined(self._prefix, name))
        part._circuit = self._circuit
        return part

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _batches(self) -> Iterator[list[bytes | str]]:
        pattern = re.sub(r"([*?\[\]\\])", r"\\\1", self._prefix) + "*"
        seen: set[bytes | str] = set()
        cursor = 0
        while True:
            cursor, names = self._client.scan(cursor, match=pattern, count=_SCAN_BATCH)
            if batch := [name for name in names if name not in seen]:
                seen.update(batch)
                yield batch
            if cursor == 0:
                return


def create_cache(settings: HubSettings) -> Cache:
    """Build the cache that the settings ask for; nothing is connected yet."""
    if not settings.redis.url:
        return MemoryCache()
    from redis import Redis
    from redis.backoff import NoBackoff
    from redis.retry import Retry

    client = Redis.from_url(
        settings.redis.url,
        socket_timeout=SOCKET_TIMEOUT_SECONDS,
        socket_connect_timeout=SOCKET_TIMEOUT_SECONDS,
        retry=Retry(NoBackoff(), 1),
        health_check_interval=30,
    )
    return RedisCache(client)
