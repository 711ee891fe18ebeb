"""What the fake cluster's pods answer to whoever asks them: metrics, readiness, their own counters."""

from typing import Any

from tests.unit.cluster.fake_api import FakeClock, Store, limit_of

Json = dict[str, Any]


class FakeAnswers:
    """The part of a fake cluster that speaks for its pods."""

    store: Store
    clock: FakeClock
    ready_at: dict[str, float]
    served: dict[str, float]

    def behaviour(self, pod: Json) -> str:
        raise AssertionError("the cluster knows how its pods behave")

    def metrics(self) -> list[Json]:
        found = []
        for pod in self.store.of("Pod"):
            if pod["metadata"]["name"] in self.ready_at:
                part = 0.95 if self.behaviour(pod) == "hungry" else 0.40
                usage = {"memory": str(int(limit_of(pod) * part)), "cpu": "20m"}
                found.append(
                    {
                        "kind": "PodMetrics",
                        "metadata": {"name": pod["metadata"]["name"], "namespace": "openpolicy"},
                        "timestamp": self.clock.now().isoformat(),
                        "containers": [{"name": "main", "usage": usage}],
                    }
                )
        return found

    def answer(self, pod: Json, path: str) -> tuple[int, str]:
        name = pod["metadata"]["name"]
        if name not in self.ready_at:
            return 503, ""
        self.served[name] = self.served.get(name, 0) + 1
        if path != "/metrics":
            return 200, "{}"
        total = self.served[name]
        fault = self.behaviour(pod)
        bad = total * 0.2 if fault == "errors" else 0
        slow = total if fault == "slow-answers" else 0
        lines = [
            "rabbitmq_identity_info{} 1",
            "# TYPE http_requests_total counter",
            f'http_requests_total{{route="/v1/bills",status="200"}} {total - bad}',
            f'http_requests_total{{route="/v1/bills",status="500"}} {bad}',
            "# TYPE http_request_duration_seconds histogram",
            f'http_request_duration_seconds_bucket{{le="0.1"}} {total - slow}',
            f'http_request_duration_seconds_bucket{{le="2.5"}} {total}',
            f'http_request_duration_seconds_bucket{{le="+Inf"}} {total}',
            f"http_request_duration_seconds_sum {total * (2.0 if slow else 0.02)}",
            f"http_request_duration_seconds_count {total}",
        ]
        return 200, "\n".join(lines) + "\n"
