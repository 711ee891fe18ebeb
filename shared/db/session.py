"""Transactions: one per request, per task or per message, opened and ended at the edge only."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine
from sqlalchemy.orm import Session, sessionmaker

from shared.db.errors import translated


def create_sessionmaker(engine: Engine) -> sessionmaker[Session]:
    """Build the factory of sessions; objects stay readable after the commit."""
    return sessionmaker(engine, expire_on_commit=False)


@contextmanager
def transaction(sessions: sessionmaker[Session]) -> Iterator[Session]:
    """Open a transaction: commit when the block ends, roll back when it raises.

    Raises: Unavailable, Conflict or Invalid in place of the database errors that mean so.
    """
    with translated(), sessions() as session, session.begin():
        yield session
