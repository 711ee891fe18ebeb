"""The raw body of a request, for endpoints that read other formats than JSON."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request


async def raw_body(request: Request) -> bytes:
    """Return the bytes of the request, whatever their type."""
    return await request.body()


RawBody = Annotated[bytes, Depends(raw_body)]
