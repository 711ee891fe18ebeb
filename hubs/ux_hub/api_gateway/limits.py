"""How often one client may ask: counters shared in Redis, or this process's own while Redis is away.

Windows are aligned to the clock, so that one increment per request tells count, remainder and reset.
"""

from __future__ import annotations

import time
from typing import NamedTuple

from limits.aio.storage import Storage
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
        (policy, quota), left, reset = self.limit, max(0, self.remaining), self.reset_s
        name = policy.encode()
        return [
            (b"ratelimit-policy", b'"%b";q=%d;w=%d' % (name, quota, _WINDOW_S)),
            (b"ratelimit", b'"%b";r=%d;t=%d' % (name, left, reset)),
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
        self.is_shared = bool(redis_url)
        """Whether counting asks Redis; without one, `hit_here` tells the same without waiting."""
        self._redis_url = redis_url
        self._shared: Storage | None = None
        self._window = 0
        self._counts: dict[tuple[str, str], int] = {}
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
        if now < self._away_until:
            return self.hit_here(limits, client)
        window, passed = divmod(int(now), _WINDOW_S)
        try:
            redis = self._redis()
            counts = [await redis.incr(f"gw/{limit.policy}/{client}/{window}", _WINDOW_S) for limit in limits]
        except Exception as error:  # noqa: BLE001 - whatever Redis says, callers are not to blame for it
            self._away_until = now + _AWAY_S
            self._fallbacks.inc()
            log.warning("limits are counted locally", error=str(error))
            return self.hit_here(limits, client)
        return self._worst(limits, counts, _WINDOW_S - passed)

    def hit_here(self, limits: list[Limit], client: str) -> Verdict:
        """Do the same with the counters of this process alone."""
        window, passed = divmod(int(time.time()), _WINDOW_S)
        if window != self._window:
            self._window, self._counts = window, {}
        counts = []
        for limit in limits:
            key = (limit.policy, client)
            count = self._counts[key] = self._counts.get(key, 0) + 1
            counts.append(count)
        return self._worst(limits, counts, _WINDOW_S - passed)

    def _worst(self, limits: list[Limit], counts: list[int], reset_s: int) -> Verdict:
        verdict = Verdict(limits[0], limits[0].quota - counts[0], reset_s)
        for limit, count in zip(limits[1:], counts[1:], strict=True):
            if limit.quota - count < verdict.remaining:
                verdict = Verdict(limit, limit.quota - count, reset_s)
        if verdict.remaining < 0:
            self._refusals.labels(verdict.limit.policy).inc()
        return verdict

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
