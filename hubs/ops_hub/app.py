"""The ops hub: what it is made of."""

from __future__ import annotations

from fastapi import FastAPI

from hubs.ops_hub.error_reporting.opening import open_intake
from hubs.ops_hub.error_reporting.router import router as error_router
from hubs.ops_hub.health.router import pages as status_pages
from hubs.ops_hub.health.router import router as health_router
from hubs.ops_hub.health.watching import start_watching
from hubs.ops_hub.monitoring.opening import open_monitoring
from hubs.ops_hub.monitoring.router import router as monitoring_router
from hubs.ops_hub.settings import OpsSettings
from shared.app import HubSpec, create_hub_app
from shared.settings import HubSettings

SPEC = HubSpec(
    name="ops",
    title="OpenPolicy: operations",
    routers=[health_router, status_pages, monitoring_router, error_router],
    start=[start_watching, open_monitoring, open_intake],
    settings_class=OpsSettings,
)


def create_app(settings: HubSettings | None = None) -> FastAPI:
    """Build the hub."""
    return create_hub_app(SPEC, settings)
