"""The facades as their clients reach them: through the gateway, with a key of the service that they know."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from hubs.data_hub.app import create_app
from shared.settings import HubUrls
from shared.testing.serving import Served
from tests.integration.ux_hub.conftest import door, door_settings

from .conftest import Hub, bill
from .places import load_members, load_places, load_postal
from .test_compat import OP, OS, REP, members, parliament


@pytest.fixture
def front(hub: Hub, tmp_path: Path) -> Iterator[str]:
    """The gateway before another replica of the hub on the same database."""
    settings = hub.resources.settings.model_copy(
        update={"data_dir": tmp_path / "replica", "secret": SecretStr("s" * 40)}
    )
    with (
        Served(create_app(settings)) as behind,
        Served(door(door_settings(tmp_path / "door", hubs=HubUrls(data=behind.url)))) as before,
    ):
        yield before.url


@pytest.mark.filterwarnings("ignore")
def test_pyopenstates_goes_on_with_the_key_that_it_has(
    hub: Hub, front: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pyopenstates import core
    load_places(hub)
    load_members(hub)
    members(hub)
    hub.load("bill", *[bill(f"C-{n}") for n in range(1, 26)])
    monkeypatch.setattr(core, "API_ROOT", front + OS)
    monkeypatch.setattr(core, "sleep", lambda _: None)
    monkeypatch.setitem(core.session.headers, "X-Api-Key", "21aacfcb-f25e-4105-811e-e2f3bb069f4e")
    assert len(core.search_bills(jurisdiction="ca")) == 25
    assert [p["name"] for p in core.locate_legislators(45.05, -75.95)] == ["Anita Vandenbeld"]
    assert core.get_bill(state="ca", session="45-1", bill_id="C-7")["identifier"] == "C-7"
    with pytest.raises(core.NotFound):
        core.get_bill(state="ca", session="45-1", bill_id="C-700")


def test_links_lost_slashes_and_browsers_of_other_origins_work_through_the_gateway(
    hub: Hub, front: str
) -> None:
    load_places(hub)
    load_members(hub)
    load_postal(hub)
    parliament(hub)
    page = {"Origin": "https://elsewhere.example"}

    def get(path: str, **params: Any) -> httpx.Response:
        answer = httpx.get(front + path, params=params or None, headers=page)
        assert answer.status_code == 200, (path, answer.text)
        assert answer.headers["access-control-allow-origin"] == "*"
        return answer

    code = get(f"{REP}/postcodes/K2B7Y4").json()
    assert [r["name"] for r in code["representatives_concordance"]] == ["Anita Vandenbeld"]
    first = get(f"{OP}/bills", limit=1).json()
    assert get(OP + first["pagination"]["next_url"]).json()["objects"] != first["objects"]
    again = httpx.get(front + f"{OP}/bills/", headers={"If-None-Match": get(f"{OP}/bills/").headers["etag"]})
    assert again.status_code == 304
    script = get(f"{REP}/boundaries/", callback="jQuery1", contains="45.05,-75.95")
    assert script.text.startswith("/**/jQuery1(")
    asked = {"Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "api-version", **page}
    preflight = httpx.options(front + f"{OP}/bills/", headers=asked)
    assert (preflight.status_code, "API-Version" in preflight.headers["access-control-allow-headers"]) == (
        204,
        True,
    )
    lost = httpx.get(front + f"{REP}/postcodes/K9Z9Z9/", headers=page)
    assert (lost.status_code, lost.headers["access-control-allow-origin"]) == (404, "*")
