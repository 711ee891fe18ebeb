"""The data hub's application."""

from __future__ import annotations

from fastapi import FastAPI

from hubs.data_hub.database.router import ingest
from hubs.data_hub.settings import DataHubSettings
from shared.app import HubSpec, create_hub_app
from shared.settings import HubSettings

SPEC = HubSpec(
    name="data",
    title="OpenPolicy data hub",
    routers=[ingest.router],
    settings_class=DataHubSettings,
)


def create_app(settings: HubSettings | None = None) -> FastAPI:
    """Build the hub; nothing is opened before its lifespan."""
    return create_hub_app(SPEC, settings)
