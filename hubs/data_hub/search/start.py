"""Starting the keeper with the hub."""

from __future__ import annotations

from pathlib import Path

from hubs.data_hub.database.service.feeding import CHANGE_CHANNEL, FeedingService
from hubs.data_hub.search.keeper import IndexKeeper, listener_on
from hubs.data_hub.settings import DataHubSettings
from shared.app import Resources


def start_keeper(resources: Resources) -> None:
    """Keep the index under ``data_dir/search`` for as long as the hub runs."""
    settings = resources.settings
    chosen = settings.search if isinstance(settings, DataHubSettings) else DataHubSettings().search
    keeper = IndexKeeper(
        Path(chosen.path) if chosen.path else settings.data_dir / "search",
        chosen.writer_heap_bytes,
        FeedingService(resources.sessionmaker),
        lambda: listener_on(resources.engine, CHANGE_CHANNEL),
        resources.stop,
    )
    keeper.start()
    resources.stack.callback(keeper.close)
    resources.put(keeper)
