"""What endpoints of every module of this hub are given."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Header, Query, Request, Response

from hubs.business_hub.paging import Pager
from shared.core.errors import BadRequest
from shared.db.dependency import SessionDep

_MAX_KEY_CHARS = 255


def pager(request: Request, response: Response, session: SessionDep) -> Pager:
    """Dependency: what pages the listing of this request."""
    return Pager(request, response, session)


def idempotency_key(
    value: Annotated[
        str | None, Header(alias="Idempotency-Key", description="string, quoted or bare")
    ] = None,
) -> str | None:
    """Dependency: the Idempotency-Key of this request, bare.

    Raises: BadRequest when it is empty or too long.
    """
    if value is None:
        return None
    key = value.strip()
    if len(key) >= 2 and key[0] == key[-1] == '"':
        key = key[1:-1]
    if not key or len(key) > _MAX_KEY_CHARS:
        raise BadRequest(f"an Idempotency-Key has 1 to {_MAX_KEY_CHARS} characters")
    return key


PagerDep = Annotated[Pager, Depends(pager)]
IdempotencyKeyDep = Annotated[str | None, Depends(idempotency_key)]
Limit = Annotated[int, Query(ge=1, le=200, description="rows per page")]
Cursor = Annotated[str | None, Query(description="where the page before ended")]
