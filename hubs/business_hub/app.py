"""business_hub: the HubSpec, and nothing else."""

from __future__ import annotations

from fastapi import FastAPI

from hubs.business_hub.base import outbox
from hubs.business_hub.etl.router import quality_router
from hubs.business_hub.etl.router import router as etl_router
from hubs.business_hub.op_import.router import router as imports_router
from hubs.business_hub.queue.consumers import start_consumer
from hubs.business_hub.queue.dependencies import open_broker_admin, open_sources
from hubs.business_hub.queue.keeper import start_keeper
from hubs.business_hub.queue.live import JobFeed
from hubs.business_hub.queue.router import broker, jobs, schedules
from hubs.business_hub.settings import BusinessSettings, settings_of
from shared.app import HubSpec, Resources, create_hub_app
from shared.db.cursor import cursor_codec
from shared.outbox.relay import Relay
from shared.settings import HubSettings


def hold_parts(resources: Resources) -> None:
    """Make what the endpoints need: the registry of sources, the signer of cursors, the feed of jobs."""
    resources.put(open_sources(settings_of(resources.settings)))
    resources.put(cursor_codec(resources.settings))
    resources.put(JobFeed(resources.engine, resources.stop))
    resources.put(open_broker_admin(resources))


def start_relay(resources: Resources) -> None:
    """Send the outbox in a thread of this process."""
    relay = Relay(resources.engine, outbox, resources.bus, stop=resources.stop)
    relay.start()
    resources.stack.callback(relay.close)


SPEC = HubSpec(
    name="business",
    title="OpenPolicy business hub: jobs and imports",
    routers=[jobs.router, schedules.router, broker.router, etl_router, quality_router, imports_router],
    start=[hold_parts, start_relay, start_consumer, start_keeper],
    body_limit_exempt=("/api/v1/imports",),
    settings_class=BusinessSettings,
)


def create_app(settings: HubSettings | None = None) -> FastAPI:
    """Build the hub; nothing is opened before its lifespan."""
    return create_hub_app(SPEC, settings)
