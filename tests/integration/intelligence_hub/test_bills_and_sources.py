"""Indicators of bills on a recorded session, and of what scrapes yield, against sums of another kind."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from statistics import median_low
from uuid import UUID

import pytest

from hubs.intelligence_hub.analytics.service import build
from shared.contracts.events.importing import ImportFinishedV1, KindReport
from shared.contracts.events.scraping import ScrapeFinishedV1, ScrapeProblem
from shared.contracts.events.usage import RouteUse, UsageCountedV1
from shared.db.session import transaction
from tests.integration.intelligence_hub.conftest import parsed, rebuilt, rows


def test_bills_of_a_recorded_session(samples: Path, sessions, data_hub) -> None:
    records = parsed(
        "ca-federal-bills",
        samples / "legisinfo" / "bills_list" / "bills_44-1.xml",
        samples / "legisinfo" / "bills_list" / "bills_43-2.xml",
    )
    data_hub.put_records(records)
    rebuilt(sessions, data_hub)
    bills = list({r.key: r for r in records if r.kind == "bill"}.values())
    assert len(bills) > 500

    for kind, is_government in (("government", True), ("other", False)):
        mine = [b for b in bills if b.is_government is is_government]
        days = [
            (b.royal_assent_on - b.introduced_on).days for b in mine if b.royal_assent_on and b.introduced_on
        ]
        found = next(r for r in rows(sessions, "bill-outcome") if r["kind"] == kind)
        assert (found["introduced"], found["became_law"]) == (
            len(mine),
            sum(b.royal_assent_on is not None for b in mine),
        )
        assert found["median_days_to_law"] == (median_low(days) if days else None)

        # Kaplan and Meier by their definition.
        watched = []
        for b in mine:
            end = b.royal_assent_on or b.latest_activity_on
            if b.introduced_on and end:
                watched.append((max(0, (end - b.introduced_on).days), b.royal_assent_on is not None))
        survival, expected = 1.0, {}
        for day in sorted({d for d, is_law in watched if is_law}):
            risk = sum(d >= day for d, _ in watched)
            law = sum(d == day and is_law for d, is_law in watched)
            survival *= 1 - law / risk
            expected[day] = (risk, law, survival)
        curve = {r["days"]: r for r in rows(sessions, "bill-survival") if r["kind"] == kind}
        assert {d: (r["at_risk"], r["became_law"], r["not_yet_law"]) for d, r in curve.items()} == {
            d: (risk, law, pytest.approx(s, abs=1e-4)) for d, (risk, law, s) in expected.items()
        }

    times: dict[tuple[str, str], list[int]] = defaultdict(list)
    for b in bills:
        last = {}
        for stage in b.stages:
            if stage.date and b.introduced_on:
                key = (stage.chamber, stage.code)
                last[key] = max(last.get(key, stage.date), stage.date)
        for key, day in last.items():
            times[key].append((day - b.introduced_on).days)
    assert {
        (r["chamber"], r["stage"]): (r["bills"], r["median_days"]) for r in rows(sessions, "bill-stage-times")
    } == {key: (len(days), median_low(days)) for key, days in times.items()}

    private: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0, 0])
    for b in bills:
        if b.is_private_member:
            sums = private[b.session, b.chamber]
            sums[0] += 1
            sums[1] += any(
                s.code == "third-reading" and s.chamber == b.chamber and s.date and s.state == "Completed"
                for s in b.stages
            )
            sums[2] += b.royal_assent_on is not None
    assert private
    assert {
        (r["session"], r["chamber"]): [r["introduced"], r["passed_first_chamber"], r["became_law"]]
        for r in rows(sessions, "private-member-success")
    } == private
    sponsors = Counter((b.sponsors[0].person_key or b.sponsors[0].name) for b in bills if b.sponsors)
    assert sum(r["bills"] for r in rows(sessions, "sponsorship")) == sum(sponsors.values())
    statuses = Counter(b.status_code for b in bills)
    assert {r["status"]: r["bills"] for r in rows(sessions, "bills-by-status")} == statuses


RUN = UUID(int=7)


def a_scrape(run: UUID = RUN, **more) -> ScrapeFinishedV1:
    given = {
        "producer": "scraper",
        "job_id": run,
        "run_id": run,
        "source_id": "ca-federal-bills",
        "outcome": "succeeded",
        "counts": {"bill": 40, "session": 2},
        "pages": 21,
        "problems": (ScrapeProblem(code="x", detail="y"),),
        "started_at": datetime(2026, 1, 1, tzinfo=UTC),
        "finished_at": datetime(2026, 1, 1, 1, tzinfo=UTC),
        **more,
    }
    return ScrapeFinishedV1(**given)


def an_import(run: UUID = RUN, **more) -> ImportFinishedV1:
    given = {
        "producer": "importer",
        "job_id": run,
        "run_id": run,
        "source_id": "ca-federal-bills",
        "outcome": "succeeded",
        "report": {
            "bill": KindReport(inserted=30, updated=10, tombstoned=1),
            "session": KindReport(inserted=2),
        },
        **more,
    }
    return ImportFinishedV1(**given)


@pytest.mark.parametrize("order", [1, -1])
def test_yield_of_sources_whichever_event_comes_first(sessions, order: int) -> None:
    events = [
        a_scrape(),
        an_import(),
        a_scrape(UUID(int=8), outcome="failed", counts={}, pages=1, problems=()),
        a_scrape(UUID(int=9), is_dry_run=True),
    ]
    for _ in range(2):
        with transaction(sessions) as session:
            for event in events[::order]:
                build(session).note(event)
    (found,) = rows(sessions, "scrape-yield")
    assert found == {
        "source": "ca-federal-bills",
        "runs": 2,
        "scraped": 1,
        "imported": 1,
        "records": 42,
        "inserted": 32,
        "updated": 10,
        "tombstoned": 1,
        "problems": 1,
        "pages": 22,
        "records_per_page": 1.91,
        "last_run_at": datetime(2026, 1, 1, 1, tzinfo=UTC),
    }


def test_use_of_the_platform_is_summed_by_day_and_route(sessions) -> None:
    bills, votes = "/api/v1/bills", "/{lang:lang}/votes/{item}"
    told = [
        (datetime(2026, 1, 1, 23, 59, tzinfo=UTC), ((bills, 2, 5), (bills, 4, 1), (votes, 5, 2))),
        (datetime(2026, 1, 1, 23, 59, 30, tzinfo=UTC), ((bills, 3, 4), (bills, 2, 1))),
        (datetime(2026, 1, 2, 0, 0, 30, tzinfo=UTC), ((bills, 2, 7),)),
        (datetime(2026, 1, 2, 0, 1, tzinfo=UTC), ()),
    ]
    for ended_at, routes in told:
        uses = tuple(RouteUse(route=route, status=status, requests=n) for route, status, n in routes)
        with transaction(sessions) as session:
            build(session).note(UsageCountedV1(producer="ux_hub", ended_at=ended_at, routes=uses))
    assert [tuple(row.values()) for row in rows(sessions, "platform-use")] == [
        (date(2026, 1, 2), bills, 7, 7, 0, 0),
        (date(2026, 1, 1), bills, 11, 10, 1, 0),
        (date(2026, 1, 1), votes, 2, 0, 0, 2),
    ]


def test_freshness_is_that_of_the_records_coverage(sessions, data_hub) -> None:
    now = datetime.now(UTC)
    data_hub.coverage = [
        {
            "jurisdiction": "ocd-jurisdiction/country:ca/legislature",
            "type": kind,
            "count": 5,
            "first_date": "2020-01-01",
            "last_date": None,
            "as_of": as_of,
            "promise_hours": 24,
        }
        for kind, as_of in (
            ("bill", (now - timedelta(hours=3)).isoformat()),
            ("person", (now - timedelta(hours=30)).isoformat()),
            ("event", None),
        )
    ]
    rebuilt(sessions, data_hub)
    found = {r["type"]: r for r in rows(sessions, "freshness")}
    assert {kind: r["is_stale"] for kind, r in found.items()} == {
        "bill": False,
        "person": True,
        "event": True,
    }
    assert found["bill"]["hours_since_read"] == pytest.approx(3, abs=0.11)
    assert found["bill"]["first_date"] == date(2020, 1, 1)
