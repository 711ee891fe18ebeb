"""Debian's Alertmanager delivers into the sink: grouped, silenced, in a maintenance window, resolved."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from shared.core.clock import utc_now
from shared.testing.packages import Unobtainable, ensure_program
from shared.testing.ports import free_port
from shared.testing.processes import Processes, wait_until
from tests.contract.ops_hub.conftest import Ops

CONFIGURATION = """
route:
  receiver: openpolicy
  group_by: [alertname]
  group_wait: 0s
  group_interval: 1s
  repeat_interval: 1h
receivers:
  - name: openpolicy
    webhook_configs:
      - url: {url}/api/v1/alerts/webhook
        send_resolved: true
        http_config:
          authorization: {{credentials: a-token}}
"""


class Alertmanager:
    def __init__(self, url: str) -> None:
        self.http = httpx.Client(base_url=url, trust_env=False, timeout=10)

    def fire(self, name: str, hubs: tuple[str, ...], *, is_over: bool = False) -> None:
        now = utc_now()
        end = {"endsAt": now.isoformat()} if is_over else {}
        rows = [
            {
                "labels": {"alertname": name, "severity": "critical", "hub": hub},
                "annotations": {"summary": f"{hub} fails"},
                "startsAt": (now - timedelta(minutes=1)).isoformat(),
                **end,
            }
            for hub in hubs
        ]
        self.http.post("/api/v2/alerts", json=rows).raise_for_status()


@pytest.fixture(scope="module")
def alertmanager(ops_server: Ops, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Alertmanager]:
    try:
        program = ensure_program("prometheus-alertmanager", "prometheus-alertmanager")
    except Unobtainable as missing:
        pytest.skip(str(missing))
    folder: Path = tmp_path_factory.mktemp("alertmanager")
    (folder / "alertmanager.yml").write_text(CONFIGURATION.format(url=ops_server.url))
    port = free_port()
    with Processes() as processes:
        process = processes.run(
            program,
            f"--config.file={folder}/alertmanager.yml",
            f"--storage.path={folder}/data",
            f"--web.listen-address=127.0.0.1:{port}",
            "--cluster.listen-address=",
        )
        process.wait_for_http(f"http://127.0.0.1:{port}/-/ready")
        found = Alertmanager(f"http://127.0.0.1:{port}")
        yield found
        found.http.close()


def arrived(ops: Ops, name: str, count: int, status: str = "firing") -> list[dict[str, Any]]:
    def rows() -> list[dict[str, Any]]:
        found = ops.http.get("/api/v1/alerts", params={"status": status}).raise_for_status().json()
        return [row for row in found if row["name"] == name]

    wait_until(lambda: len(rows()) == count, timeout=30, what=f"{count} alerts {name} {status}")
    return rows()


def test_alerts_arrive_in_groups_and_end(ops: Ops, alertmanager: Alertmanager) -> None:
    alertmanager.fire("HubSlow", ("data", "business"))
    alertmanager.fire("DiskFull", ("ops",))
    arrived(ops, "HubSlow", 2)
    arrived(ops, "DiskFull", 1)
    groups = {row["name"]: row for row in ops.http.get("/api/v1/alerts/groups").json()}
    assert (groups["HubSlow"]["firing"], groups["DiskFull"]["firing"]) == (2, 1)
    assert groups["HubSlow"]["severity"] == "critical"
    alertmanager.fire("HubSlow", ("data", "business"), is_over=True)
    alertmanager.fire("DiskFull", ("ops",), is_over=True)
    for row in arrived(ops, "HubSlow", 2, "resolved"):
        assert row["ends_at"] is not None
    arrived(ops, "DiskFull", 1, "resolved")
    assert ops.http.get("/api/v1/alerts/groups").json() == []


def test_a_maintenance_window_covers_what_fires_in_it_and_nothing_else(
    ops: Ops, alertmanager: Alertmanager
) -> None:
    soon, later = utc_now() + timedelta(seconds=2), utc_now() + timedelta(hours=1)
    window = {
        "matchers": {"hub": "ux"},
        "reason": "a new database",
        "starts_at": soon.isoformat(),
        "ends_at": later.isoformat(),
    }
    made = ops.http.post("/api/v1/silences", json=window).raise_for_status().json()
    assert made["is_maintenance"] is True
    alertmanager.fire("HubDown", ("ux", "data"))
    arrived(ops, "HubDown", 2)

    def covered() -> dict[str, str | None]:
        rows = ops.http.get("/api/v1/alerts", params={"status": "firing"}).json()
        return {row["labels"]["hub"]: row["silenced_by"] for row in rows if row["name"] == "HubDown"}

    wait_until(lambda: covered()["ux"], timeout=20, what="the window")
    assert covered() == {"ux": made["id"], "data": None}
    ops.http.delete(f"/api/v1/silences/{made['id']}").raise_for_status()
    assert covered() == {"ux": None, "data": None}
    alertmanager.fire("HubDown", ("ux", "data"), is_over=True)
    arrived(ops, "HubDown", 2, "resolved")
