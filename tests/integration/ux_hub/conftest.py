"""A gateway in front of a mirror, over real sockets."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from hubs.ux_hub.api_gateway.opening import DoorApp, open_gateway
from hubs.ux_hub.app import SPEC
from hubs.ux_hub.settings import GatewaySettings, UxSettings
from shared.app import HubSpec, create_hub_app
from shared.settings import HubUrls
from shared.testing.ports import free_port
from shared.testing.serving import Served
from tests.integration.ux_hub.mirror import Mirror

OPEN = {"anonymous_per_minute": 10**9, "user_per_minute": 10**9, "policy": ""}


def door_settings(folder: Path, **changes: object) -> UxSettings:
    """Return settings of a gateway without a policy engine and with limits out of the way."""
    gateway = {**OPEN, **changes.pop("gateway", {})}  # type: ignore[dict-item]
    return UxSettings(data_dir=folder, gateway=GatewaySettings(**gateway), **changes)


def door(settings: UxSettings) -> DoorApp:
    """Build the hub with its gateway alone: no database, no other modules."""
    spec = HubSpec(
        name="ux", title="door", routers=[], start=[open_gateway], has_database=False,
        settings_class=UxSettings, app_class=DoorApp,
    )  # fmt: skip
    assert SPEC.app_class is DoorApp
    app = create_hub_app(spec, settings)
    assert isinstance(app, DoorApp)
    return app


@pytest.fixture(scope="module")
def mirror() -> Mirror:
    return Mirror()


@pytest.fixture(scope="module")
def upstream(mirror: Mirror) -> Iterator[str]:
    with Served(mirror) as served:
        yield served.url


@pytest.fixture(scope="module")
def front(tmp_path_factory: pytest.TempPathFactory, upstream: str) -> Iterator[str]:
    away = f"http://127.0.0.1:{free_port()}"
    urls = HubUrls(data=upstream, business=away, security=away, intelligence=away, ops=away)
    with Served(door(door_settings(tmp_path_factory.mktemp("ux"), hubs=urls))) as served:
        yield served.url
