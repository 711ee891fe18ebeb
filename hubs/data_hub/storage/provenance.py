"""Provenance: the archived bytes behind a record, and whether they are still those that were read."""

from __future__ import annotations

from uuid import UUID

from hubs.data_hub.database.service.sourcing import SourcingService
from hubs.data_hub.storage.archive import Archived, ArchiveReader
from hubs.data_hub.storage.errors import FileMissing
from hubs.data_hub.storage.schemas import Provenance, ProvenanceDocument


class ProvenanceService:
    """Goes from a record to the bytes that it was read in."""

    def __init__(self, sourcing: SourcingService, archive: ArchiveReader) -> None:
        self._sourcing = sourcing
        self._archive = archive

    def of(self, record_id: UUID) -> Provenance:
        """Return the documents behind a record, each looked up and hashed.

        Raises: RecordNotFound.
        """
        record = self._sourcing.of(record_id)
        documents = []
        for source in record.sources:
            found = self._archive.find(source["source_id"], source["run_id"], source["url"], source["sha256"])
            shown = {name: source[name] for name in ProvenanceDocument.model_fields if name in source}
            documents.append(
                ProvenanceDocument(
                    **shown,
                    is_archived=found is not None,
                    is_verified=found is not None and found.sha256 == source["sha256"],
                    content_url=f"/api/v1/provenance/{record_id}/{source['sha256']}" if found else None,
                    size_bytes=len(found.body) if found else None,
                    media_type=found.media_type if found else "",
                )
            )
        return Provenance(id=record_id, type=record.kind, key=record.key, url=record.url, documents=documents)

    def content(self, record_id: UUID, sha256: str) -> tuple[Archived, str]:
        """Return the archived bytes of one document of a record, and the URL that they came from.

        Raises: RecordNotFound; FileMissing when they are not in the archive, or not those that were read.
        """
        record = self._sourcing.of(record_id)
        for source in record.sources:
            if source["sha256"] == sha256:
                found = self._archive.find(
                    source["source_id"], source["run_id"], source["url"], source["sha256"]
                )
                if found is None:
                    raise FileMissing("this document is not in the archive")
                if found.sha256 != sha256:
                    raise FileMissing("the archived bytes no longer have the hash that was recorded")
                return found, source["url"]
        raise FileMissing("the record was not read in such a document")
