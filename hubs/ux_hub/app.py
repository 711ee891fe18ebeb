"""The ux hub: what it is made of."""

from __future__ import annotations

from fastapi import FastAPI

from hubs.ux_hub.api_gateway.proxy import Gateway
from shared.app import HubSpec, create_hub_app
from shared.settings import HubSettings


def _mount_gateway(app: FastAPI) -> None:
    app.add_middleware(Gateway, urls=app.state.resources.settings.hubs)


SPEC = HubSpec(
    name="ux",
    title="OpenPolicy: the door",
    routers=[],
    has_database=False,
    mounts=[_mount_gateway],
)


def create_app(settings: HubSettings | None = None) -> FastAPI:
    """Build the hub."""
    return create_hub_app(SPEC, settings)
