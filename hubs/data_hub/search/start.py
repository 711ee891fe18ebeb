"""Starting the keeper and the search process with the hub."""

from __future__ import annotations

from pathlib import Path

from prometheus_client import Gauge

from hubs.data_hub.database.service.feeding import CHANGE_CHANNEL, FeedingService
from hubs.data_hub.search.asked import AskedTerms
from hubs.data_hub.search.dispatch import SearchProcess
from hubs.data_hub.search.keeper import IndexKeeper, listener_on
from hubs.data_hub.settings import DataHubSettings
from shared.app import Resources


def start_keeper(resources: Resources) -> None:
    """Keep the index under ``data_dir/search`` for as long as the hub runs."""
    settings = resources.settings
    chosen = settings.search if isinstance(settings, DataHubSettings) else DataHubSettings().search
    feeding, asked = FeedingService(resources.sessionmaker), AskedTerms(resources.sessionmaker)
    root = Path(chosen.path) if chosen.path else settings.data_dir / "search"
    keeper = IndexKeeper(
        root,
        chosen.writer_heap_bytes,
        feeding,
        lambda: listener_on(resources.engine, CHANGE_CHANNEL),
        resources.stop,
        asked.write_down,
    )
    keeper.start()
    resources.stack.callback(keeper.close)
    resources.put(keeper)
    resources.put(feeding)
    resources.put(asked)
    process = SearchProcess(root)
    process.start()
    resources.stack.callback(process.close)
    resources.put(process)
    watch(resources, keeper, process)


def watch(resources: Resources, keeper: IndexKeeper, process: SearchProcess) -> None:
    """Show the state of the index among the hub's metrics."""

    def documents() -> float:
        return keeper.documents

    for name, text, read in (
        ("data_index_documents", "Records in the search index.", documents),
        ("data_index_position", "Change position that the index has reached.", lambda: keeper.state.position),
        ("data_index_building", "1 while the index is being built.", lambda: keeper.state.is_building),
        ("data_index_rebuilds", "Times that this process built the index.", lambda: keeper.state.rebuilds),
        ("data_search_process_starts", "Times that the search process was started.", lambda: process.starts),
    ):
        Gauge(name, text, registry=resources.registry).set_function(read)
