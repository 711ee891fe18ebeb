"""Answers kept at the gateway as a shared cache may (RFC 9111), with stale-while-revalidate (RFC 5861)."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field

from hubs.ux_hub.api_gateway.compression import gzip_bytes
from hubs.ux_hub.api_gateway.headers import RawHeaders, find
from hubs.ux_hub.api_gateway.inbound import Inbound

_STORABLE = frozenset((200, 203, 301, 308, 404, 410))
_SELECTING = (b"accept", b"accept-encoding", b"accept-language", b"origin")
_MAX_VARIANTS = 8
_OVERHEAD = 600


def directives(value: bytes) -> dict[str, str]:
    """Return the directives of a Cache-Control header."""
    found = {}
    for part in value.decode("latin-1").split(","):
        name, _, argument = part.strip().partition("=")
        if name:
            found[name.lower()] = argument.strip('"')
    return found


def _seconds(found: dict[str, str], name: str) -> float | None:
    text = found.get(name, "")
    return float(text) if text.isdigit() else None


@dataclass(slots=True)
class Entry:
    """One stored answer; times are monotonic seconds."""

    status: int
    headers: RawHeaders
    body: bytes
    etag: bytes
    selected_by: tuple[bytes, ...]
    selecting: tuple[bytes, ...]
    stored_at: float = 0.0
    fresh_until: float = 0.0
    stale_until: float = 0.0
    age_s: float = 0.0
    is_refreshing: bool = False
    zipped: bytes | None = field(default=None)

    @property
    def size(self) -> int:
        """Return about how many bytes this takes."""
        return len(self.body) + len(self.zipped or b"") + _OVERHEAD

    def gzip(self) -> bytes:
        """Return the body compressed, made once."""
        if self.zipped is None:
            self.zipped = gzip_bytes(self.body)
        return self.zipped


class ResponseCache:
    """Bounded in bytes; the least recently used answer goes first."""

    def __init__(
        self, max_bytes: int, max_entry_bytes: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.max_entry_bytes = max_entry_bytes
        self._max_bytes = max_bytes
        self._clock = clock
        self._entries: OrderedDict[bytes, list[Entry]] = OrderedDict()
        self.size = 0

    def __len__(self) -> int:
        return len(self._entries)

    def find(self, key: bytes, inbound: Inbound) -> Entry | None:
        """Return the stored answer that this request selects, fresh or not."""
        variants = self._entries.get(key)
        if variants is None:
            return None
        for entry in variants:
            if all(inbound.get(n) == v for n, v in zip(entry.selecting, entry.selected_by, strict=True)):
                self._entries.move_to_end(key)
                return entry
        return None

    def freshness(self, entry: Entry) -> str:
        """Return ``fresh``, ``stale`` (may be served while it is refreshed) or ``expired``."""
        now = self._clock()
        if now < entry.fresh_until:
            return "fresh"
        return "stale" if now < entry.stale_until else "expired"

    def age(self, entry: Entry) -> int:
        """Return the Age of a stored answer in seconds."""
        return int(self._clock() - entry.stored_at + entry.age_s)

    def may_store(self, status: int, headers: RawHeaders, has_credentials: bool) -> bool:
        """Tell whether a shared cache may keep this answer."""
        if status not in _STORABLE or self._max_bytes == 0:
            return False
        said = find(headers, b"cache-control")
        control = directives(said) if said else {}
        if not control or "no-store" in control or "private" in control or "no-cache" in control:
            return False
        if has_credentials and "public" not in control and "s-maxage" not in control:
            return False
        vary = find(headers, b"vary").lower()
        names = {name.strip() for name in vary.split(b",") if name.strip()}
        if not names <= set(_SELECTING) or find(headers, b"set-cookie"):
            return False
        lifetime = _seconds(control, "s-maxage")
        if lifetime is None:
            lifetime = _seconds(control, "max-age")
        return bool(find(headers, b"etag")) or bool(lifetime)

    def store(self, key: bytes, inbound: Inbound, status: int, headers: RawHeaders, body: bytes) -> None:
        """Keep an answer that `may_store` allowed."""
        if len(body) > self.max_entry_bytes:
            return
        vary = find(headers, b"vary").lower()
        named = {name.strip() for name in vary.split(b",")}
        if not find(headers, b"content-encoding"):
            named.discard(b"accept-encoding")  # both forms are made from this one
        selecting = tuple(name for name in _SELECTING if name in named)
        selected_by = tuple(inbound.get(name) for name in selecting)
        entry = Entry(status, headers, body, find(headers, b"etag"), selected_by, selecting)
        self._date(entry, headers)
        variants = self._entries.setdefault(key, [])
        self._entries.move_to_end(key)
        for old in list(variants):
            if old.selecting != selecting or old.selected_by == selected_by or len(variants) >= _MAX_VARIANTS:
                variants.remove(old)
                self.size -= old.size
        variants.append(entry)
        self.size += entry.size
        while self.size > self._max_bytes and self._entries:
            _, oldest = self._entries.popitem(last=False)
            self.size -= sum(gone.size for gone in oldest)

    def refresh(self, entry: Entry, headers: RawHeaders) -> None:
        """Take over what a 304 says about a stored answer."""
        new = {name for name, _ in headers} - {b"content-length", b"content-encoding", b"content-type"}
        entry.headers = [p for p in entry.headers if p[0] not in new] + [p for p in headers if p[0] in new]
        self._date(entry, entry.headers)

    def gzip(self, entry: Entry) -> bytes:
        """Return the compressed body of an entry and count what keeping it takes."""
        before = entry.size
        zipped = entry.gzip()
        if entry.size != before:
            self.size += entry.size - before
        return zipped

    def drop(self, key: bytes) -> None:
        """Forget what a write to this path may have changed."""
        for entry in self._entries.pop(key, ()):
            self.size -= entry.size

    def _date(self, entry: Entry, headers: RawHeaders) -> None:
        control = directives(find(headers, b"cache-control"))
        lifetime = _seconds(control, "s-maxage")
        if lifetime is None:
            lifetime = _seconds(control, "max-age") or 0.0
        age = find(headers, b"age")
        entry.age_s = float(age) if age.isdigit() else 0.0
        entry.stored_at = self._clock()
        entry.fresh_until = entry.stored_at + max(0.0, lifetime - entry.age_s)
        stale = 0.0
        if "must-revalidate" not in control and "proxy-revalidate" not in control:
            stale = _seconds(control, "stale-while-revalidate") or 0.0
        entry.stale_until = entry.fresh_until + stale
        entry.is_refreshing = False
