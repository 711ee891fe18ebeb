from __future__ import annotations

from hubs.ops_hub.health.service import HealthService, Target
from shared.core.errors import Unavailable


class Switch:
    def __init__(self) -> None:
        self.is_on = True

    def __call__(self) -> None:
        if not self.is_on:
            raise Unavailable("connection refused")


def platform() -> tuple[HealthService, dict[str, Switch]]:
    switches = {name: Switch() for name in ("postgresql", "data", "business", "ops-only")}
    below = {"data": ("postgresql",), "business": ("data", "postgresql")}
    return HealthService([Target(n, s, below.get(n, ())) for n, s in switches.items()]), switches


def test_all_up_is_a_full_score() -> None:
    service, _ = platform()
    assert service.read().state == "unknown"
    service.poll()
    assert (service.read().state, service.read().score, service.read().roots) == ("up", 100, [])


def test_one_failed_check_is_a_hiccup_and_two_are_a_state() -> None:
    service, switches = platform()
    service.poll()
    switches["data"].is_on = False
    service.poll()
    assert service.get("data").state == "up"
    service.poll()
    assert service.get("data").state == "down"
    assert service.get("data").reason == "connection refused"


def test_one_root_explains_everything_that_stands_on_it() -> None:
    service, switches = platform()
    service.poll()
    for name in ("postgresql", "data", "business"):
        switches[name].is_on = False
    service.poll()
    service.poll()
    health = service.read()
    assert health.roots == ["postgresql"]
    assert service.get("business").caused_by == ["postgresql"]
    assert (health.state, health.score) == ("degraded", 25)


def test_recovery_shows_at_the_next_poll() -> None:
    service, switches = platform()
    switches["data"].is_on = False
    service.poll()
    switches["data"].is_on = True
    service.poll()
    assert service.get("data").state == "up"
