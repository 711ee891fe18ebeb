"""The ux hub: what it is made of."""

from __future__ import annotations

from fastapi import FastAPI

from hubs.ux_hub.api_gateway.opening import DoorApp, open_gateway
from hubs.ux_hub.settings import UxSettings
from shared.app import HubSpec, create_hub_app
from shared.settings import HubSettings

SPEC = HubSpec(
    name="ux",
    title="OpenPolicy: the door",
    routers=[],
    start=[open_gateway],
    has_database=False,
    settings_class=UxSettings,
    app_class=DoorApp,
)


def create_app(settings: HubSettings | None = None) -> FastAPI:
    """Build the hub."""
    return create_hub_app(SPEC, UxSettings.of(settings))
