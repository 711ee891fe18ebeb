"""business_hub: the HubSpec, and nothing else."""

from __future__ import annotations

from fastapi import FastAPI

from hubs.business_hub.base import outbox
from hubs.business_hub.etl.router import router as etl_router
from hubs.business_hub.queue.consumers import start_consumer
from hubs.business_hub.queue.dependencies import open_sources
from hubs.business_hub.queue.keeper import start_keeper
from hubs.business_hub.queue.router import router as queue_router
from hubs.business_hub.settings import BusinessSettings, settings_of
from shared.app import HubSpec, Resources, create_hub_app
from shared.db.cursor import cursor_codec
from shared.outbox.relay import Relay
from shared.settings import HubSettings


def hold_parts(resources: Resources) -> None:
    """Make what the endpoints need: the registry of sources and the signer of cursors."""
    resources.put(open_sources(settings_of(resources.settings)))
    resources.put(cursor_codec(resources.settings))


def start_relay(resources: Resources) -> None:
    """Send the outbox in a thread of this process."""
    relay = Relay(resources.engine, outbox, resources.bus, stop=resources.stop)
    relay.start()
    resources.stack.callback(relay.close)


SPEC = HubSpec(
    name="business",
    title="OpenPolicy business hub: jobs and imports",
    routers=[queue_router, etl_router],
    start=[hold_parts, start_relay, start_consumer, start_keeper],
    settings_class=BusinessSettings,
)


def create_app(settings: HubSettings | None = None) -> FastAPI:
    """Build the hub; nothing is opened before its lifespan."""
    return create_hub_app(SPEC, settings)
