"""What the search endpoints are handed."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Query

from hubs.data_hub.database.service.feeding import FeedingService
from hubs.data_hub.search.checking import CheckReport, check_index
from hubs.data_hub.search.keeper import IndexKeeper
from hubs.data_hub.search.repository import SearchRepository
from hubs.data_hub.search.wire import IndexState
from shared.app import Resources, ResourcesDep
from shared.db.dependency import SessionDep


def index_state(resources: Resources) -> IndexState:
    """Return which index answers searches now.

    Raises: IndexNotReady with the progress of the build.
    """
    keeper = resources.get(IndexKeeper)
    generation = keeper.generation()
    return IndexState(generation.folder.name, generation.position, keeper.state.is_building)


async def index_keeper(resources: ResourcesDep) -> IndexKeeper:
    """Return the keeper of this process's index."""
    return resources.get(IndexKeeper)


def index_check(
    resources: ResourcesDep,
    by_content: Annotated[
        bool, Query(description="compare words as well; minutes for a large record")
    ] = False,
) -> CheckReport:
    """Return how the index compares with the record, now."""
    return check_index(resources.get(IndexKeeper), resources.get(FeedingService), by_content=by_content)


async def search_repository(session: SessionDep) -> SearchRepository:
    """Return the queries over this request's transaction."""
    return SearchRepository(session)


KeeperDep = Annotated[IndexKeeper, Depends(index_keeper)]
CheckDep = Annotated[CheckReport, Depends(index_check)]
TermsDep = Annotated[SearchRepository, Depends(search_repository, scope="function")]
