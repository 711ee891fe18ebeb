"""Each dependency of a running platform is stopped in turn: it is named, with what stands on it, in one alert."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from hubs.ops_hub.health.names import name_of
from shared.settings import HubSettings, derive_secret
from shared.testing.packages import Unobtainable
from shared.testing.platform import Platform
from shared.testing.processes import wait_until
from shared.testing.rabbitmq import RealRabbit
from shared.testing.servers import DaemonServer, RealOpa, RealPostgres, RealRedis

HUBS = ("ux", "security", "data", "business", "ops", "intelligence")
PATIENCE_S = 60.0


class Drill:
    """A whole platform on real servers, and its operator's eyes."""

    def __init__(self, platform: Platform, servers: dict[str, Any]) -> None:
        self.platform = platform
        self.servers = servers
        self.http = httpx.Client(timeout=15, trust_env=False)
        secret = derive_secret(HubSettings(data_dir=platform.data_dir), "client:cli")
        self._credentials = ("cli", secret)
        self._token = ""

    def url(self, hub: str) -> str:
        return f"http://127.0.0.1:{platform_port(self.platform, hub)}"

    def health(self) -> dict[str, Any]:
        return self.http.get(f"{self.url('ops')}/api/v1/health").raise_for_status().json()

    def page(self, lang: str) -> str:
        return self.http.get(f"{self.url('ops')}/status", params={"lang": lang}).raise_for_status().text

    def renew_token(self) -> None:
        answer = self.http.post(
            f"{self.url('security')}/oauth/token",
            data={"grant_type": "client_credentials"},
            auth=self._credentials,
        )
        self._token = answer.raise_for_status().json()["access_token"]

    def renewed_token(self) -> str:
        self.renew_token()
        return self._token

    def alerts(self, **params: Any) -> list[dict[str, Any]]:
        answer = self.http.get(
            f"{self.url('ops')}/api/v1/alerts",
            params={"limit": 500, **params},
            headers={"Authorization": f"Bearer {self._token}"},
        )
        return answer.raise_for_status().json()

    def incidents(self) -> list[dict[str, Any]]:
        return self.http.get(f"{self.url('ops')}/api/v1/health/incidents").raise_for_status().json()

    def is_well(self) -> bool:
        found = self.health()
        return not found["roots"] and all(
            row["state"] == "up" for row in found["targets"] if row["kind"] != "check"
        )

    def readiness(self, hub: str) -> int:
        return self.http.get(f"{self.url(hub)}/readyz").status_code

    def stop(self, target: str) -> None:
        if target in self.servers:
            self.servers[target].kill()
        else:
            # Frozen rather than killed: the supervisor would start it anew before anybody noticed.
            os.kill(self.platform.pid(target), signal.SIGSTOP)

    def resume(self, target: str) -> None:
        if target in self.servers:
            self.servers[target].start()
        else:
            os.kill(self.platform.pid(target), signal.SIGCONT)


def platform_port(platform: Platform, hub: str) -> int:
    from services.cli.components import HUB_PORTS

    return platform.base + HUB_PORTS[hub]


@pytest.fixture(scope="module")
def drill(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Drill]:
    servers: dict[str, DaemonServer | RealRabbit] = {
        "postgresql": RealPostgres(),
        "redis": RealRedis(),
        "rabbitmq": RealRabbit(),
        "opa": RealOpa(),
    }
    with ExitStack() as stack:
        try:
            for server in servers.values():
                stack.callback(server.stop)
                server.start()
        except Unobtainable as reason:
            pytest.skip(str(reason))
        url = servers["postgresql"].admin_url.set(drivername="postgresql")
        env = {
            "OP_DATABASE__URL": url.render_as_string(hide_password=False),
            "OP_DATABASE__ROLE_PASSWORD": "a secret of the drills alone",
            "OP_RABBIT__URL": servers["rabbitmq"].url,
            "OP_REDIS__URL": servers["redis"].url,
            "OP_OPA__URL": servers["opa"].url,
            "OP_OPS__POLL_EVERY_S": os.environ.get("DRILL_POLL_S", "1"),
        }
        platform = Platform(tmp_path_factory.mktemp("drill") / "op", env)
        stack.callback(platform.stop)
        platform.start("--no-scrape")
        found = Drill(platform, servers)
        stack.callback(found.http.close)
        wait_until(found.is_well, timeout=PATIENCE_S, what="a platform in which all is well")
        yield found


@dataclass(frozen=True)
class Case:
    """What is stopped, what must be named as standing on it, and which hubs lose their readiness."""

    target: str
    dependants: frozenset[str]
    unready: frozenset[str] = frozenset()


