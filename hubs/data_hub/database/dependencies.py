"""What the endpoints of the civic record are handed."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Header, Request

from hubs.data_hub.database.service.build import IngestServices, build_ingest
from shared.core.errors import BadRequest
from shared.db.dependency import SessionDep


async def read_body(request: Request) -> bytes:
    """Return the whole body; the body limit has been applied to it."""
    return await request.body()


def ingest_services(session: SessionDep) -> IngestServices:
    """Return the writing side over this request's transaction."""
    return build_ingest(session)


def require_idempotency_key(idempotency_key: Annotated[str | None, Header()] = None) -> str:
    """Return the Idempotency-Key.

    Raises: BadRequest without one.
    """
    if not idempotency_key:
        raise BadRequest("an Idempotency-Key header is required")
    return idempotency_key


BodyDep = Annotated[bytes, Depends(read_body)]
IngestDep = Annotated[IngestServices, Depends(ingest_services, scope="function")]
IdempotencyKeyDep = Annotated[str, Depends(require_idempotency_key)]
