"""Gates: a workload that is ready must also stay ready, answer well, fit its memory, and hurt nobody."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from services.cluster.applying import StepFailed
from services.cluster.clock import Clock
from services.cluster.port import ApiError, ClusterApi
from services.cluster.readiness import own_pods
from services.cluster.samples import Answers, Look, look, read_answers
from services.cluster.table import Component, Table


class Inconclusive(Exception):
    """Nothing is known to be wrong, and too little was seen to say that it is right."""


@dataclass(frozen=True)
class GateSettings:
    """Bounds; seconds, shares between 0 and 1."""

    soak_s: float = 60.0
    sample_s: float = 5.0
    bad_samples: int = 3
    error_rate: float = 0.01
    average_s: float = 0.100
    p99_s: float = 0.500
    min_requests: int = 50
    smoke_requests: int = 100
    peak_share: float = 0.85
    trend_s: float = 3600.0
    is_full: bool = True
    """False: only readiness, restarts and memory; nothing is asked through the API server."""


@dataclass
class _Watched:
    """What was seen while soaking."""

    first: Look
    last: Look
    bad: list[str] = field(default_factory=list)
    sizes: list[tuple[float, int]] = field(default_factory=list)


class Gates:
    """The gates of one rollout; it remembers which workloads are already promoted."""

    def __init__(
        self,
        api: ClusterApi,
        clock: Clock,
        table: Table,
        settings: GateSettings,
        beat: Callable[[str], None],
    ) -> None:
        self._api = api
        self._clock = clock
        self._table = table
        self.settings = settings
        self._beat = beat
        self._promoted: list[Component] = []

    def promoted(self, name: str) -> None:
        """Remember a workload whose answers every later step must leave intact."""
        component = self._table.find(name)
        if component and component.tier == "hub" and component not in self._promoted:
            self._promoted.append(component)

    def pass_through(self, kind: str, name: str) -> str:
        """Soak a ready workload and judge it; return what was seen in words.

        Raises: StepFailed, Inconclusive, ApiError.
        """
        component = self._table.find(name)
        before = self._answers(component, kind, name)
        watched = self._soak(kind, name)
        words = [self._judge_look(name, watched)]
        if component and component.tier == "infra" and self.settings.is_full:
            words.append(self._infra(component))
        if component and component.tier == "hub" and self.settings.is_full:
            words.append(self._judge_answers(component, kind, before))
        words += self._dependants(name)
        return "; ".join(word for word in words if word)

    # ---- soaking

    def _soak(self, kind: str, name: str) -> _Watched:
        started = self._clock.now()
        first = self._look(kind, name)
        watched = _Watched(first, first)
        in_a_row = 0
        while (passed := (self._clock.now() - started).total_seconds()) < self.settings.soak_s:
            self._clock.sleep(min(self.settings.sample_s, self.settings.soak_s - passed))
            self._beat(f"watching {name}, {self.settings.soak_s - passed:.0f} s left")
            now = self._look(kind, name)
            fault = _fault(watched.first, now)
            in_a_row = in_a_row + 1 if fault else 0
            if fault:
                watched.bad.append(fault)
            if in_a_row >= self.settings.bad_samples or (fault and "killed" in fault):
                raise StepFailed(f"{name}: {fault}", self._evidence(kind, name))
            watched.last = now
            if now.memory is not None:
                watched.sizes.append(((self._clock.now() - started).total_seconds(), now.memory))
        return watched

    def _look(self, kind: str, name: str) -> Look:
        metrics = self._api.metrics()
        return look(own_pods(self._api, kind, name), metrics[0] if metrics else None)

    def _judge_look(self, name: str, watched: _Watched) -> str:
        last = watched.last
        if watched.bad and last.ready < last.pods:
            raise StepFailed(f"{name}: {watched.bad[-1]}")
        if last.restarts > watched.first.restarts:
            raise StepFailed(
                f"{name}: restarted {last.restarts - watched.first.restarts} times while watched"
            )
        if last.memory is None or not last.limit:
            return f"{last.ready}/{last.pods} ready, memory not measured"
        share = last.memory / last.limit
        if share > self.settings.peak_share:
            raise StepFailed(f"{name}: uses {share:.0%} of its limit, over {self.settings.peak_share:.0%}")
        reach = _reaches(watched.sizes, last.limit)
        if reach is not None and reach < self.settings.trend_s:
            raise StepFailed(f"{name}: memory grows and would reach its limit in {reach / 60:.0f} min")
        return f"{last.ready}/{last.pods} ready, {share:.0%} of its memory limit"

    # ---- answers

    def _answers(self, component: Component | None, kind: str, name: str) -> dict[str, Answers]:
        if component is None or component.tier != "hub" or not self.settings.is_full:
            return {}
        pods = [pod["metadata"]["name"] for pod in own_pods(self._api, kind, name)]
        found = {pod: read_answers(self._api, pod, component.metrics) for pod in pods}
        return {pod: answers for pod, answers in found.items() if answers is not None}

    def _judge_answers(self, component: Component, kind: str, before: dict[str, Answers]) -> str:
        total = self._since(component, kind, before)
        if total.requests < self.settings.min_requests:
            self._smoke(component, kind)
            total = self._since(component, kind, before)
        if total.requests < self.settings.min_requests:
            seen = f"{total.requests:.0f} of {self.settings.min_requests} requests seen"
            raise Inconclusive(f"{component.name}: {seen}; its /metrics tell too little to judge")
        if total.error_rate > self.settings.error_rate:
            raise StepFailed(f"{component.name}: {total.error_rate:.1%} of its answers are server errors")
        p99 = total.quantile_s(0.99)
        if total.average_s > self.settings.average_s or p99 > self.settings.p99_s:
            text = f"{total.average_s * 1000:.0f} ms on average, {p99 * 1000:.0f} ms at p99"
            raise StepFailed(f"{component.name}: too slow: {text}")
        return (
            f"{total.requests:.0f} requests, {total.error_rate:.1%} errors, "
            f"{total.average_s * 1000:.0f} ms on average"
        )

    def _since(self, component: Component, kind: str, before: dict[str, Answers]) -> Answers:
        total = Answers()
        for pod, answers in self._answers(component, kind, component.name).items():
            new = answers.since(before.get(pod, Answers()))
            buckets = {
                bound: total.buckets.get(bound, 0) + new.buckets.get(bound, 0)
                for bound in {*total.buckets, *new.buckets}
            }
            total = Answers(
                total.requests + new.requests, total.errors + new.errors, total.seconds + new.seconds, buckets
            )
        return total

    def _smoke(self, component: Component, kind: str) -> None:
        """Too little traffic to judge by: ask it ourselves for what costs nothing."""
        pods = [pod["metadata"]["name"] for pod in own_pods(self._api, kind, component.name)]
        for number in range(self.settings.smoke_requests if pods else 0):
            try:
                self._api.fetch(pods[number % len(pods)], component.port, "/version")
            except ApiError:
                return

    # ---- the others

    def _dependants(self, name: str) -> list[str]:
        if not self.settings.is_full:
            return []
        asked = 0
        for component in self._promoted:
            if component.name == name:
                continue
            for pod in own_pods(self._api, component.kind, component.name):
                status, _ = self._api.fetch(pod["metadata"]["name"], component.port, "/readyz")
                asked += 1
                if status != 200:
                    raise StepFailed(f"{component.name} answers {status} to /readyz since {name} changed")
        return [f"{asked} promoted pods still ready"] if asked else []

    def _infra(self, component: Component) -> str:
        pods = own_pods(self._api, component.kind, component.name)
        if not pods:
            raise StepFailed(f"{component.name}: no pod")
        name = pods[0]["metadata"]["name"]
        if component.name == "rabbitmq":
            status, text = self._api.fetch(name, component.metrics, "/metrics")
            if status != 200 or "rabbitmq_identity_info" not in text:
                raise StepFailed(f"rabbitmq answers {status} to /metrics")
            if _is_set(text, "rabbitmq_alarms_memory_used_watermark"):
                raise StepFailed("rabbitmq blocks its publishers: memory is above the watermark")
            return "no memory alarm"
        command = {
            "postgresql": ["psql", "-U", "openpolicy", "-d", "openpolicy", "-Atc", "SELECT 1"],
            "redis": ["sh", "-c", "redis-cli ping | grep -Eq 'PONG|NOAUTH'"],
        }.get(component.name)
        if command is None:
            return ""
        code, output = self._api.execute(name, command)
        if code != 0:
            raise StepFailed(f"{component.name}: {' '.join(command[:1])} failed: {output[-200:]}")
        return "answers a query"

    def _evidence(self, kind: str, name: str) -> str:
        for pod in own_pods(self._api, kind, name):
            try:
                return self._api.logs(pod["metadata"]["name"], 20)
            except ApiError:
                continue
        return ""


def _fault(first: Look, now: Look) -> str:
    if now.oom_killed > first.oom_killed:
        return "killed for want of memory"
    if now.restarts > first.restarts:
        return f"{now.restarts - first.restarts} restarts"
    if now.ready < now.pods or now.pods < first.pods:
        return f"{now.ready} of {now.pods} pods ready"
    return ""


def _reaches(sizes: Iterable[tuple[float, int]], limit: int) -> float | None:
    """Return in how many seconds a line through the sizes reaches the limit; None when they do not grow."""
    points = list(sizes)
    # Fewer points, or less growth than start-up noise, say nothing.
    if len(points) < 6:
        return None
    mean_t = sum(t for t, _ in points) / len(points)
    mean_m = sum(m for _, m in points) / len(points)
    spread = sum((t - mean_t) ** 2 for t, _ in points)
    slope = sum((t - mean_t) * (m - mean_m) for t, m in points) / spread if spread else 0.0
    grown = points[-1][1] - points[0][1]
    if slope <= 0 or grown < 0.15 * limit:
        return None
    return (limit - points[-1][1]) / slope


def _is_set(text: str, metric: str) -> bool:
    return any(line.startswith(metric) and line.split()[-1] not in {"0", "0.0"} for line in text.splitlines())
