"""The licences that sources state."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from hubs.data_hub.database.models import SourceDocument


class LicenceRepository:
    """Queries of one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def list(self) -> Sequence[str]:
        """Return each licence once; an empty one where a source states none."""
        return list(self._session.scalars(select(SourceDocument.licence).distinct()))
