"""What the storage endpoints are handed."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from fastapi import Depends, Request

from hubs.data_hub.database.service.sourcing import build_sourcing
from hubs.data_hub.storage.archive import ArchiveReader
from hubs.data_hub.storage.backends import BlobStore
from hubs.data_hub.storage.keeper import StorageKeeper
from hubs.data_hub.storage.provenance import ProvenanceService
from hubs.data_hub.storage.repository import StorageRepository
from hubs.data_hub.storage.schemas import Upload
from hubs.data_hub.storage.service import Signer, StorageLimits, StorageService
from shared.app import ResourcesDep, resources_of
from shared.core.errors import TooLarge
from shared.core.ids import new_id
from shared.db.cursor import CursorCodec
from shared.db.dependency import SessionDep


@dataclass(frozen=True)
class StorageParts:
    """What storage holds while the hub runs."""

    store: BlobStore
    exports: BlobStore
    """Of their own: what nobody uploaded counts for no quota, and can be made again."""
    limits: StorageLimits
    incoming: Path
    archive: Path
    signer: Signer
    keeper: StorageKeeper


async def receive_upload(request: Request) -> AsyncIterator[Upload]:
    """Write the body to a temporary file as it arrives, and remove that in the end.

    Raises: TooLarge as soon as it is longer than one file may be.
    """
    parts = resources_of(request).get(StorageParts)
    limit = parts.limits.max_file_bytes
    path = parts.incoming / str(new_id())
    digest, size = hashlib.sha256(), 0
    refusal = TooLarge(f"a file has at most {limit} bytes", max_bytes=limit)
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > limit:
        raise refusal
    try:
        # Writes of a few hundred kilobytes to a local disk: shorter than a hop to a thread and back.
        with path.open("wb") as file:
            async for chunk in request.stream():
                size += len(chunk)
                if size > limit:
                    raise refusal
                digest.update(chunk)
                file.write(chunk)
        yield Upload(path, digest.hexdigest(), size)
    finally:
        path.unlink(missing_ok=True)


async def storage_parts(resources: ResourcesDep) -> StorageParts:
    """Return what storage holds."""
    return resources.get(StorageParts)


PartsDep = Annotated[StorageParts, Depends(storage_parts)]


async def storage_service(session: SessionDep, parts: PartsDep) -> StorageService:
    """Return the service over this request's transaction."""
    return StorageService(StorageRepository(session), parts.store, parts.limits)


StorageDep = Annotated[StorageService, Depends(storage_service, scope="function")]


async def provenance_service(
    session: SessionDep, resources: ResourcesDep, parts: PartsDep, files: StorageDep
) -> ProvenanceService:
    """Return provenance over this request's transaction."""
    sourcing = build_sourcing(session, resources.get(CursorCodec))
    return ProvenanceService(sourcing, ArchiveReader(parts.archive, files))


UploadDep = Annotated[Upload, Depends(receive_upload)]
ProvenanceDep = Annotated[ProvenanceService, Depends(provenance_service, scope="function")]
