"""Each of the 284 former routes is answered as promised: by what it became, or with the reason why it is gone."""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from hubs.ux_hub.api_gateway.legacy import LegacyRoute, load_legacy, read_legacy
from hubs.ux_hub.api_gateway.table import TABLE, RouteIndex
from shared.app import route_rules
from shared.settings import HubSettings, HubUrls
from shared.testing.serving import Served
from tests.integration.ux_hub.conftest import door, door_settings
from tests.integration.ux_hub.mirror import Mirror

ROUTES = read_legacy()
HUBS = ("security", "data", "business", "ops", "intelligence", "ux")


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with Served(Mirror()) as hub:
        others = dict.fromkeys(("data", "business", "security", "intelligence", "ops"), hub.url)
        settings = door_settings(tmp_path_factory.mktemp("legacy"), hubs=HubUrls(**others))
        with Served(door(settings)) as front:
            yield front.url


def former(route: LegacyRoute) -> str:
    filled = re.sub(r"\{\w+\}|:\w+", "some%20one", route.path).replace("*", "a/b")
    return f"/legacy/{route.service}{filled}"


def test_there_are_284_former_routes_each_once_and_at_most_25_are_gone() -> None:
    assert len(ROUTES) == 284
    assert len({route[:3] for route in ROUTES}) == 284
    gone = [route for route in ROUTES if route.is_gone]
    assert 0 < len(gone) <= 25
    assert all(route.reason_en and route.reason_fr for route in gone)


@pytest.mark.parametrize("route", ROUTES, ids=lambda r: f"{r.service} {r.method} {r.path}")
def test_a_former_route_is_answered_by_its_successor_or_says_why_it_is_gone(
    url: str, route: LegacyRoute
) -> None:
    answer = httpx.request(route.method, url + former(route) + "?a=1", timeout=20)
    assert answer.headers["deprecation"].startswith("@")
    if route.is_gone:
        assert answer.status_code == 410
        assert answer.json()["detail"] == route.reason_en
        assert answer.json()["detail_fr"] == route.reason_fr
        return
    target = re.sub(r"\{\w+\}", "some%20one", route.new_path).replace("*", "a/b")
    assert f'<{target}>; rel="successor-version"' in answer.headers["link"]
    if RouteIndex(TABLE).find(target) is not None:
        seen = answer.json()
        assert (seen["method"], seen["path"], seen["query"]) == (route.new_method, target, "a=1")


def test_a_question_that_was_a_post_is_asked_as_a_query(url: str) -> None:
    answer = httpx.post(
        f"{url}/legacy/search-service/search", json={"q": "budget été", "limit": 5, "x": None}
    )
    assert answer.json()["method"] == "GET"
    assert answer.json()["query"] == "q=budget+%C3%A9t%C3%A9&limit=5"


def test_an_unknown_former_route_and_a_wrong_method_are_refused(url: str) -> None:
    assert httpx.get(f"{url}/legacy/no-such-service/x").status_code == 404
    wrong = httpx.patch(f"{url}/legacy/queue-service/queue/queues")
    assert (wrong.status_code, wrong.headers["allow"]) == (405, "GET")


def test_the_page_of_what_is_gone_lists_exactly_what_is_gone() -> None:
    page = (Path(__file__).resolve().parents[3] / "docs" / "legacy.md").read_text()
    listed = set(re.findall(r"^\| `(\w+) /legacy/([^`]+)`", page, re.M))
    assert listed == {(route.method, f"{route.service}{route.path}") for route in ROUTES if route.is_gone}


def test_every_successor_in_a_collection_that_is_served_is_a_route_of_its_hub() -> None:
    served: list[tuple[str, re.Pattern[str]]] = []
    collections: set[str] = set()
    for name in HUBS:
        app = importlib.import_module(f"hubs.{name}_hub.app").create_app(HubSettings())
        for method, path, _ in route_rules(app):
            served.append(
                (
                    method,
                    re.compile(
                        re.sub(r"\\\{(\w+):path\\\}", ".+", re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(path)))
                        + "$"
                    ),
                )
            )
            collections.add("/".join(path.split("/")[:4]))
    missing = []
    for route in ROUTES:
        # The phone's API keeps the addresses it had, and its own tests hold them.
        if route.is_gone or route.service == "mobile-api" or "*" in route.new_path:
            continue
        path = re.sub(r"\{\w+\}", "x", route.new_path)
        if "/".join(path.split("/")[:4]) not in collections:
            continue
        if not any(method == route.new_method and pattern.match(path) for method, pattern in served):
            missing.append(
                f"{route.new_method} {route.new_path} (for {route.service} {route.method} {route.path})"
            )
    assert missing == []


def test_literal_segments_win_over_variable_ones() -> None:
    index = load_legacy()
    assert index.resolve("GET", "/legacy/auth-service/users/me").path == "/api/v1/auth/me"
    assert index.resolve("GET", "/legacy/auth-service/users/7").path == "/api/v1/users/7"
    assert index.resolve("GET", "/legacy/api-gateway/api/search/a/b").path == "/api/v1/search/a/b"
