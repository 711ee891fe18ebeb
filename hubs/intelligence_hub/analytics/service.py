"""Indicators: looked up by name, checked parameters, rows with their definition."""

from __future__ import annotations

import difflib
from datetime import UTC

from sqlalchemy.orm import Session

from hubs.intelligence_hub.analytics.definitions import INDICATORS
from hubs.intelligence_hub.analytics.errors import IndicatorNotFound
from hubs.intelligence_hub.analytics.indicator import Indicator
from hubs.intelligence_hub.analytics.repository import AnalyticsRepository
from hubs.intelligence_hub.analytics.schemas import IndicatorRead, IndicatorResult
from shared.contracts.envelope import Event
from shared.contracts.events.importing import ImportFinishedV1
from shared.contracts.events.scraping import ScrapeFinishedV1
from shared.contracts.events.usage import UsageCountedV1
from shared.core.clock import utc_now
from shared.core.errors import Invalid

PARAMETERS = (
    "session",
    "organization",
    "jurisdiction",
    "party",
    "member",
    "vote",
    "debate",
    "bill",
    "source",
    "lang",
)
MAX_ROWS = 10_000


def get_indicator(name: str) -> Indicator:
    """Return an indicator's definition.

    Raises: IndicatorNotFound with the nearest names.
    """
    try:
        return INDICATORS[name]
    except KeyError:
        near = difflib.get_close_matches(name, INDICATORS, n=3)
        raise IndicatorNotFound(f"no indicator {name!r}", suggestions=near) from None


class AnalyticsService:
    """Works in the caller's transaction."""

    def __init__(self, repository: AnalyticsRepository) -> None:
        self._repository = repository

    def compute(self, name: str, parameters: dict[str, str], limit: int = 1_000) -> IndicatorResult:
        """Return the rows of an indicator.

        Raises: IndicatorNotFound; Invalid for a parameter that it does not take, or that it needs.
        """
        indicator = get_indicator(name)
        given = {key: value for key, value in parameters.items() if value}
        for key in given:
            if key not in indicator.parameters:
                raise Invalid(f"{name} takes no parameter {key!r}", known=list(indicator.parameters))
        self.require(name, indicator.required, given)
        values = dict.fromkeys(PARAMETERS, "") | {"lang": "en"} | given
        columns, rows = self._repository.rows(indicator.statement, values, limit + 1)
        return IndicatorResult(
            indicator=IndicatorRead.model_validate(indicator),
            parameters=given,
            as_of_seq=self._repository.position(),
            computed_at=utc_now(),
            columns=columns,
            rows=rows[:limit],
            is_cut=len(rows) > limit,
        )

    def require(self, name: str, required: tuple[str, ...], given: dict[str, str]) -> None:
        """Return when each parameter that is needed is given.

        Raises: Invalid.
        """
        for key in required:
            if not given.get(key):
                raise Invalid(f"{name} needs the parameter {key!r}")

    def note(self, event: Event) -> None:
        """Keep what an event says of a run, or of the platform's use."""
        if isinstance(event, ScrapeFinishedV1) and not event.is_dry_run:
            self._repository.note_run(
                {
                    "run_id": event.run_id,
                    "source_id": event.source_id,
                    "scrape_outcome": event.outcome,
                    "records": sum(event.counts.values()),
                    "problems": len(event.problems),
                    "pages": event.pages,
                    "finished_at": event.finished_at,
                }
            )
        elif isinstance(event, ImportFinishedV1):
            reports = event.report.values()
            self._repository.note_run(
                {
                    "run_id": event.run_id,
                    "source_id": event.source_id,
                    "import_outcome": event.outcome,
                    "inserted": sum(report.inserted for report in reports),
                    "updated": sum(report.updated for report in reports),
                    "tombstoned": sum(report.tombstoned for report in reports),
                }
            )
        elif isinstance(event, UsageCountedV1):
            day = event.ended_at.astimezone(UTC).date()
            self._repository.note_use([{"day": day, **use.model_dump()} for use in event.routes])


def build(session: Session) -> AnalyticsService:
    """Return the service over a session."""
    return AnalyticsService(AnalyticsRepository(session))
