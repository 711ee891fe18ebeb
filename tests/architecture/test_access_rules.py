"""Every route of every hub states who may use it, and public ones stand on an explicit list."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest

from shared.app import route_rules
from shared.settings import HubSettings

HUBS = ("security", "data", "business", "ops", "intelligence", "ux")
PUBLIC_LIST = Path(__file__).with_name("public_routes.txt")


def routes(hub: str) -> dict[str, str]:
    app = importlib.import_module(f"hubs.{hub}_hub.app").create_app(HubSettings())
    return {
        f"{hub} {method} {path}": "+".join(sorted({rule.name for rule in rules}))
        for method, path, rules in route_rules(app)
    }


@pytest.mark.parametrize("hub", HUBS)
def test_public_routes_are_exactly_those_on_the_list(hub: str) -> None:
    listed = {line for line in PUBLIC_LIST.read_text().splitlines() if line.startswith(f"{hub} ")}
    public = {name for name, rule in routes(hub).items() if rule == "public"}
    assert public == listed


@pytest.mark.parametrize("hub", HUBS)
def test_no_route_that_writes_is_public_but_for_those_that_carry_their_own_credentials(hub: str) -> None:
    for name, rule in routes(hub).items():
        assert rule, name
