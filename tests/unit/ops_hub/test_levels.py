from __future__ import annotations

import pytest

from hubs.ops_hub.monitoring.former import FORMER_SERVICES
from hubs.ops_hub.monitoring.levels import Load, level_of


@pytest.mark.parametrize(
    ("load", "level", "rule"),
    [
        (Load(98, 194, 26), "CRITICAL", "98%"),
        (Load(20, 101, 5), "CRITICAL", "limits are 101%"),
        (Load(20, 50, 5, infra_down=("postgresql",)), "CRITICAL", "postgresql is not ready"),
        (Load(79.9, 90, 5), "WARNING", "between 50% and 80%"),
        (Load(20, 50, 5, pending=("data",)), "WARNING", "data is not running"),
        (Load(20, 50, 5, stale=("data",)), "WARNING", "old code"),
        (Load(30, 50, 5), "HEALTHY", "between 30% and 50%"),
        (Load(10, 50, 25), "HEALTHY", "processor"),
        (Load(29.9, 50, 24.9), "OPTIMAL", "under 30%"),
        (Load(20, 50, 5, crashing=("etl-1",)), "WARNING", "etl-1 crashes"),
        (Load(20, 50, 5, oom_killed=("etl-1",)), "WARNING", "want of memory"),
        (Load(20, 50, 5, pressed_nodes=("node-1",)), "CRITICAL", "memory pressure"),
        (Load(None, 50, 5, requests_percent=58), "WARNING", "not measured; requests are 58%"),
        (Load(None, 50, 5, requests_percent=12), "HEALTHY", "not measured; requests are 12%, under 50%"),
        (Load(10, 50, None), "HEALTHY", "processor usage is not measured"),
    ],
)
def test_the_worst_rule_decides_and_is_named(load: Load, level: str, rule: str) -> None:
    decided, _, _ = level_of(load)
    assert decided.level == level
    assert rule in decided.en


def test_everything_between_this_level_and_the_next_is_a_blocker() -> None:
    _, following, blockers = level_of(Load(85, 120, 30, infra_down=("redis",)))
    assert following == "WARNING"
    assert len(blockers) == 3


def test_twenty_six_former_services_have_a_home() -> None:
    assert len(FORMER_SERVICES) == 26
