"""What the endpoints of the civic record are handed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

from fastapi import Depends, Header, Request

from hubs.data_hub.database.service.balloting import BallotingService
from hubs.data_hub.database.service.build import (
    CurationServices,
    IngestServices,
    build_balloting,
    build_curation,
    build_following,
    build_ingest,
    build_reading,
)
from hubs.data_hub.database.service.following import FollowingService
from hubs.data_hub.database.service.reading import ReadingService
from hubs.data_hub.database.service.whole import WholeListings
from shared.app import Resources, ResourcesDep
from shared.core.errors import BadRequest
from shared.db.cursor import CursorCodec
from shared.db.dependency import SessionDep
from shared.db.session import transaction


async def read_body(request: Request) -> bytes:
    """Return the whole body; the body limit has been applied to it."""
    return await request.body()


# The two writing sides take a connection out of the pool as they are built, which may mean to wait for one:
# not on the event loop.
def ingest_services(session: SessionDep) -> IngestServices:
    """Return the writing side over this request's transaction."""
    return build_ingest(session)


async def reading_service(session: SessionDep, resources: ResourcesDep) -> ReadingService:
    """Return the reading side over this request's transaction."""
    return build_reading(session, resources.get(CursorCodec))


async def following_service(session: SessionDep) -> FollowingService:
    """Return what follows changes over this request's transaction."""
    return build_following(session)


async def balloting_service(session: SessionDep, resources: ResourcesDep) -> BallotingService:
    """Return the reading of ballots over this request's transaction."""
    return build_balloting(session, resources.get(CursorCodec))


class Transactions:
    """Opens further transactions to read in, for an answer that goes on after its request's own."""

    def __init__(self, resources: Resources) -> None:
        self._sessions, self._codec = resources.sessionmaker, resources.get(CursorCodec)

    @contextmanager
    def reading(self) -> Iterator[ReadingService]:
        """Read the record for as long as the block lasts."""
        with transaction(self._sessions) as session:
            yield build_reading(session, self._codec)

    @contextmanager
    def balloting(self) -> Iterator[BallotingService]:
        """Read ballots for as long as the block lasts."""
        with transaction(self._sessions) as session:
            yield build_balloting(session, self._codec)


async def transactions(resources: ResourcesDep) -> Transactions:
    """Return what opens transactions."""
    return Transactions(resources)


async def whole_listings(resources: ResourcesDep) -> WholeListings:
    """Return the count of whole listings under way in this process, begun with the first of them."""
    if resources.find(WholeListings) is None:
        resources.put(WholeListings())
    return resources.get(WholeListings)


def curation_services(session: SessionDep) -> CurationServices:
    """Return the human side over this request's transaction."""
    return build_curation(session)


async def require_idempotency_key(idempotency_key: Annotated[str | None, Header()] = None) -> str:
    """Return the Idempotency-Key.

    Raises: BadRequest without one.
    """
    if not idempotency_key:
        raise BadRequest("an Idempotency-Key header is required")
    return idempotency_key


BodyDep = Annotated[bytes, Depends(read_body)]
IngestDep = Annotated[IngestServices, Depends(ingest_services, scope="function")]
IdempotencyKeyDep = Annotated[str, Depends(require_idempotency_key)]
ReadingDep = Annotated[ReadingService, Depends(reading_service, scope="function")]
FollowingDep = Annotated[FollowingService, Depends(following_service, scope="function")]
TransactionsDep = Annotated[Transactions, Depends(transactions)]
WholeDep = Annotated[WholeListings, Depends(whole_listings)]
BallotingDep = Annotated[BallotingService, Depends(balloting_service, scope="function")]
CurationDep = Annotated[CurationServices, Depends(curation_services, scope="function")]
