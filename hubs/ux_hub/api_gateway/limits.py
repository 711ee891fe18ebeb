"""How often one client may ask: counters shared in Redis, or this process's own while Redis is away.

Windows are aligned to the clock, so that one increment per request tells count, remainder and reset.
"""

from __future__ import annotations

import time
from typing import NamedTuple

from limits.aio.storage import MemoryStorage, Storage
from prometheus_client import CollectorRegistry, Counter

from hubs.ux_hub.api_gateway.headers import RawHeaders
from shared.core.errors import TooManyRequests
from shared.logging import get_logger

log = get_logger(__name__)
_WINDOW_S = 60
_AWAY_S = 5.0
QUOTA_PROBLEM = "https://iana.org/assignments/http-problem-types#quota-exceeded"


class Limit(NamedTuple):
    """At most ``quota`` requests a minute, counted under a policy name."""

    policy: str
    quota: int


class Verdict(NamedTuple):
    """Where a client stands with its tightest limit; seconds until the window ends."""

    limit: Limit
    remaining: int
    reset_s: int

    @property
    def is_exceeded(self) -> bool:
        """Tell whether this request is one too many."""
        return self.remaining < 0

    def headers(self) -> RawHeaders:
        """Return both header families: the IETF draft's fields and the older X-RateLimit ones."""
        quota, left, reset = self.limit.quota, max(0, self.remaining), self.reset_s
        policy = self.limit.policy
        return [
            (b"ratelimit-policy", f'"{policy}";q={quota};w={_WINDOW_S}'.encode()),
            (b"ratelimit", f'"{policy}";r={left};t={reset}'.encode()),
            (b"x-ratelimit-limit", b"%d" % quota),
            (b"x-ratelimit-remaining", b"%d" % left),
            (b"x-ratelimit-reset", b"%d" % reset),
        ]


def too_many(verdict: Verdict) -> TooManyRequests:
    """Return the 429 of a verdict, with when to come back."""
    headers = {name.decode(): value.decode() for name, value in verdict.headers()}
    return TooManyRequests(
        f"more than {verdict.limit.quota} requests in a minute; come back in {verdict.reset_s} s",
        headers={**headers, "Retry-After": str(verdict.reset_s)},
        type=QUOTA_PROBLEM,
        **{"violated-policies": [verdict.limit.policy]},
    )


class Limiter:
    """Counts requests; Redis when there is one, else memory; never a reason to fail."""

    def __init__(self, redis_url: str, registry: CollectorRegistry) -> None:
        self._redis_url = redis_url
        self._shared: Storage | None = None
        self._local: MemoryStorage | None = None
        self._away_until = 0.0
        self._refusals = Counter(
            "gateway_limited_requests", "Requests refused with 429.", ("policy",), registry=registry
        )
        self._fallbacks = Counter(
            "gateway_limit_fallbacks", "Times that counting fell back to this process.", registry=registry
        )

    async def hit(self, limits: list[Limit], client: str) -> Verdict:
        """Count one request against each limit and return the tightest standing."""
        now = time.time()
        window, passed = divmod(int(now), _WINDOW_S)
        reset_s = _WINDOW_S - passed
        worst: Verdict | None = None
        for limit in limits:
            count = await self._increment(f"gw/{limit.policy}/{client}/{window}", now)
            verdict = Verdict(limit, limit.quota - count, reset_s)
            if worst is None or verdict.remaining < worst.remaining:
                worst = verdict
        assert worst is not None
        if worst.is_exceeded:
            self._refusals.labels(worst.limit.policy).inc()
        return worst

    async def _increment(self, key: str, now: float) -> int:
        if self._redis_url and now >= self._away_until:
            try:
                return await self._redis().incr(key, _WINDOW_S)
            except Exception as error:  # noqa: BLE001 - whatever Redis says, callers are not to blame for it
                self._away_until = now + _AWAY_S
                self._fallbacks.inc()
                log.warning("limits are counted locally", error=str(error))
        if self._local is None:
            self._local = MemoryStorage()
        return await self._local.incr(key, _WINDOW_S)

    def _redis(self) -> Storage:
        if self._shared is None:
            from limits.aio.storage import RedisStorage

            self._shared = RedisStorage(
                f"async+{self._redis_url}",
                implementation="redispy",
                socket_timeout=0.25,
                socket_connect_timeout=0.25,
                key_prefix="openpolicy",
            )
        return self._shared
