"""The FastAPI side of a transaction: one per request, committed before the response is sent."""

from collections.abc import AsyncIterator
from typing import Annotated

import anyio
from anyio.to_thread import run_sync
from fastapi import Depends, Request
from sqlalchemy.orm import Session

from shared.db.session import transaction


async def session_dependency(request: Request) -> AsyncIterator[Session]:
    """Yield the request's session, from the sessionmaker in `request.app.state.resources`."""
    edge = transaction(request.app.state.resources.sessionmaker)
    # Nothing waits here: the connection is taken by the first statement, in the thread that runs it.
    session = edge.__enter__()
    # Ending one waits for no free thread: all may be taken by requests that wait for this one's connection.
    limiter = anyio.CapacityLimiter(1)
    try:
        yield session
    except BaseException as error:
        with anyio.CancelScope(shield=True):
            is_swallowed = await run_sync(
                edge.__exit__, type(error), error, error.__traceback__, limiter=limiter
            )
        if not is_swallowed:
            raise
    else:
        with anyio.CancelScope(shield=True):
            await run_sync(edge.__exit__, None, None, None, limiter=limiter)


# With FastAPI's default scope the commit would run after the response: a failed commit has then answered 201.
SessionDep = Annotated[Session, Depends(session_dependency, scope="function")]
