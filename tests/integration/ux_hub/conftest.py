"""A gateway in front of a mirror, and a hub that alerts, over real sockets."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hubs.ux_hub.api_gateway.listening import BoundedProtocol
from hubs.ux_hub.api_gateway.opening import DoorApp, open_gateway
from hubs.ux_hub.app import SPEC, create_app
from hubs.ux_hub.settings import AlertSettings, GatewaySettings, MailSettings, UxSettings
from shared.app import HubSpec, create_hub_app
from shared.settings import HubUrls
from shared.testing.databases import Databases
from shared.testing.ports import free_port
from shared.testing.serving import Served
from tests.integration.ux_hub.alerts import Hub, MailServer, Record, prepared
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
    app = door(door_settings(tmp_path_factory.mktemp("ux"), hubs=urls))
    with Served(app, http=BoundedProtocol) as served:
        yield served.url


@pytest.fixture(scope="session")
def alerting(
    tmp_path_factory: pytest.TempPathFactory, embedded_databases: Databases
) -> Iterator[tuple[Any, str, MailServer, Record]]:
    port = free_port()
    with (
        embedded_databases.fresh(prepared) as database,
        MailServer() as mail,
        Record().serving() as record,
    ):
        folder = tmp_path_factory.mktemp("alerts")
        base = database.settings(data_dir=folder, hubs=HubUrls(
            ux=f"http://127.0.0.1:{port}", data=record.url, security=record.url, intelligence=record.url
        ))  # fmt: skip
        settings = UxSettings(
            **{name: getattr(base, name) for name in type(base).model_fields},
            mail=MailSettings(host="127.0.0.1", port=mail.port, start_tls=False, sender="OpenPolicy <op@op.example>"),
            alerts=AlertSettings(allow_private_targets=True, webhook_retries_s=[0, 0, 1]),
            gateway=GatewaySettings(policy="", anonymous_per_minute=10**6, user_per_minute=10**6),
        )  # fmt: skip
        app = create_app(settings)
        with Served(app, port) as served:
            yield app, served.url, mail, record


@pytest.fixture
def hub(alerting: tuple[Any, str, MailServer, Record]) -> Iterator[Hub]:
    made = Hub(*alerting)
    yield made
    made.record.rows.clear()
    made.record.lists.clear()
    made.mail.refusals.clear()
    for row in made.client.get(f"{made.url}/subscriptions").json()["data"]:
        made.client.delete(f"{made.url}/subscriptions/{row['id']}")
    made.client.close()
