"""One look at a workload's pods: restarts, kills, readiness, memory, answers and errors."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from services.cluster.asks import ask_of
from services.cluster.port import ApiError, ClusterApi
from services.cluster.quantity import memory

# Answers to probes and scrapes say nothing about the service.
_OWN_ROUTES = {"/livez", "/readyz", "/healthz", "/metrics"}
_MAX_METRICS_CHARS = 4 * 2**20


@dataclass(frozen=True)
class Answers:
    """Counters since a pod's start: requests, server errors, seconds, requests per duration bound."""

    requests: float = 0
    errors: float = 0
    seconds: float = 0
    buckets: dict[float, float] = field(default_factory=dict)

    def since(self, earlier: Answers) -> Answers:
        """Return what came after an earlier look; a counter that started anew counts from zero."""
        if self.requests < earlier.requests:
            return self
        return Answers(
            self.requests - earlier.requests,
            self.errors - earlier.errors,
            self.seconds - earlier.seconds,
            {bound: count - earlier.buckets.get(bound, 0) for bound, count in self.buckets.items()},
        )

    @property
    def error_rate(self) -> float:
        """Return server errors as a part of all requests."""
        return self.errors / self.requests if self.requests else 0.0

    @property
    def average_s(self) -> float:
        """Return the average duration in seconds."""
        return self.seconds / self.requests if self.requests else 0.0

    def quantile_s(self, part: float) -> float:
        """Return the upper bound in seconds of the bucket that holds this part of the requests."""
        total = max(self.buckets.values(), default=0.0)
        for bound, count in sorted(self.buckets.items()):
            if total and count >= part * total:
                return bound
        return 0.0


@dataclass(frozen=True)
class Look:
    """What the pods of a workload show at one moment; memory in bytes, None where nobody measures."""

    pods: int
    ready: int
    restarts: int
    oom_killed: int
    memory: int | None = None
    limit: int | None = None


def look(pods: list[dict[str, Any]], metrics: list[dict[str, Any]] | None) -> Look:
    """Return the largest pod's memory, and the sums of everything else."""
    used = {item["metadata"]["name"]: item for item in metrics or []}
    restarts = ready = killed = 0
    peak: int | None = None
    limit: int | None = None
    for pod in pods:
        status = pod.get("status", {})
        for container in status.get("containerStatuses") or []:
            restarts += int(container.get("restartCount") or 0)
            for state in (container.get("state") or {}, container.get("lastState") or {}):
                killed += (state.get("terminated") or {}).get("reason") == "OOMKilled"
        ready += any(
            c.get("type") == "Ready" and c.get("status") == "True" for c in status.get("conditions") or []
        )
        limit = ask_of(pod["spec"]).limit if limit is None else limit
        found = used.get(pod["metadata"]["name"])
        if found:
            size = sum(memory(c["usage"]["memory"]) for c in found.get("containers") or [])
            peak = size if peak is None else max(peak, size)
    return Look(len(pods), ready, restarts, killed, peak, limit)


def read_answers(api: ClusterApi, pod: str, port: int) -> Answers | None:
    """Return a pod's counters from its /metrics, or None when it does not answer them."""
    try:
        status, body = api.fetch(pod, port, "/metrics")
    except ApiError:
        return None
    if status != 200 or len(body) > _MAX_METRICS_CHARS:
        return None
    return parse_answers(body)


def parse_answers(text: str) -> Answers:
    """Return the counters in a Prometheus text; other metrics are ignored."""
    requests = errors = seconds = 0.0
    buckets: dict[float, float] = {}
    try:
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                labels = sample.labels
                if labels.get("route", labels.get("endpoint")) in _OWN_ROUTES:
                    continue
                if sample.name == "http_requests_total":
                    requests += sample.value
                    status = labels.get("status", labels.get("status_code", ""))
                    errors += sample.value if status.startswith("5") else 0
                elif sample.name == "http_request_duration_seconds_sum":
                    seconds += sample.value
                elif sample.name == "http_request_duration_seconds_bucket":
                    bound = float(labels["le"])
                    buckets[bound] = buckets.get(bound, 0) + sample.value
    except (ValueError, KeyError):
        return Answers()
    return Answers(requests, errors, seconds, buckets)
