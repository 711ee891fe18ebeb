"""What the mobile API does not have."""

from __future__ import annotations

from shared.core.errors import Gone


class NoSyncJobs(Gone):
    """A phone asked for a job or a schedule of synchronisations: there are none any more."""

    def __init__(self) -> None:
        super().__init__(
            "A synchronisation is one answer: ask GET /api/mobile/v1/sync with the last token, at any time.",
            detail_fr="Une synchronisation est une seule réponse : demandez GET /api/mobile/v1/sync avec le "
            "dernier jeton, à tout moment.",
        )
