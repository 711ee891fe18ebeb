"""Resource status in a cluster: what the API and its metrics say, over HTTP from a small API server in memory."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from hubs.ops_hub.cluster import ClusterReader, WorkloadStates, open_cluster
from hubs.ops_hub.monitoring.resources import Budget, judge, measure_cluster
from hubs.ops_hub.monitoring.schemas import ResourceStatus
from shared.core.clock import utc_now
from shared.core.errors import Unavailable

SPACE = "namespaces/openpolicy"
DEPLOYMENTS = f"/apis/apps/v1/{SPACE}/deployments"
STATEFUL_SETS = f"/apis/apps/v1/{SPACE}/statefulsets"
REPLICA_SETS = f"/apis/apps/v1/{SPACE}/replicasets"
PODS = f"/api/v1/{SPACE}/pods"
METRICS = f"/apis/metrics.k8s.io/v1beta1/{SPACE}/pods"
CRON_JOBS = f"/apis/batch/v1/{SPACE}/cronjobs"
NODES = "/api/v1/nodes"


class ApiServer:
    """Serves lists, two items a page, to whoever brings the token."""

    def __init__(self, account: Path) -> None:
        self.items: dict[str, list[dict[str, Any]]] = {}
        self.status: dict[str, int] = {}
        self.account = account
        (account / "token").write_text("a token of the kubelet\n")
        api = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                url = urlsplit(self.path)
                status = api.status.get(url.path, 200 if url.path in api.items else 404)
                if self.headers["Authorization"] != "Bearer a token of the kubelet":
                    status = 401
                at = int(parse_qs(url.query).get("continue", ["0"])[0])
                rows = api.items.get(url.path, [])
                following = {"continue": str(at + 2)} if at + 2 < len(rows) else {}
                body = json.dumps({"metadata": following, "items": rows[at : at + 2]}).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def add(self, path: str, *rows: dict[str, Any]) -> None:
        self.items.setdefault(path, []).extend(rows)

    def workload(self, name: str, tier: str, *, kind: str = DEPLOYMENTS, revision: str = "1") -> None:
        template = {"metadata": {"labels": {"openpolicy.io/tier": tier}}}
        labels = {"app.kubernetes.io/name": name}
        status = {"updateRevision": f"{name}-{revision}"} if kind == STATEFUL_SETS else {}
        meta = {"name": name, "labels": labels}
        self.add(kind, {"metadata": meta, "spec": {"replicas": 1, "template": template}, "status": status})

    def replica_set(self, owner: str, template: str, number: int) -> None:
        meta = {
            "name": f"{owner}-{template}",
            "labels": {"pod-template-hash": template},
            "annotations": {"deployment.kubernetes.io/revision": str(number)},
            "ownerReferences": [{"kind": "Deployment", "name": owner}],
        }
        self.add(REPLICA_SETS, {"metadata": meta})

    def pod(
        self,
        name: str,
        template: str,
        tier: str,
        *,
        is_placed: bool = True,
        memory: tuple[str, str] = ("128Mi", "256Mi"),
        used: tuple[str, str] | None = ("100Mi", "20m"),
        last: dict[str, Any] | None = None,
        waiting: str = "",
        age_s: int = 600,
    ) -> None:
        pod = f"{name}-{template}-x"
        meta = {
            "name": pod,
            "creationTimestamp": (utc_now() - timedelta(seconds=age_s)).isoformat(),
            "labels": {
                "app.kubernetes.io/name": name,
                "openpolicy.io/tier": tier,
                "pod-template-hash": template,
            },
            "ownerReferences": [{"kind": "ReplicaSet", "name": f"{name}-{template}"}],
        }
        resources = {"requests": {"memory": memory[0]}, "limits": {"memory": memory[1]}}
        state = {"waiting": {"reason": waiting}} if waiting else {"running": {}}
        is_ready = is_placed and not waiting
        status = {
            "phase": "Running" if is_placed else "Pending",
            "conditions": [
                {"type": "PodScheduled", "status": "True" if is_placed else "False"},
                {"type": "Ready", "status": "True" if is_ready else "False"},
            ],
            "containerStatuses": [{"state": state, "lastState": {"terminated": last} if last else {}}],
        }
        spec = {"containers": [{"resources": resources}], **({"nodeName": "node-1"} if is_placed else {})}
        self.add(PODS, {"metadata": meta, "spec": spec, "status": status})
        if used and is_placed:
            use = {"memory": used[0], "cpu": used[1]}
            self.add(METRICS, {"metadata": {"name": pod}, "containers": [{"usage": use}]})


@pytest.fixture
def api(tmp_path: Path) -> Iterator[ApiServer]:
    found = ApiServer(tmp_path)
    for name in ("security", "data", "business", "ops", "intelligence", "ux"):
        found.workload(f"{name}-hub", "hub")
        found.replica_set(f"{name}-hub", "aaa", 3)
        found.replica_set(f"{name}-hub", "old", 2)
        found.pod(f"{name}-hub", "aaa", "hub")
    found.workload("scraper", "worker")
    found.replica_set("scraper", "aaa", 1)
    found.pod("scraper", "aaa", "worker", memory=("512Mi", "1Gi"))
    found.workload("postgresql", "infra", kind=STATEFUL_SETS)
    found.pod("postgresql", "aaa", "infra", memory=("1Gi", "1Gi"), used=("400Mi", "50m"))
    meta = found.items[PODS][-1]["metadata"]
    meta["ownerReferences"] = [{"kind": "StatefulSet", "name": "postgresql"}]
    del meta["labels"]["pod-template-hash"]
    meta["labels"]["controller-revision-hash"] = "postgresql-1"
    allocatable = {"memory": "7830Mi", "cpu": "16"}
    pressure = [{"type": "MemoryPressure", "status": "False"}]
    meta = {"name": "node-1"}
    found.add(NODES, {"metadata": meta, "status": {"allocatable": allocatable, "conditions": pressure}})
    yield found
    found.close()


def status_of(api: ApiServer, budget: Budget | None = None) -> ResourceStatus:
    reader = ClusterReader(api.url, "openpolicy", api.account)
    try:
        return judge(measure_cluster(reader.read(), budget or Budget()))
    finally:
        reader.close()


def test_usage_requests_and_limits_are_shares_of_what_can_be_allocated(api: ApiServer) -> None:
    found = status_of(api)
    assert (found.source, found.level, found.is_usage_measured) == ("cluster", "OPTIMAL", True)
    assert (found.usage_mib, found.requests_mib, found.limits_mib) == (1100.0, 2304, 3584)
    assert (found.allocatable_mib, found.usage_percent) == (7830.0, 14.0)
    assert (found.services_operational, found.services_total) == (26, 26)
    assert (found.pods_running, found.pods_total) == (8, 8)
    assert found.cpu_percent == pytest.approx(1.2, abs=0.1)


def test_a_pod_of_an_older_template_is_stale_and_one_without_a_node_is_pending(api: ApiServer) -> None:
    api.items[PODS] = [row for row in api.items[PODS] if not row["metadata"]["name"].startswith("data-hub")]
    api.pod("data-hub", "old", "hub")
    api.pod("data-hub", "aaa", "hub", is_placed=False)
    found = status_of(api)
    assert (found.level, found.next_level) == ("WARNING", "HEALTHY")
    assert found.stale_pods == ["data-hub-old-x"]
    assert found.pending_pods == ["data-hub-aaa-x"]
    assert found.blockers == ["data-hub-aaa-x is not running", "data-hub-old-x runs old code"]
    # What asks and has no node is no part of the sums.
    assert found.requests_mib == 2304


def test_the_founding_crisis_is_critical_and_says_why(api: ApiServer) -> None:
    for number in range(8):
        api.workload(f"extra-{number}", "worker")
        api.pod(f"extra-{number}", "aaa", "worker", memory=("676Mi", "1456Mi"), used=("640Mi", "20m"))
    found = status_of(api)
    assert found.level == "CRITICAL"
    assert found.rule_en.startswith("memory usage is 79%") or "limits are 194%" in found.blockers[0]
    assert found.limits_percent == pytest.approx(194, abs=1)
    assert (found.requests_percent, found.next_level) == (pytest.approx(98, abs=1), "WARNING")


def test_without_a_metrics_api_the_level_goes_by_requests_and_says_so(api: ApiServer) -> None:
    api.status[METRICS] = 404
    found = status_of(api)
    assert (found.is_usage_measured, found.cpu_percent, found.level) == (False, None, "HEALTHY")
    assert "not measured" in found.rule_en
    assert "pas mesuré" in found.rule_fr


def test_nodes_that_may_not_be_read_leave_the_budget_as_the_measure(api: ApiServer) -> None:
    api.status[NODES] = 403
    assert status_of(api, Budget({}, 7_000.0)).allocatable_mib == 7_000.0
    quota = {"metadata": {"name": "platform"}, "status": {"hard": {"limits.memory": "6656Mi"}}}
    api.add(f"/api/v1/{SPACE}/resourcequotas", quota)
    assert status_of(api, Budget({}, 7_000.0)).allocatable_mib == 6_656.0


def test_without_any_measure_the_level_says_that_shares_are_not_known(api: ApiServer) -> None:
    api.status[NODES] = 403
    found = status_of(api)
    assert (found.level, found.rule_en) == ("WARNING", "what can be allocated is not known")


def test_a_worker_without_a_port_is_watched_by_its_pods(api: ApiServer) -> None:
    reader = ClusterReader(api.url, "openpolicy", api.account)
    states = WorkloadStates(reader, max_age_s=0)
    assert states.ready("scraper") == (1, 1)
    for row in api.items[PODS]:
        if row["metadata"]["name"].startswith("scraper"):
            row["status"]["conditions"][1]["status"] = "False"
    assert states.ready("scraper") == (0, 1)
    api.status[PODS] = 403
    with pytest.raises(Unavailable):
        states.ready("scraper")
    reader.close()


@pytest.mark.parametrize(
    ("change", "blocker"),
    [
        ({"waiting": "CrashLoopBackOff"}, "crashes or cannot start"),
        ({"last": {"reason": "OOMKilled", "finishedAt": "now"}}, "want of memory"),
    ],
)
def test_crashes_and_kills_are_warnings(api: ApiServer, change: dict[str, Any], blocker: str) -> None:
    if last := change.get("last"):
        change = {"last": {**last, "finishedAt": utc_now().isoformat()}}
    api.workload("opa", "worker")
    api.pod("opa", "aaa", "worker", **change)
    found = status_of(api)
    assert found.level == "WARNING"
    assert any(blocker in line for line in found.blockers)


def test_an_infrastructure_pod_that_is_not_ready_is_critical(api: ApiServer) -> None:
    for row in api.items[PODS]:
        if row["metadata"]["name"].startswith("postgresql"):
            row["status"]["conditions"][1]["status"] = "False"
    found = status_of(api)
    assert (found.level, found.rule_en) == ("CRITICAL", "postgresql is not ready")


@pytest.mark.parametrize("status", [401, 403, 500, 503])
def test_an_api_that_does_not_show_the_pods_is_an_error_and_no_guess(api: ApiServer, status: int) -> None:
    api.status[PODS] = status
    with pytest.raises(Unavailable):
        status_of(api)


def test_an_api_that_is_away_is_an_error(api: ApiServer) -> None:
    api.close()
    with pytest.raises(Unavailable, match="does not answer"):
        status_of(api)


def test_the_age_of_the_backup_comes_from_its_job(api: ApiServer) -> None:
    reader = ClusterReader(api.url, "openpolicy", api.account)
    with pytest.raises(Unavailable):
        reader.backup_at()
    api.add(CRON_JOBS, {"metadata": {"name": "backup"}, "status": {}})
    assert reader.backup_at() is None
    api.items[CRON_JOBS][0]["status"]["lastSuccessfulTime"] = "2026-11-30T02:00:00Z"
    found = reader.backup_at()
    assert found is not None
    assert found.isoformat() == "2026-11-30T02:00:00+00:00"
    reader.close()


def test_outside_of_a_cluster_there_is_no_reader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    assert open_cluster("openpolicy", tmp_path) is None
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "10.0.0.1")
    assert open_cluster("openpolicy", tmp_path) is None
    (tmp_path / "token").write_text("x")
    assert open_cluster("openpolicy", tmp_path) is not None
