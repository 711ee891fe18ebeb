"""What the facades' endpoints are handed."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from fastapi import Depends

from hubs.data_hub.compat.service.openparliament import OpenParliamentFacade
from hubs.data_hub.compat.service.openstates import OpenStatesFacade
from hubs.data_hub.compat.service.represent import RepresentFacade
from hubs.data_hub.database.service.build import build_balloting, build_reading
from hubs.data_hub.geography.dependencies import GeographyDep
from shared.app import ResourcesDep
from shared.db.cursor import CursorCodec
from shared.db.dependency import SessionDep


async def represent(session: SessionDep, resources: ResourcesDep, places: GeographyDep) -> RepresentFacade:
    """Return Represent's view over this request's transaction."""
    reading = build_reading(session, resources.get(CursorCodec))
    return RepresentFacade(reading, places, datetime.now(UTC).date())


async def openparliament(session: SessionDep, resources: ResourcesDep) -> OpenParliamentFacade:
    """Return openparliament's view over this request's transaction."""
    codec = resources.get(CursorCodec)
    return OpenParliamentFacade(build_reading(session, codec), build_balloting(session, codec))


async def openstates(session: SessionDep, resources: ResourcesDep, places: GeographyDep) -> OpenStatesFacade:
    """Return Open States' view over this request's transaction."""
    return OpenStatesFacade(build_reading(session, resources.get(CursorCodec)), places)


PlacesDep = GeographyDep
RepresentDep = Annotated[RepresentFacade, Depends(represent, scope="function")]
OpenParliamentDep = Annotated[OpenParliamentFacade, Depends(openparliament, scope="function")]
OpenStatesDep = Annotated[OpenStatesFacade, Depends(openstates, scope="function")]
