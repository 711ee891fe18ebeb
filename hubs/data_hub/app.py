"""The data hub's application."""

from __future__ import annotations

from fastapi import FastAPI

from hubs.data_hub.base import outbox
from hubs.data_hub.cache.dependencies import start_cache
from hubs.data_hub.cache.router import router as cache_router
from hubs.data_hub.compat.router import openparliament, openstates, represent
from hubs.data_hub.database.router import ballots, changes, curation, ingest, records
from hubs.data_hub.exports.dependencies import start_exports
from hubs.data_hub.exports.router import router as exports_router
from hubs.data_hub.geography.router import router as geography_router
from hubs.data_hub.search.router import direct as search_itself
from hubs.data_hub.search.router import router as search_router
from hubs.data_hub.search.start import start_keeper
from hubs.data_hub.settings import DataHubSettings
from hubs.data_hub.storage.router import UPLOAD_PATH
from hubs.data_hub.storage.router import router as storage_router
from hubs.data_hub.storage.start import start_storage
from shared.app import HubSpec, Resources, create_hub_app
from shared.core.garbage import settle
from shared.db.cursor import cursor_codec
from shared.outbox.relay import Relay
from shared.settings import HubSettings


def open_cursors(resources: Resources) -> None:
    """Make what signs the cursors of listings."""
    resources.put(cursor_codec(resources.settings))


def start_relay(resources: Resources) -> None:
    """Send what the outbox holds for as long as the hub runs."""
    relay = Relay(resources.engine, outbox, resources.bus, stop=resources.stop)
    relay.start()
    resources.stack.callback(relay.close)
    resources.put(relay)


SPEC = HubSpec(
    name="data",
    title="OpenPolicy data hub",
    routers=[
        search_itself,
        ingest.router,
        changes.router,
        ballots.router,
        curation.router,
        geography_router,
        search_router,
        storage_router,
        cache_router,
        exports_router,
        records.build_router(),
        represent.router,
        openparliament.router,
        openstates.router,
    ],
    start=[open_cursors, start_relay, start_keeper, start_storage, start_cache, start_exports, settle],
    settings_class=DataHubSettings,
    body_limit_exempt=(UPLOAD_PATH,),
)


def create_app(settings: HubSettings | None = None) -> FastAPI:
    """Build the hub; nothing is opened before its lifespan."""
    return create_hub_app(SPEC, settings)
