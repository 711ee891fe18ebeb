from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from hubs.ops_hub.health.service import HealthService
from hubs.ops_hub.health.targets import Degraded, Failed, NotKnown, Target


class Switch:
    """A check that a test turns on and off."""

    def __init__(self) -> None:
        self.is_on = True
        self.error: Exception = Failed("connection refused")

    def __call__(self) -> None:
        if not self.is_on:
            raise self.error


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2026, 11, 30, 3, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def tick(self, seconds: float = 3) -> None:
        self.now += timedelta(seconds=seconds)


class Platform:
    """postgresql < data < (nothing hard); business stands on postgresql and uses data; alone stands on nobody."""

    def __init__(self, start_grace_s: float = 0.0) -> None:
        names = ("postgresql", "data", "business", "alone")
        self.clock = Clock()
        self.switch = {name: Switch() for name in names}
        below = {"data": ("postgresql",), "business": ("postgresql",)}
        uses = {"business": ("data",)}
        targets = [Target(n, s, below.get(n, ()), uses.get(n, ())) for n, s in self.switch.items()]
        self.service = HealthService(targets, self.clock, start_grace_s=start_grace_s)

    def poll(self, times: int = 1) -> None:
        for _ in range(times):
            self.clock.tick()
            self.service.poll()

    def turn(self, is_on: bool, *names: str) -> None:
        for name in names:
            self.switch[name].is_on = is_on

    def state(self, name: str) -> str:
        return self.service.get(name).state


@pytest.fixture
def platform() -> Iterator[Platform]:
    found = Platform()
    yield found
    found.service.close()


def test_all_up_is_a_full_score(platform: Platform) -> None:
    assert platform.service.read().state == "unknown"
    platform.poll()
    health = platform.service.read()
    assert (health.state, health.score, health.roots) == ("up", 100, [])


def test_one_failed_check_is_a_hiccup_and_two_are_a_state(platform: Platform) -> None:
    platform.poll()
    platform.turn(False, "data")
    platform.poll()
    assert platform.state("data") == "up"
    platform.poll()
    assert (platform.state("data"), platform.service.get("data").reason) == ("down", "connection refused")


def test_one_root_explains_everything_that_stands_on_it(platform: Platform) -> None:
    platform.poll()
    platform.turn(False, "postgresql", "data", "business")
    platform.poll(2)
    health = platform.service.read()
    assert health.roots == ["postgresql"]
    assert platform.service.get("business").caused_by == ["postgresql"]
    assert platform.service.get("postgresql").dependants == ["business", "data"]
    assert (health.state, health.score) == ("degraded", 25)


def test_a_hub_that_is_only_used_names_its_users_and_does_not_explain_their_own_failures(
    platform: Platform,
) -> None:
    platform.poll()
    platform.turn(False, "data", "business")
    platform.poll(2)
    assert platform.service.get("data").dependants == ["business"]
    assert sorted(platform.service.read().roots) == ["business", "data"]


def test_what_a_target_says_is_missing_explains_it(platform: Platform) -> None:
    platform.poll()
    platform.switch["alone"].error = Failed("not ready: data", frozenset({"data"}))
    platform.turn(False, "data", "alone")
    platform.poll(2)
    assert platform.service.read().roots == ["data"]


def test_a_dependant_that_notices_first_is_no_root_of_its_own(platform: Platform) -> None:
    platform.poll()
    platform.turn(False, "data")
    platform.poll()
    platform.turn(False, "postgresql")
    platform.poll()
    assert (platform.state("data"), platform.state("postgresql")) == ("down", "up")
    assert platform.service.read().roots == []
    platform.poll()
    assert platform.service.read().roots == ["postgresql"]


def test_a_dependant_that_comes_back_later_than_its_root_is_no_new_root(platform: Platform) -> None:
    platform.poll()
    platform.turn(False, "postgresql", "data")
    platform.poll(2)
    platform.turn(True, "postgresql")
    platform.poll(2)
    assert (platform.state("postgresql"), platform.state("data")) == ("up", "down")
    assert platform.service.read().roots == []
    platform.poll(8)
    assert platform.service.read().roots == ["data"]


