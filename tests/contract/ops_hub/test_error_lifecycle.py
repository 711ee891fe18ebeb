"""What becomes of error reports: one alert per problem, silence until a moment, releases, spikes, missed tasks."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from hubs.ops_hub.error_reporting.alerting import ErrorAlerts
from hubs.ops_hub.error_reporting.intake import SPIKE_PER_MINUTE, Intake, Limits
from hubs.ops_hub.monitoring.alerts import AlertBook
from shared.core.clock import utc_now
from shared.core.memory import tree_mib
from shared.db.session import transaction
from tests.contract.ops_hub.conftest import Ops


class Reporter:
    """Sends events as an old client does, and lets the hub look at them."""

    def __init__(self, ops: Ops) -> None:
        self.ops = ops
        resources = ops.app.state.resources
        self.sessions = resources.sessionmaker
        self.book = AlertBook(self.sessions)
        self.alerts = ErrorAlerts(self.sessions, self.book)
        self.key = ops.dsn().split("//")[1].split("@")[0]

    def send(self, message: str, **more: Any) -> None:
        event = {"event_id": uuid.uuid4().hex, "message": message, "level": "error", **more}
        answer = self.ops.http.post("/api/1/store/", json=event, params={"sentry_key": self.key})
        assert answer.status_code == 200, answer.text

    def firing(self) -> list[str]:
        self.alerts.look()
        return sorted(row.name for row in self.book.firing())

    def execute(self, statement: str) -> None:
        with transaction(self.sessions) as session:
            session.execute(text(statement))


@pytest.fixture
def reporter(ops: Ops) -> Iterator[Reporter]:
    return Reporter(ops)


def test_ten_equal_errors_are_one_problem_and_one_alert(ops: Ops, reporter: Reporter) -> None:
    for number in range(10):
        reporter.send(f"vote {number} has no result")
    assert [issue["count"] for issue in ops.issues()] == [10]
    assert reporter.firing() == ["IssueNew"]
    (alert,) = reporter.book.firing()
    assert alert.annotations["summary_fr"].startswith("Nouveau")


def test_an_alert_ends_with_its_problem_and_comes_back_with_a_regression(
    ops: Ops, reporter: Reporter
) -> None:
    reporter.send("no such bill")
    assert reporter.firing() == ["IssueNew"]
    issue = ops.issues()[0]["id"]
    ops.http.patch(f"/api/v1/errors/issues/{issue}", json={"status": "resolved"}).raise_for_status()
    assert reporter.firing() == []
    reporter.send("no such bill")
    assert reporter.firing() == ["IssueRegressed"]


def test_warnings_and_messages_wake_nobody(reporter: Reporter) -> None:
    reporter.send("it took long", level="warning")
    assert reporter.firing() == []


def test_what_comes_with_a_known_cause_is_no_alert_until_it_goes_on_without_it(reporter: Reporter) -> None:
    reporter.book.explain({"data": "the alert about the database"})
    reporter.send("the database is away")
    assert reporter.firing() == []
    reporter.book.explain({})
    reporter.book._incident_ended_at = utc_now() - timedelta(minutes=5)
    assert reporter.firing() == []
    reporter.send("the database is away")
    assert reporter.firing() == ["IssueNew"]


def test_a_muted_problem_is_silent_until_its_moment(ops: Ops, reporter: Reporter) -> None:
    reporter.send("known and harmless")
    issue = f"/api/v1/errors/issues/{ops.issues()[0]['id']}"
    past = {"status": "muted", "muted_until": "2020-01-01T00:00:00Z"}
    assert ops.http.patch(issue, json=past).status_code == 422
    later = {"status": "muted", "muted_until": (utc_now() + timedelta(hours=1)).isoformat()}
    ops.http.patch(issue, json=later).raise_for_status()
    reporter.send("known and harmless")
    assert reporter.firing() == []
    assert ops.http.get(issue).json()["status"] == "muted"
    reporter.execute("UPDATE ops.error_issue SET muted_until = now() - interval '1 second'")
    assert reporter.firing() == ["IssueNew"]
    assert ops.http.get(issue).json()["status"] == "unresolved"


def test_a_spike_of_one_problem_is_counted_and_not_kept(ops: Ops, reporter: Reporter) -> None:
    intake = ops.app.state.resources.get(Intake)
    problem = uuid.uuid4().hex
    outcomes = {
        intake.submit(
            "event", 1, {"message": problem, "fingerprint": [problem], "event_id": uuid.uuid4().hex}
        )
        for _ in range(SPIKE_PER_MINUTE + 30)
    }
    assert outcomes >= {"new", "again", "counted"}
    (issue,) = [row for row in ops.issues() if row["title"] == problem]
    assert issue["count"] == SPIKE_PER_MINUTE + 30
    with transaction(reporter.sessions) as session:
        kept = session.scalar(text("SELECT count(*) FROM ops.error_event"))
    assert SPIKE_PER_MINUTE <= kept < SPIKE_PER_MINUTE + 30


def test_problems_are_found_by_release_environment_level_and_tag(ops: Ops, reporter: Reporter) -> None:
    reporter.send("one", release="site@1", environment="production", tags={"hub": "data"})
    reporter.send("two", release="site@2", environment="test", tags={"hub": "ux"}, level="fatal")
    reporter.send("one", release="site@2", environment="production", tags={"hub": "data"})

    def titles(**filters: str) -> list[str]:
        return sorted(issue["title"] for issue in ops.issues(**filters))

    assert titles(release="site@2") == ["one", "two"]
    assert titles(environment="test") == ["two"]
    assert titles(level="fatal") == ["two"]
    assert titles(tag="hub:data") == ["one"]
    assert ops.http.get("/api/v1/errors/issues", params={"tag": "hub"}).status_code == 422
    releases = {row["release"]: row for row in ops.http.get("/api/v1/errors/releases").json()}
    assert (releases["site@1"]["new_issues"], releases["site@2"]["new_issues"]) == (1, 1)
    assert releases["site@2"]["events"] == 2


def check_in(reporter: Reporter, status: str, config: dict[str, Any]) -> None:
    payload = {"monitor_slug": "nightly", "status": status, "monitor_config": config}
    reporter.ops.app.state.resources.get(Intake).submit("check_in", 1, payload)


def test_a_beginning_that_comes_after_its_own_end_changes_nothing_but_the_schedule(
    reporter: Reporter,
) -> None:
    intake = reporter.ops.app.state.resources.get(Intake)
    run, slug = uuid.uuid4().hex, f"nightly-{uuid.uuid4().hex}"

    def say(status: str, of_run: str, **more: Any) -> dict[str, Any]:
        intake.submit("check_in", 1, {"monitor_slug": slug, "status": status, "check_in_id": of_run, **more})
        rows = reporter.ops.http.get("/api/v1/errors/monitors").json()
        [row] = [row for row in rows if row["slug"] == slug]
        return row

    assert say("ok", run, duration=1.5)["status"] == "ok"
    config = {"schedule": {"type": "crontab", "value": "0 3 * * *"}}
    late = say("in_progress", run, monitor_config=config)
    assert (late["status"], late["duration_s"], late["schedule"]) == ("ok", 1.5, config)
    assert say("in_progress", uuid.uuid4().hex)["status"] == "in_progress"


DAILY = {"schedule": {"type": "crontab", "value": "0 3 * * *"}, "checkin_margin": 10, "max_runtime": 30}


@pytest.mark.parametrize(
    ("status", "config", "ago", "why"),
    [
        ("ok", DAILY, "0 hours", ""),
        ("ok", DAILY, "25 hours", "did not check in at"),
        ("ok", {"schedule": {"type": "interval", "value": 2, "unit": "hour"}}, "1 hour", ""),
        ("ok", {"schedule": {"type": "interval", "value": 2, "unit": "hour"}}, "3 hours", "did not check in"),
        ("in_progress", DAILY, "10 minutes", ""),
        ("in_progress", DAILY, "40 minutes", "runs for too long"),
        ("error", DAILY, "0 hours", "failed"),
        ("ok", {}, "300 hours", ""),
        ("ok", {"schedule": {"type": "crontab", "value": "not a crontab"}}, "300 hours", ""),
        ("ok", {**DAILY, "timezone": "No/Where"}, "300 hours", ""),
    ],
)
def test_a_task_that_does_not_check_in_when_it_should_is_an_alert(
    ops: Ops, reporter: Reporter, status: str, config: dict[str, Any], ago: str, why: str
) -> None:
    check_in(reporter, status, config)
    reporter.execute(f"UPDATE ops.error_monitor SET last_check_in = now() - interval '{ago}'")
    (monitor,) = ops.http.get("/api/v1/errors/monitors").json()
    assert why in monitor["missed"]
    assert bool(monitor["missed"]) == bool(why)
    assert reporter.firing() == (["MonitorMissed"] if why else [])


@pytest.mark.parametrize(
    "body",
    [
        {"error": "old caller", "service_name": "etl", "severity": "warning", "stack_trace": "at line 1"},
        {"error_message": "old caller", "traceback": "at line 1", "anything": {"else": 1}},
        {"message": "old caller", "context": {"request": 1}},
    ],
)
def test_the_former_report_endpoint_takes_what_its_callers_sent(ops: Ops, body: dict[str, Any]) -> None:
    answer = ops.http.post("/api/errors/report", json=body)
    assert answer.status_code == 201, answer.text
    assert answer.json()["error_id"].startswith("err_")
    assert ops.issues()[0]["title"] == "old caller"


def test_without_the_database_reports_are_refused_with_a_wait_and_taken_once_it_is_back(ops: Ops) -> None:
    intake = ops.app.state.resources.get(Intake)
    intake._is_loaded = False
    key = ops.dsn().split("//")[1].split("@")[0]
    answer = ops.http.post("/api/1/store/", json={"message": "x"}, params={"sentry_key": key})
    assert answer.status_code == 503
    assert answer.headers["Retry-After"]
    intake.load()
    answer = ops.http.post("/api/1/store/", json={"message": "x"}, params={"sentry_key": key})
    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        ("pay with 4111 1111 1111 1111 now", "4111"),
        ("her number is 046 454 286", "046 454"),
        ("write to jane.doe@example.org", "jane.doe"),
        ("GET /en/alerts/stop?token=s3cr3t", "s3cr3t"),
        ("Authorization: Bearer abc.def", "abc.def"),
    ],
)
def test_what_belongs_to_people_is_not_kept(ops: Ops, reporter: Reporter, text: str, hidden: str) -> None:
    reporter.send(text, extra={"note": text}, request={"query_string": "token=abc&page=2"})
    issue = ops.issues()[0]
    event = ops.events(issue["id"])[0]
    assert hidden not in str(issue) + str(event)
    assert event["payload"]["request"]["query_string"] == "token=[scrubbed]&page=2"


def test_ordinary_numbers_are_kept(ops: Ops, reporter: Reporter) -> None:
    reporter.send("run 1234567890123 took 123456789 ns")
    assert "1234567890123" in ops.issues()[0]["title"]


def test_ten_times_too_many_are_refused_counted_and_cost_no_memory(ops: Ops, reporter: Reporter) -> None:
    intake = ops.app.state.resources.get(Intake)
    intake.refill(Limits(burst=10, per_s=1e-9))
    before = tree_mib(os.getpid())
    body = {"message": "again and again", "extra": {"padding": ["x" * 1_000] * 200}}
    statuses: list[int] = []
    for _ in range(100):
        answer = ops.http.post("/api/1/store/", json=body, params={"sentry_key": reporter.key})
        statuses.append(answer.status_code)
    assert (statuses.count(200), statuses.count(429)) == (10, 90)
    assert answer.headers["Retry-After"] == "30"
    assert "error" in answer.headers["X-Sentry-Rate-Limits"]
    stats = ops.http.get("/api/v1/errors/stats").json()
    assert (stats["stored"], stats["dropped"]) == (10, 90)
    # 20 MB were sent.
    assert tree_mib(os.getpid()) - before < 15
