"""The ring: every process's metrics page read now and then, a few series kept for 24 hours."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

import httpx
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy.orm import Session, sessionmaker

from hubs.ops_hub.monitoring.repository import MonitoringRepository
from shared.core.clock import utc_now
from shared.db.session import transaction
from shared.logging import get_logger

log = get_logger(__name__)
EVERY_S = 30.0
_TIMEOUT_S = 3.0
_MAX_PAGE_BYTES = 5 * 2**20
UNITS = {
    "up": "1",
    "requests_per_s": "requests/s",
    "errors_per_s": "answers with 5xx/s",
    "mean_ms": "milliseconds",
    "memory_mib": "MiB resident",
    "outbox_waiting": "messages",
    "outbox_oldest_s": "seconds",
    "buried": "dead letters since the sample before",
    "pool_in_use": "database connections",
    "check_ms": "milliseconds of the health check",
    "score": "percent",
    "usage_percent": "percent of allocatable memory",
    "cpu_percent": "percent",
}


_AS_THEY_ARE = {"outbox_waiting": "outbox_waiting", "outbox_oldest_age_seconds": "outbox_oldest_s"}


@dataclass
class _Last:
    at: float
    requests: float
    errors: float
    seconds: float
    count: float
    buried: float


class Sampler:
    """Reads the metrics pages of hubs and workers and writes the ring; ``latest`` answers from memory.

    ``more`` returns what else is worth a series, by its name.
    """

    def __init__(
        self,
        client: httpx.Client,
        urls: dict[str, str],
        sessions: sessionmaker[Session],
        more: Callable[[], dict[str, float]] = dict,
    ) -> None:
        self._more = more
        self.listeners: list[Callable[[], None]] = []
        """Called after each sample."""
        self._client = client
        self._urls = urls
        self._sessions = sessions
        self._last: dict[str, _Last] = {}
        self.latest: dict[str, float] = {}

    def sample(self) -> dict[str, float]:
        """Read every page once and keep the values."""
        found: dict[str, float] = {}
        for name, url in self._urls.items():
            found.update(self._read(name, url))
        found.update(self._more())
        with transaction(self._sessions) as session:
            MonitoringRepository(session).add_samples(utc_now(), found)
        self.latest = found
        return found

    def run(self, stop: threading.Event) -> None:
        """Sample until told to stop; the thread's body."""
        while not stop.wait(EVERY_S if self.latest else 2.0):
            try:
                self.sample()
                for listener in self.listeners:
                    listener()
            except Exception as error:  # noqa: BLE001 - a database that is away is what we are looked at for
                log.warning("no sample was kept", error=str(error))

    def _read(self, name: str, url: str) -> dict[str, float]:
        try:
            answer = self._client.get(f"{url}/metrics", timeout=_TIMEOUT_S)
            answer.raise_for_status()
        except httpx.HTTPError:
            self._last.pop(name, None)
            return {f"{name}:up": 0.0}
        if len(answer.content) > _MAX_PAGE_BYTES:
            return {f"{name}:up": 1.0}
        requests = errors = seconds = count = buried = 0.0
        values = {f"{name}:up": 1.0}
        for family in text_string_to_metric_families(answer.text):
            for sample in family.samples:
                if sample.name == "http_requests_total":
                    requests += sample.value
                    errors += sample.value if sample.labels.get("status", "").startswith("5") else 0
                elif sample.name == "http_request_duration_seconds_sum":
                    seconds += sample.value
                elif sample.name == "http_request_duration_seconds_count":
                    count += sample.value
                elif sample.name == "process_resident_memory_bytes":
                    values[f"{name}:memory_mib"] = sample.value / 2**20
                elif sample.name == "consumer_messages_total" and sample.labels["outcome"] == "buried":
                    buried += sample.value
                elif sample.name == "db_pool_connections" and sample.labels["state"] == "in_use":
                    values[f"{name}:pool_in_use"] = sample.value
                elif sample.name in _AS_THEY_ARE:
                    values[f"{name}:{_AS_THEY_ARE[sample.name]}"] = sample.value
        now = _Last(time.monotonic(), requests, errors, seconds, count, buried)
        before = self._last.get(name)
        self._last[name] = now
        # Counters that went back belong to a process that was started anew.
        if before is not None and now.requests >= before.requests and now.at > before.at:
            span = now.at - before.at
            values[f"{name}:requests_per_s"] = (now.requests - before.requests) / span
            values[f"{name}:buried"] = max(0.0, now.buried - before.buried)
            values[f"{name}:errors_per_s"] = max(0.0, now.errors - before.errors) / span
            if now.count > before.count:
                mean = (now.seconds - before.seconds) / (now.count - before.count)
                values[f"{name}:mean_ms"] = mean * 1000
        return values