def test_recovery_is_believed_at_the_second_good_check(platform: Platform) -> None:
    platform.turn(False, "data")
    platform.poll(2)
    platform.turn(True, "data")
    platform.poll()
    assert platform.state("data") == "down"
    platform.poll()
    assert platform.state("data") == "up"


def test_what_comes_and_goes_stays_down_until_it_has_rested(platform: Platform) -> None:
    platform.poll()
    for _ in range(3):
        platform.turn(False, "data")
        platform.poll(2)
        platform.turn(True, "data")
        platform.poll(2)
    assert platform.service.get("data").is_flapping
    assert platform.state("data") == "down"
    assert "comes and goes" in platform.service.get("data").reason
    platform.clock.tick(60)
    platform.poll()
    assert platform.state("data") == "up"


def test_what_goes_and_comes_with_its_root_does_not_flap(platform: Platform) -> None:
    platform.poll()
    for _ in range(4):
        platform.turn(False, "postgresql", "data")
        platform.poll(2)
        platform.turn(True, "postgresql", "data")
        platform.poll(2)
        platform.clock.tick(120)
    assert not platform.service.get("data").is_flapping
    assert platform.state("data") == "up"


def test_what_has_come_and_gone_by_itself_is_believed_when_it_returns_with_its_root(
    platform: Platform,
) -> None:
    platform.poll()
    for _ in range(2):
        platform.turn(False, "data")
        platform.poll(2)
        platform.turn(True, "data")
        platform.poll(2)
    platform.clock.tick(60)
    assert platform.service.get("data").is_flapping
    platform.turn(False, "postgresql", "data")
    platform.poll(2)
    assert platform.service.read().roots == ["postgresql"]
    platform.turn(True, "postgresql", "data")
    platform.poll(2)
    assert (platform.state("postgresql"), platform.state("data")) == ("up", "up")
    # By itself it is watched for a minute, as before.
    platform.turn(False, "data")
    platform.poll(2)
    platform.turn(True, "data")
    platform.poll(2)
    assert platform.state("data") == "down"


def test_while_the_platform_starts_what_was_never_up_is_not_down() -> None:
    platform = Platform(start_grace_s=10)
    platform.turn(False, "data")
    platform.poll(2)
    assert platform.state("data") == "unknown"
    platform.poll(2)
    assert platform.state("data") == "down"
    platform.service.close()


def test_a_warning_is_a_state_of_its_own_and_half_a_point(platform: Platform) -> None:
    platform.switch["alone"].error = Degraded("the disk is full to 95 %")
    platform.turn(False, "alone")
    platform.poll()
    health = platform.service.read()
    assert (platform.state("alone"), health.state, health.score, health.roots) == (
        "degraded",
        "degraded",
        88,
        [],
    )


def test_what_cannot_be_told_leaves_the_state_as_it_was(platform: Platform) -> None:
    platform.poll()
    platform.switch["alone"].error = NotKnown("business does not answer")
    platform.turn(False, "alone")
    platform.poll(3)
    assert platform.state("alone") == "up"


def test_a_check_that_never_returns_has_failed_and_holds_nothing_up() -> None:
    hanging = threading.Event()
    targets = [
        Target("stuck", lambda: hanging.wait(30) and None),
        Target("slow", lambda: hanging.wait(30) and None, kind="check", confirmations=1),
        Target("well", lambda: None),
    ]
    service = HealthService(targets, timeout_s=0.05)
    try:
        service.poll()
        service.poll()
        assert (service.get("stuck").state, service.get("well").state) == ("down", "up")
        assert "did not answer" in service.get("stuck").reason
        # What is only slow to find out is not down for it.
        assert service.get("slow").state == "unknown"
    finally:
        hanging.set()
        service.close()