ALL_BUT_OPS = frozenset(HUBS) - {"ops"}
CASES = [
    Case("postgresql", ALL_BUT_OPS | {"importer"}, frozenset(HUBS)),
    Case("redis", ALL_BUT_OPS),
    Case("rabbitmq", ALL_BUT_OPS | {"importer", "scraper"}),
    Case("opa", frozenset({"intelligence"}), frozenset({"intelligence"})),
    Case("security", frozenset({"ux", "data", "business", "intelligence"}), frozenset({"security"})),
    Case("data", frozenset({"ux", "business", "intelligence", "importer"}), frozenset({"data"})),
    Case("business", frozenset({"ux", "schedules", "sources"}), frozenset({"business"})),
    Case("intelligence", frozenset({"ux"}), frozenset({"intelligence"})),
    Case("ux", frozenset(), frozenset({"ux"})),
    Case("importer", frozenset()),
    Case("scraper", frozenset()),
]


def named(drill: Drill, case: Case) -> Callable[[], bool]:
    def is_named() -> bool:
        return drill.health()["roots"] == [case.target]

    return is_named


def new_alerts(drill: Drill, before: set[str], status: str) -> list[tuple[str, str]]:
    """Name and target, or else the summary, of every alert since; all must have this status."""
    rows = [row for row in drill.alerts() if row["id"] not in before]
    assert {row["status"] for row in rows} <= {status}
    return [(row["name"], row["labels"].get("target") or row["annotations"]["summary"]) for row in rows]


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES, ids=[case.target for case in CASES])
def test_what_stops_is_named_in_one_alert_and_cleared_when_it_is_back(drill: Drill, case: Case) -> None:
    wait_until(drill.is_well, timeout=PATIENCE_S, what="a platform in which all is well")
    drill.renew_token()
    before = {row["id"] for row in drill.alerts()}
    stopped_at = time.monotonic()
    drill.stop(case.target)
    try:
        wait_until(named(drill, case), timeout=PATIENCE_S, what=f"{case.target} named as the root")
        print(f"{case.target}: named after {time.monotonic() - stopped_at:.1f} s", end="; ")
        for hub in frozenset(HUBS) - case.unready:
            assert drill.readiness(hub) == 200, f"{hub} is not ready while {case.target} is away"
        (row,) = [row for row in drill.health()["targets"] if row["name"] == case.target]
        assert case.dependants <= set(row["dependants"])
        for at, lang in enumerate(("en", "fr")):
            page = drill.page(lang)
            assert name_of(case.target)[at] in page
            for dependant in case.dependants:
                assert name_of(dependant)[at] in page
        wait_until(
            lambda: drill.alerts(status="firing"), timeout=PATIENCE_S, what=f"an alert about {case.target}"
        )
        assert new_alerts(drill, before, "firing") == [("TargetDown", case.target)]
    finally:
        started_at = time.monotonic()
        drill.resume(case.target)
    wait_until(drill.is_well, timeout=2 * PATIENCE_S, what=f"the recovery of {case.target}")
    wait_until(lambda: not drill.alerts(status="firing"), timeout=PATIENCE_S, what="the end of the alert")
    print(f"cleared {time.monotonic() - started_at:.1f} s after its return")
    assert new_alerts(drill, before, "resolved") == [("TargetDown", case.target)]
    incident = drill.incidents()[0]
    assert (incident["root"], incident["ended_at"] is not None) == (case.target, True)
    assert [entry["event"] for entry in incident["timeline"]][:: len(incident["timeline"]) - 1] == [
        "down",
        "up",
    ]


@pytest.mark.slow
def test_nobody_waits_for_ops_hub(drill: Drill) -> None:
    wait_until(drill.is_well, timeout=PATIENCE_S, what="a platform in which all is well")
    drill.stop("ops")
    try:
        # Longer than any cached readiness lasts; every error that is logged meanwhile is only counted.
        for _ in range(3):
            time.sleep(1)
            assert {hub: drill.readiness(hub) for hub in ALL_BUT_OPS} == dict.fromkeys(ALL_BUT_OPS, 200)
        page = drill.http.get(f"{drill.url('ux')}/en/status")
        assert page.status_code == 200
        job = drill.http.post(
            f"{drill.url('business')}/api/v1/jobs",
            json={"source_id": "ca-federal-mps"},
            headers={"Authorization": f"Bearer {drill.renewed_token()}"},
        )
        assert job.status_code == 201, job.text
    finally:
        drill.resume("ops")
    wait_until(drill.is_well, timeout=PATIENCE_S, what="a platform in which all is well")
