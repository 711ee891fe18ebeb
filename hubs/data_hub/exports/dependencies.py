"""What the export endpoints are handed."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from fastapi import Depends

from hubs.data_hub.exports.keeper import ExportKeeper
from hubs.data_hub.exports.licensing import ask_terms
from hubs.data_hub.exports.repository import ExportRepository
from hubs.data_hub.exports.service import ExportService
from hubs.data_hub.settings import DataHubSettings
from hubs.data_hub.storage.dependencies import StorageParts
from shared.app import Resources, ResourcesDep
from shared.clients.intelligence_hub import IntelligenceHubClient
from shared.db.dependency import SessionDep


def start_exports(resources: Resources) -> None:
    """Build exports for as long as the hub runs; their files go where storage keeps such files."""
    settings = resources.settings
    document = settings.exports_policy if isinstance(settings, DataHubSettings) else ""
    client = IntelligenceHubClient(settings.hubs.intelligence, resources.http, resources.tokens)
    hours = settings.exports_every_hours if isinstance(settings, DataHubSettings) else 24.0
    keeper = ExportKeeper(
        resources.engine,
        resources.sessionmaker,
        settings.data_dir / "exports",
        resources.get(StorageParts).exports,
        timedelta(hours=hours) if hours else None,
        resources.stop,
        lambda licences: ask_terms(client.decide_many, document, licences) if document else None,
    )
    keeper.start()
    resources.stack.callback(keeper.close)
    resources.put(keeper)


async def export_keeper(resources: ResourcesDep) -> ExportKeeper:
    """Return the keeper of this process."""
    return resources.get(ExportKeeper)


KeeperDep = Annotated[ExportKeeper, Depends(export_keeper)]


async def export_service(session: SessionDep, keeper: KeeperDep) -> ExportService:
    """Return the service over this request's transaction."""
    return ExportService(ExportRepository(session), keeper.root, keeper.files)


ExportsDep = Annotated[ExportService, Depends(export_service, scope="function")]
