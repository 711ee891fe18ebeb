"""Requests with an Idempotency-Key: what was made of the first is the answer to every further one."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from pydantic import BaseModel

from hubs.business_hub.queue.errors import IdempotencyMismatch
from hubs.business_hub.queue.models import RememberedRequest
from hubs.business_hub.queue.repository.jobs import JobRepository
from shared.http.json import dumps


class RequestMemory:
    """Remembers requests for a day, each caller's keys apart."""

    def __init__(self, jobs: JobRepository, clock: Callable[[], datetime]) -> None:
        self._jobs = jobs
        self._now = clock

    def recall(self, actor: str, key: str | None, asked: BaseModel) -> UUID | None:
        """Return what was made of the same request before, None for a new one.

        Raises: IdempotencyMismatch for a key that came with another request.
        """
        if key is None:
            return None
        self._jobs.serialize(f"key:{actor}:{key}")
        known = self._jobs.find_remembered(actor, key, self._now())
        if known is not None and known.fingerprint != _fingerprint(asked):
            raise IdempotencyMismatch("this Idempotency-Key came with another request before")
        return known.made if known is not None else None

    def keep(self, actor: str, key: str | None, asked: BaseModel, made: UUID) -> None:
        """Remember what was made of a request."""
        if key is not None:
            self._jobs.remember(
                RememberedRequest(
                    principal=actor,
                    key=key,
                    fingerprint=_fingerprint(asked),
                    made=made,
                    created_at=self._now(),
                )
            )


def _fingerprint(asked: BaseModel) -> str:
    return hashlib.sha256(dumps([type(asked).__name__, asked])).hexdigest()
