"""The FastAPI side of a transaction: one per request, committed before the response is sent."""

from collections.abc import Iterator
from typing import Annotated

from fastapi import Depends, Request
from sqlalchemy.orm import Session

from shared.db.session import transaction


def session_dependency(request: Request) -> Iterator[Session]:
    """Yield the request's session, from the sessionmaker in `request.app.state.resources`."""
    with transaction(request.app.state.resources.sessionmaker) as session:
        yield session


# With FastAPI's default scope the commit would run after the response: a failed commit has then answered 201.
SessionDep = Annotated[Session, Depends(session_dependency, scope="function")]
