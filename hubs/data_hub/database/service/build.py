"""Putting the services together for one transaction."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from hubs.data_hub.base import outbox
from hubs.data_hub.database.repository.ballots import BallotRepository
from hubs.data_hub.database.repository.comparing import ComparingRepository
from hubs.data_hub.database.repository.feed import FeedRepository
from hubs.data_hub.database.repository.ledger import LedgerRepository
from hubs.data_hub.database.repository.loading import LoadingRepository
from hubs.data_hub.database.repository.people import PeopleRepository
from hubs.data_hub.database.repository.reading import ReadingRepository
from hubs.data_hub.database.repository.recorded import RecordedRepository
from hubs.data_hub.database.repository.reverting import RevertingRepository
from hubs.data_hub.database.service.announcing import Announcer
from hubs.data_hub.database.service.balloting import BallotingService
from hubs.data_hub.database.service.closing import ClosingService
from hubs.data_hub.database.service.comparing import ComparingService
from hubs.data_hub.database.service.following import FollowingService
from hubs.data_hub.database.service.loading import LoadingService
from hubs.data_hub.database.service.matching import PersonMatcher
from hubs.data_hub.database.service.once import OnceService
from hubs.data_hub.database.service.reading import ReadingService
from hubs.data_hub.database.service.reverting import RevertingService
from shared.db.cursor import CursorCodec
from shared.outbox.outbox import Outbox


@dataclass(frozen=True)
class IngestServices:
    """What the ingest paths call."""

    once: OnceService
    loading: LoadingService
    closing: ClosingService
    comparing: ComparingService
    reverting: RevertingService


def build_ingest(session: Session) -> IngestServices:
    """Build the writing side over one transaction."""
    loading, ledger = LoadingRepository(session), LedgerRepository(session)
    announcer, reverting = Announcer(ledger, Outbox(session, outbox)), RevertingRepository(session)
    writer = LoadingService(loading, ledger, PersonMatcher(PeopleRepository(session)), announcer)
    closing = ClosingService(loading, ledger, announcer, reverting)
    return IngestServices(
        once=OnceService(ledger),
        loading=writer,
        closing=closing,
        comparing=ComparingService(ComparingRepository(session), ledger),
        reverting=RevertingService(reverting, writer, closing),
    )


def build_reading(session: Session, codec: CursorCodec) -> ReadingService:
    """Build the reading side over one transaction."""
    return ReadingService(ReadingRepository(session, codec), RecordedRepository(session, codec))


def build_balloting(session: Session, codec: CursorCodec) -> BallotingService:
    """Build the reading of ballots over one transaction."""
    return BallotingService(BallotRepository(session, codec), ReadingRepository(session, codec))


def build_following(session: Session) -> FollowingService:
    """Build what follows changes over one transaction."""
    return FollowingService(FeedRepository(session))
