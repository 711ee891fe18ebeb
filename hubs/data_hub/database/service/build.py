"""Putting the services together for one transaction."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from hubs.data_hub.base import outbox
from hubs.data_hub.database.repository.ballots import BallotRepository
from hubs.data_hub.database.repository.comparing import ComparingRepository
from hubs.data_hub.database.repository.curation import CurationRepository
from hubs.data_hub.database.repository.feed import FeedRepository
from hubs.data_hub.database.repository.ledger import LedgerRepository
from hubs.data_hub.database.repository.loading import LoadingRepository
from hubs.data_hub.database.repository.people import PeopleRepository
from hubs.data_hub.database.repository.reading import ReadingRepository
from hubs.data_hub.database.repository.recorded import RecordedRepository
from hubs.data_hub.database.repository.reverting import RevertingRepository
from hubs.data_hub.database.service.announcing import PRODUCER, Announcer
from hubs.data_hub.database.service.balloting import BallotingService
from hubs.data_hub.database.service.closing import ClosingService
from hubs.data_hub.database.service.comparing import ComparingService
from hubs.data_hub.database.service.correcting import CorrectingService
from hubs.data_hub.database.service.following import FollowingService
from hubs.data_hub.database.service.loading import LoadingService
from hubs.data_hub.database.service.matching import PersonMatcher
from hubs.data_hub.database.service.merging import MergingService
from hubs.data_hub.database.service.once import OnceService
from hubs.data_hub.database.service.reading import ReadingService
from hubs.data_hub.database.service.resolving import ResolvingService
from hubs.data_hub.database.service.reverting import RevertingService
from hubs.data_hub.database.service.rewriting import Rewriter
from shared.contracts.events.auditing import AuditRecordedV1
from shared.db.cursor import CursorCodec
from shared.logging import request_id_var
from shared.outbox.outbox import Outbox


@dataclass(frozen=True)
class IngestServices:
    """What the ingest paths call."""

    once: OnceService
    loading: LoadingService
    closing: ClosingService
    comparing: ComparingService
    reverting: RevertingService


def refresh_merged(session: Session) -> Callable[[Sequence[UUID]], None]:
    """Return what keeps merged people findable by all their names after a load changed some of them."""
    curation, ledger = CurationRepository(session), LedgerRepository(session)
    announcer = Announcer(ledger, Outbox(session, outbox))
    rewriter = Rewriter(curation, LoadingRepository(session), ledger, announcer)
    return MergingService(curation, rewriter).refresh_around


def build_ingest(session: Session) -> IngestServices:
    """Build the writing side over one transaction."""
    loading, ledger = LoadingRepository(session), LedgerRepository(session)
    announcer, reverting = Announcer(ledger, Outbox(session, outbox)), RevertingRepository(session)
    matcher = PersonMatcher(PeopleRepository(session))
    writer = LoadingService(loading, ledger, matcher, announcer, refresh_merged(session))
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
    return ReadingService(
        ReadingRepository(session, codec),
        RecordedRepository(session, codec),
        BallotRepository(session, codec),
    )


def build_balloting(session: Session, codec: CursorCodec) -> BallotingService:
    """Build the reading of ballots over one transaction."""
    return BallotingService(BallotRepository(session, codec), ReadingRepository(session, codec))


def build_following(session: Session) -> FollowingService:
    """Build what follows changes over one transaction."""
    return FollowingService(FeedRepository(session))


@dataclass(frozen=True)
class CurationServices:
    """What human decisions go through."""

    merging: MergingService
    correcting: CorrectingService
    resolving: ResolvingService
    outbox: Outbox

    def audit(self, action: str, target: str, actor: str, reason: str, after: dict[str, Any]) -> None:
        """Have the audit log told, if and when the transaction commits."""
        self.outbox.publish(
            AuditRecordedV1(
                producer=PRODUCER,
                correlation_id=request_id_var.get() or None,
                actor=actor,
                action=action,
                target=target,
                target_type=target.partition(":")[0],
                after={name: str(value) for name, value in after.items()},
                reason=reason,
                request_id=request_id_var.get(),
            )
        )


def build_curation(session: Session) -> CurationServices:
    """Build the human side over one transaction."""
    curation, ledger = CurationRepository(session), LedgerRepository(session)
    published = Outbox(session, outbox)
    rewriter = Rewriter(curation, LoadingRepository(session), ledger, Announcer(ledger, published))
    return CurationServices(
        merging=MergingService(curation, rewriter),
        correcting=CorrectingService(curation, rewriter),
        resolving=ResolvingService(curation, rewriter),
        outbox=published,
    )
