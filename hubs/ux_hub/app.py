"""The ux hub: what it is made of."""

from __future__ import annotations

from fastapi import FastAPI

from hubs.ux_hub.admin.opening import open_console
from hubs.ux_hub.admin.router.desk import router as desk_router
from hubs.ux_hub.admin.router.entry import router as entry_router
from hubs.ux_hub.admin.router.flags import router as flags_router
from hubs.ux_hub.admin.router.policies import router as policies_router
from hubs.ux_hub.api_gateway.documents import mount_documents
from hubs.ux_hub.api_gateway.opening import DoorApp, open_gateway
from hubs.ux_hub.api_gateway.usage import start_counting
from hubs.ux_hub.mcp.endpoint import mount_mcp, open_mcp
from hubs.ux_hub.mcp.endpoint import router as mcp_router
from hubs.ux_hub.mobile.router.routes import ROUTERS as MOBILE
from hubs.ux_hub.notification.consumers import start_notification
from hubs.ux_hub.notification.dispatching import start_dispatcher
from hubs.ux_hub.notification.router import router as notification_router
from hubs.ux_hub.settings import UxSettings
from hubs.ux_hub.web.opening import mount_pages, open_pages
from hubs.ux_hub.web.router.routes import PAGES, REST
from shared.app import HubSpec, create_hub_app
from shared.settings import HubSettings

SPEC = HubSpec(
    name="ux",
    title="OpenPolicy: the door",
    routers=[
        *PAGES,
        entry_router,
        policies_router,
        flags_router,
        desk_router,
        *MOBILE,
        REST,
        mcp_router,
        notification_router,
    ],
    start=[
        open_gateway,
        open_pages,
        open_console,
        open_mcp,
        start_dispatcher,
        start_notification,
        start_counting,
    ],
    settings_class=UxSettings,
    app_class=DoorApp,
    mounts=[mount_pages, mount_mcp, mount_documents],
)


def create_app(settings: HubSettings | None = None) -> FastAPI:
    """Build the hub."""
    return create_hub_app(SPEC, UxSettings.of(settings))
