"""Under which licences what we hold was published."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.orm import Session

from hubs.data_hub.database.repository.licences import LicenceRepository


def stated_licences(session: Session) -> Sequence[str]:
    """Return every licence that a source states, each once."""
    return LicenceRepository(session).list()
