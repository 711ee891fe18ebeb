"""Prometheus itself reads the hubs, the rules and the discovery; Alertmanager's body arrives."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import yaml

from shared.testing.packages import Unobtainable, ensure_program
from shared.testing.ports import free_port
from shared.testing.processes import Processes, wait_until
from tests.contract.ops_hub.conftest import Ops

MONITORING = Path(__file__).resolve().parents[3] / "deploy" / "monitoring"


@pytest.fixture(scope="module")
def promtool() -> str:
    try:
        return str(ensure_program("promtool", "prometheus"))
    except Unobtainable as reason:
        pytest.skip(str(reason))


def check(*command: str, stdin: bytes | None = None) -> None:
    done = subprocess.run(command, input=stdin, capture_output=True, cwd=MONITORING, check=False)
    assert done.returncode == 0, (done.stdout + done.stderr).decode()


def test_promtool_accepts_rules_and_configuration_and_the_rules_fire_as_meant(promtool: str) -> None:
    check(promtool, "check", "rules", "rules.yaml")
    check(promtool, "check", "config", "prometheus.yaml")
    check(promtool, "test", "rules", "rules_test.yaml")


def test_promtool_accepts_the_metrics_page(promtool: str, ops: Ops) -> None:
    ops.http.get("/api/v1/health")
    check(promtool, "check", "metrics", stdin=ops.http.get("/metrics").content)


def expressions() -> tuple[list[str], dict[str, str]]:
    """What panels and alerts ask, and the recorded expressions by name."""
    rules = yaml.safe_load((MONITORING / "rules.yaml").read_text())
    every = [rule for group in rules["groups"] for rule in group["rules"]]
    recorded = {rule["record"]: rule["expr"] for rule in every if "record" in rule}
    dashboard = json.loads((MONITORING / "dashboard.json").read_text())
    asked = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    return asked + [rule["expr"] for rule in every], recorded


def selectors(expression: str) -> set[str]:
    """The names of metrics in an expression: what is no function, no label and no keyword."""
    bare = re.sub(r'"[^"]*"|\[[^\]]*\]|\{[^}]*\}', "", expression)
    bare = re.sub(r"\b(by|ignoring|on|without)\s*\([^)]*\)", "", bare)
    return set(re.findall(r"[a-zA-Z_:][a-zA-Z0-9_:]*(?![a-zA-Z0-9_:]*\s*\()", bare)) - {"and", "or", "unless"}


def test_every_panel_and_rule_asks_for_a_metric_that_exists(ops: Ops) -> None:
    ops.http.get("/api/v1/health")
    page = ops.http.get("/metrics", headers={"Accept": "text/plain;version=0.0.4"}).text
    exported = set(re.findall(r"^# TYPE (\S+)", page, re.M))
    exported |= {f"{name}{end}" for name in exported for end in ("_bucket", "_sum", "_count")} | {"up"}
    asked, recorded = expressions()
    assert len(asked) > 30
    for expression in asked:
        names = selectors(expression)
        assert names, expression
        assert names <= exported | set(recorded), f"{names - exported - set(recorded)} in {expression}"


def test_every_runbook_that_an_alert_names_exists() -> None:
    rules = yaml.safe_load((MONITORING / "rules.yaml").read_text())
    for group in rules["groups"]:
        for rule in group["rules"]:
            if "alert" in rule:
                assert (MONITORING.parents[1] / rule["annotations"]["runbook"]).exists()


@pytest.fixture(scope="module")
def prometheus(ops_server: Ops, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """Debian's Prometheus with the project's own rules, reading what the discovery names."""
    try:
        program = ensure_program("prometheus", "prometheus")
    except Unobtainable as reason:
        pytest.skip(str(reason))
    folder = tmp_path_factory.mktemp("prometheus")
    port = free_port()
    discovery = f"{{url: {ops_server.url}/api/v1/metrics/targets, refresh_interval: 1s}}"
    (folder / "prometheus.yml").write_text(
        "global: {scrape_interval: 1s, evaluation_interval: 1s}\n"
        "scrape_configs:\n  - job_name: openpolicy\n    http_sd_configs:\n"
        f"      - {discovery}\n"
    )
    with Processes() as processes:
        process = processes.run(
            program,
            f"--config.file={folder}/prometheus.yml",
            f"--storage.tsdb.path={folder}/data",
            f"--web.listen-address=127.0.0.1:{port}",
        )
        process.wait_for_http(f"http://127.0.0.1:{port}/-/ready")
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=20) as client:
            yield client


def test_prometheus_finds_and_reads_what_the_discovery_names(ops: Ops, prometheus: httpx.Client) -> None:
    own = ops.url.removeprefix("http://")

    def targets() -> dict[str, str]:
        rows = prometheus.get("/api/v1/targets").json()["data"]["activeTargets"]
        return {row["labels"]["instance"]: row["health"] for row in rows}

    wait_until(lambda: targets().get(own) == "up", timeout=60, what="a scrape")
    assert len(targets()) == 6


def test_every_panel_and_rule_is_understood_by_prometheus_and_what_is_always_there_has_a_value(
    ops: Ops, prometheus: httpx.Client
) -> None:
    def ask(expression: str) -> list[dict]:
        answer = prometheus.get("/api/v1/query", params={"query": expression})
        assert answer.status_code == 200, f"{expression}: {answer.text}"
        return answer.json()["data"]["result"]

    always = ("memory_bytes", "db_pool_connections", "cache_lookups_total", "error_reports_sent_total", "up")
    wait_until(lambda: all(ask(f"{name}{{hub='ops'}}") for name in always), timeout=60, what="two scrapes")
    for expression in expressions()[0]:
        ask(expression)


def webhook(status: str, ends: str) -> dict:
    return {
        "receiver": "openpolicy",
        "status": status,
        "version": "4",
        "groupKey": '{}:{alertname="HubDown"}',
        "truncatedAlerts": 0,
        "groupLabels": {"alertname": "HubDown"},
        "commonLabels": {},
        "commonAnnotations": {},
        "externalURL": "http://am:9093",
        "alerts": [
            {
                "status": status,
                "labels": {"alertname": "HubDown", "severity": "critical", "hub": "data"},
                "annotations": {"summary": "x"},
                "startsAt": "2026-11-23T10:00:00.5Z",
                "endsAt": ends,
                "generatorURL": "http://p",
                "fingerprint": "c0ffee",
            }
        ],
    }


def test_an_alert_that_is_sent_again_and_again_is_one_and_can_be_silenced(ops: Ops) -> None:
    for _ in range(3):
        assert (
            ops.http.post(
                "/api/v1/alerts/webhook", json=webhook("firing", "0001-01-01T00:00:00Z")
            ).status_code
            == 202
        )
    (alert,) = ops.http.get("/api/v1/alerts").json()
    assert (alert["name"], alert["status"], alert["ends_at"], alert["silenced_by"]) == (
        "HubDown",
        "firing",
        None,
        None,
    )
    silence = ops.http.post(
        "/api/v1/silences",
        json={"matchers": {"hub": "data"}, "reason": "being mended", "ends_at": "2099-01-01T00:00:00Z"},
    )
    assert silence.status_code == 422
    silence = (
        ops.http.post(
            "/api/v1/silences",
            json={"matchers": {"hub": "data"}, "reason": "being mended", "ends_at": "2026-12-31T00:00:00Z"},
        )
        .raise_for_status()
        .json()
    )
    assert ops.http.get("/api/v1/alerts").json()[0]["silenced_by"] == silence["id"]
    ops.http.delete(f"/api/v1/silences/{silence['id']}").raise_for_status()
    assert ops.http.get("/api/v1/alerts").json()[0]["silenced_by"] is None
    ops.http.post(
        "/api/v1/alerts/webhook", json=webhook("resolved", "2026-11-23T10:05:00Z")
    ).raise_for_status()
    (alert,) = ops.http.get("/api/v1/alerts").json()
    assert (alert["status"], alert["ends_at"]) == ("resolved", "2026-11-23T10:05:00Z")
    assert ops.http.get("/api/v1/alerts", params={"status": "firing"}).json() == []


def test_the_ring_keeps_what_was_sampled_and_the_objectives_read_it(ops: Ops) -> None:
    from hubs.ops_hub.monitoring.sampling import Sampler

    sampler = ops.app.state.resources.get(Sampler)
    sampler.sample()
    for _ in range(5):
        ops.http.get("/api/v1/health")
    sampler.sample()
    history = ops.http.get("/api/v1/metrics/history", params={"series": "ops:up", "minutes": 5}).json()
    assert [point["value"] for point in history["points"]][-2:] == [1.0, 1.0]
    rate = ops.http.get("/api/v1/metrics/history", params={"series": "ops:requests_per_s"}).json()
    assert rate["points"][-1]["value"] > 0
    assert ops.http.get("/api/v1/metrics/history", params={"series": "nothing:up"}).status_code == 404
    availability = ops.http.get("/api/v1/slo").json()[0]
    # Of six hubs one is up here.
    assert 0 < availability["measured"] < 1
    assert availability["is_met"] is False


def test_resources_are_measured_and_judged(ops: Ops) -> None:
    found = ops.http.get("/api/v1/resources").json()
    assert found["allocatable_mib"] > 100
    assert found["services_total"] == 26
    assert found["rule_en"]
    assert found["rule_fr"]


def test_the_badge_says_its_state_in_both_languages(ops: Ops) -> None:
    for lang, word in (("en", "OpenPolicy"), ("fr", "OpenPolicy")):
        answer = ops.http.get("/api/v1/health/badge.svg", params={"lang": lang})
        assert answer.headers["content-type"] == "image/svg+xml"
        assert f'lang="{lang}"' in answer.text
        assert word in answer.text
