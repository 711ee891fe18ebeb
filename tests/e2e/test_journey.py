"""The journey of the founding promise: one command, a scrape, six hubs, the API."""

from __future__ import annotations

import pytest

from services.miniature.facts import bills, divisions
from services.miniature.world import World
from shared.testing.platform import Platform


def check(platform: Platform) -> None:
    first = platform.once()
    assert set(first["hubs"]) == {"ux", "security", "data", "business", "ops", "intelligence"}
    assert [job["state"] for job in first["jobs"]] == ["succeeded"] * 3
    assert first["counts"]["people"] == len(World().members)
    assert first["counts"]["bills"] == len(bills.bills())
    assert first["counts"]["votes"] == len(divisions.divisions())
    assert first["search"]["found"] >= 1
    again = platform.once()
    for job in again["jobs"]:
        assert job["state"] == "succeeded"
        for kind, report in job["report"].items():
            changed = {k: v for k, v in report.items() if k != "unchanged" and v}
            assert changed == {}, (kind, report)
            assert report["unchanged"] > 0
    assert again["counts"] == first["counts"]


def test_the_first_run_is_served_and_the_second_changes_nothing_on_embedded_parts(platform: Platform) -> None:
    check(platform)


@pytest.mark.slow
def test_the_same_journey_on_real_servers(tmp_path, server_databases, rabbitmq_server, redis_server) -> None:
    with server_databases.fresh() as database:
        platform = Platform(
            tmp_path / "op",
            {**database.env(), "OP_RABBIT__URL": rabbitmq_server.url, "OP_REDIS__URL": redis_server.url},
        )
        try:
            check(platform)
        finally:
            platform.stop()
