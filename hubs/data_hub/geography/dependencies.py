"""What the endpoints about places are handed."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request

from hubs.data_hub.database.service.seats import build_seats
from hubs.data_hub.geography.loading import GeographyLoader
from hubs.data_hub.geography.repository import GeographyRepository
from hubs.data_hub.geography.service import GeographyService
from shared.app import ResourcesDep
from shared.db.cursor import CursorCodec
from shared.db.dependency import SessionDep


async def read_file(request: Request) -> bytes:
    """Return the file in the body; the body limit has been applied to it."""
    return await request.body()


async def geography_repository(session: SessionDep) -> GeographyRepository:
    """Return the queries over this request's transaction."""
    return GeographyRepository(session)


async def geography_service(session: SessionDep, resources: ResourcesDep) -> GeographyService:
    """Return the service over this request's transaction."""
    return GeographyService(GeographyRepository(session), build_seats(session, resources.get(CursorCodec)))


async def geography_loader(session: SessionDep) -> GeographyLoader:
    """Return the loader over this request's transaction."""
    return GeographyLoader(GeographyRepository(session))


RepositoryDep = Annotated[GeographyRepository, Depends(geography_repository, scope="function")]
GeographyDep = Annotated[GeographyService, Depends(geography_service, scope="function")]
LoaderDep = Annotated[GeographyLoader, Depends(geography_loader, scope="function")]
FileDep = Annotated[bytes, Depends(read_file)]
