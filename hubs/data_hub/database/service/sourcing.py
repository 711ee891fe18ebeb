"""Where a record was read, whatever its kind: for what needs no more of it than that."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from hubs.data_hub.database.errors import RecordNotFound
from hubs.data_hub.database.repository.reading import ReadingRepository
from hubs.data_hub.database.service.collections import url_of
from shared.db.cursor import CursorCodec


@dataclass(frozen=True)
class Sourced:
    """A record by its names, and the documents that each source last named it in."""

    kind: str
    key: str
    url: str
    sources: Sequence[Mapping[str, Any]]


class SourcingService:
    """Answers where records come from."""

    def __init__(self, repository: ReadingRepository) -> None:
        self._repository = repository

    def of(self, record_id: UUID) -> Sourced:
        """Return the sources of a record.

        Raises: RecordNotFound.
        """
        named = self._repository.names_of(record_id)
        if named is None:
            raise RecordNotFound(f"no record has the id {record_id}")
        kind, key = named
        sources = self._repository.sources_of([record_id]).get(record_id, [])
        return Sourced(kind, key, url_of(kind, record_id), sources)


def build_sourcing(session: Session, codec: CursorCodec) -> SourcingService:
    """Build the service over one transaction."""
    return SourcingService(ReadingRepository(session, codec))
