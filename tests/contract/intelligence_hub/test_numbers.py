"""Indicators, charts, saved queries and reports over HTTP, as a journalist would use them."""

from __future__ import annotations

import csv
import io
import json
import xml.etree.ElementTree as ET
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from hubs.intelligence_hub.analytics.facts import ballot_rows, debate_row, speech_row, vote_row
from hubs.intelligence_hub.analytics.repository import AnalyticsRepository
from hubs.intelligence_hub.reports.schedule import next_due
from hubs.intelligence_hub.reports.tasks import run_due_reports
from shared.db.session import transaction
from tests.contract.intelligence_hub.conftest import Hub


def a_vote(number: int, ballots: str) -> dict:
    made = []
    for word in ballots.split():
        name, party, option = word.split("/")
        made.append({"person_key": f"p/{name}", "name": name, "party": party, "option": option})
    return {
        "key": f"ca/house/vote/1-1/{number}",
        "slug": f"1-1-{number}",
        "date": f"2020-01-0{number}",
        "session": "1-1",
        "organization_key": "ca/house",
        "result": "pass",
        "subject_en": "",
        "subject_fr": "",
        "bill_key": None,
        "ballots": made,
    }


VOTES = [
    a_vote(1, "a/X/yes b/X/yes c/X/no d/Y/no e/Y/no"),
    a_vote(2, "a/X/yes b/X/no d/Y/yes e/Y/absent"),
    a_vote(3, "=cmd/X/no b/X/no c/X/no d/Y/yes e/Y/paired"),
]


@pytest.fixture(scope="module", autouse=True)
def facts(running: Hub) -> None:
    with transaction(running.app.state.resources.sessionmaker) as session:
        repository = AnalyticsRepository(session)
        for vote in VOTES:
            repository.put("vote_event", [vote_row(vote)], ballot_rows(vote))
        debate = {
            "key": "d/1",
            "date": "2020-01-01",
            "session": "1-1",
            "organization_key": "ca/house",
            "document_type": "debate",
        }
        repository.put("debate", [debate_row(debate), debate_row({**debate, "key": "d/2"})])
        for number, text in enumerate(("water water fish", "taxes taxes roads", "roads roads water")):
            speech = {
                "key": f"s/{number}", "debate_key": "d/1", "sequence": number, "time": None, "person_key": f"p/{number}",
                "speaker_name": f"S{number}", "is_procedural": False,
                "paragraphs": [{"text_en": text, "text_fr": "l’eau " * (number + 1)}],
            }  # fmt: skip
            repository.put("speech", [speech_row(speech)])
        repository.recount_words()


def test_an_indicator_says_how_it_was_counted_in_both_languages(running: Hub) -> None:
    listed = running.http.get("/api/v1/indicators").json()
    assert len(listed) >= 20
    answer = running.http.get("/api/v1/indicators/party-unity").json()
    assert [(row["party"], row["unity"]) for row in answer["rows"]] == [("Y", 1.0), ("X", 0.7222)]
    for name in ("title", "definition", "formula", "unit", "source", "caveat"):
        assert answer["indicator"][f"{name}_en"]
        assert answer["indicator"][f"{name}_fr"]


@pytest.mark.parametrize("format", ["json", "csv", "ndjson"])
def test_the_formats_hold_the_same_rows_and_are_not_sent_twice(running: Hub, format: str) -> None:
    url = f"/api/v1/indicators/vote-unity?format={format}"
    answer = running.http.get(url)
    text = answer.text
    found = {
        "json": lambda: answer.json()["rows"],
        "csv": lambda: list(csv.DictReader(io.StringIO(text))),
        "ndjson": lambda: [json.loads(line) for line in text.splitlines()],
    }[format]()
    assert [(row["vote"], row["party"], int(row["yes"])) for row in found][:2] == [
        ("1-1-3", "X", 0),
        ("1-1-3", "Y", 1),
    ]
    again = running.http.get(url, headers={"If-None-Match": answer.headers["etag"]})
    assert again.status_code == 304


def test_an_empty_table_still_has_its_head(running: Hub) -> None:
    text = running.http.get("/api/v1/indicators/vote-unity?format=csv&session=9-9").text
    assert text.splitlines() == ["vote,date,party,yes,no,line,dissents,unity"]


def test_a_name_that_would_run_in_a_spreadsheet_is_quoted(running: Hub) -> None:
    text = running.http.get("/api/v1/indicators/member-dissent?format=csv").text
    assert "'=cmd" in text


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/api/v1/indicators/party-unty", 404),
        ("/api/v1/indicators/agreement", 422),
        ("/api/v1/indicators/party-unity?member=x", 422),
        ("/api/v1/indicators/party-unity?nonsense=x", 422),
        ("/api/v1/indicators/member-words?member=x&lang=de", 422),
        ("/api/v1/charts/none", 404),
        ("/api/v1/charts/vote-hemicycle", 422),
        ("/api/v1/charts/party-unity?most=0", 422),
        ("/api/v1/queries/none/rows", 404),
        ("/api/v1/reports/none", 404),
    ],
)
def test_what_is_asked_wrongly_is_told_so(running: Hub, path: str, status: int) -> None:
    answer = running.http.get(path)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"


def test_every_chart_is_drawn_in_every_form_and_language(running: Hub) -> None:
    values = {"vote": "1-1-1", "member": "p/1", "party": "X", "debate": "d/1", "bill": "C-1"}
    charts = running.http.get("/api/v1/charts").json()
    kinds = {chart["kind"] for chart in charts.values()}
    assert kinds == {"bar", "line", "pie", "scatter", "heatmap", "hemicycle", "timeline", "sparkline"}
    for name, chart in charts.items():
        for lang in ("en", "fr"):
            for form in ("svg", "vega", "plotly", "csv", "table"):
                given = {key: values[key] for key in chart["required"]}
                answer = running.http.get(
                    f"/api/v1/charts/{name}", params={**given, "lang": lang, "format": form}
                )
                assert answer.status_code == 200, (name, form, answer.text)
                if form == "svg":
                    root = ET.fromstring(answer.text)
                    title = root.find("{http://www.w3.org/2000/svg}title")
                    assert title is not None
                    assert title.text.startswith(chart[f"title_{lang}"])
                    assert root.find("{http://www.w3.org/2000/svg}desc").text


def test_charts_speak_french(running: Hub) -> None:
    drawn = running.http.get("/api/v1/charts/vote-hemicycle?vote=1-1-1&lang=fr").text
    assert "Oui 2" in drawn
    table = running.http.get("/api/v1/charts/vote-breakdown?vote=1-1-1&lang=fr&format=table").text
    assert "<td>Non</td>" in table


def test_ten_thousand_points_are_drawn_and_one_more_is_refused(running: Hub) -> None:
    figure = {
        "kind": "scatter",
        "title_en": "A",
        "title_fr": "B",
        "points": [{"x": n, "y": n % 7} for n in range(10_000)],
    }
    assert running.http.post("/api/v1/charts/render", json=figure).status_code == 200
    figure["points"].append({"x": 1, "y": 1})
    assert running.http.post("/api/v1/charts/render", json=figure).status_code == 422


QUERY = {
    "name": "ballots-by-option",
    "title_en": "Ballots by option",
    "title_fr": "Bulletins par option",
    "statement": "SELECT option, count(*) AS ballots FROM ballot_fact JOIN vote_fact USING (vote_key) "
    "WHERE party = :party AND date >= :since GROUP BY option ORDER BY option",
    "parameters": [{"name": "party"}, {"name": "since", "type": "date", "default": "2020-01-01"}],
    "max_age_s": 60,
}


@pytest.fixture
def query(running: Hub):
    made = running.http.post("/api/v1/queries", json=QUERY)
    assert made.status_code == 201, made.text
    yield "/api/v1/queries/ballots-by-option"
    running.http.delete("/api/v1/queries/ballots-by-option")


def test_a_saved_query_is_run_with_values_and_its_age_is_shown(running: Hub, query: str) -> None:
    first = running.http.get(f"{query}/rows?party=X").json()
    assert (first["columns"], first["rows"]) == (["option", "ballots"], [["no", 5], ["yes", 3]])
    again = running.http.get(f"{query}/rows?party=X")
    assert again.json()["computed_at"] == first["computed_at"], "given again, not computed again"
    assert again.json()["age_s"] >= first["age_s"]
    assert "age" in again.headers
    later = running.http.get(f"{query}/rows?party=X&since=2020-01-03").json()
    assert later["rows"] == [["no", 3]]
    text = running.http.get(f"{query}/rows?party=X&format=csv").text
    assert text.splitlines() == ["option,ballots", "no,5", "yes,3"]


def test_a_changed_query_is_computed_anew(running: Hub, query: str) -> None:
    running.http.get(f"{query}/rows?party=X").raise_for_status()
    form = {key: value for key, value in QUERY.items() if key != "name"} | {"row_limit": 1}
    changed = running.http.put(query, json=form)
    assert (changed.status_code, changed.json()["version"]) == (200, 2)
    found = running.http.get(f"{query}/rows?party=X").json()
    assert (found["rows"], found["is_cut"], found["version"]) == ([["no", 5]], True, 2)


@pytest.mark.parametrize(
    "params", [{}, {"party": "X", "since": "yesterday"}, {"party": "X", "other": "1"}, {"party": "x" * 2_000}]
)
def test_values_that_do_not_fit_a_query_are_refused(running: Hub, query: str, params: dict) -> None:
    assert running.http.get(f"{query}/rows", params=params).status_code == 422


def test_a_value_is_a_value_whatever_it_says(running: Hub, query: str) -> None:
    answer = running.http.get(f"{query}/rows", params={"party": "X' OR '1'='1"})
    assert (answer.status_code, answer.json()["rows"]) == (200, [])


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("DELETE FROM ballot_fact", "begins with SELECT"),
        (
            "WITH gone AS (DELETE FROM ballot_fact RETURNING 1) SELECT * FROM gone",
            "data-modifying|permission denied",
        ),
        ("SELECT * FROM audit_entry", "permission denied"),
        ("SELECT * FROM saved_query", "permission denied"),
        ("SELECT * FROM outbox", "permission denied"),
        ("SELECT 1; SELECT 2", "one statement"),
        ("SELECT nothing FROM ballot_fact", "does not exist"),
        ("SELECT pg_read_file('/etc/passwd')", "permission denied"),
        ("SELECT set_config('role', 'op_intelligence', true)", "permission denied"),
        ("SELECT count(*) FROM ballot_fact WHERE party = :nobody", "no parameter"),
        ("SELECT lo_create(0)", "read-only|permission denied"),
        ("CREATE TABLE x (a int)", "begins with SELECT"),
        ("SELECT 1 INTO TEMP x", "INTO is not allowed"),
    ],
)
def test_a_statement_that_writes_or_looks_elsewhere_is_refused(
    running: Hub, statement: str, said: str
) -> None:
    import re

    form = {**QUERY, "name": "evil-query", "statement": statement, "parameters": []}
    answer = running.http.post("/api/v1/queries", json=form)
    if answer.status_code == 201:
        running.http.delete("/api/v1/queries/evil-query")
    assert answer.status_code == 422, answer.text
    assert re.search(said, answer.text), answer.text
    assert running.http.get("/api/v1/indicators/party-unity").json()["rows"]


def test_a_statement_that_runs_away_is_stopped(running: Hub) -> None:
    form = {
        **QUERY,
        "name": "endless",
        "parameters": [],
        "timeout_ms": 100,
        "statement": "SELECT count(*) FROM generate_series(1, 10000000000)",
    }
    answer = running.http.post("/api/v1/queries", json=form)
    assert answer.status_code == 504, answer.text
    assert "100 ms" in answer.text


def test_a_name_is_taken_once_and_writing_needs_a_scope(running: Hub, query: str) -> None:
    assert running.http.post("/api/v1/queries", json=QUERY).status_code == 409
    nobody = {"Authorization": "Bearer nothing"}
    assert running.http.post("/api/v1/queries", json=QUERY, headers=nobody).status_code == 403
    assert running.http.delete(query, headers=nobody).status_code == 403
    assert running.http.get(f"{query}/rows?party=X", headers=nobody).status_code == 200


REPORT = {
    "name": "weekly-unity",
    "title_en": "Unity of parties",
    "title_fr": "Cohésion des partis",
    "kind": "indicator",
    "subject": "party-unity",
    "parameters": {"session": "1-1"},
    "keep": 2,
}


@pytest.fixture
def report(running: Hub):
    made = running.http.post("/api/v1/reports", json=REPORT)
    assert made.status_code == 201, made.text
    yield "/api/v1/reports/weekly-unity"
    running.http.delete("/api/v1/reports/weekly-unity")


def make_due(running: Hub, name: str) -> None:
    with psycopg.connect(running.dsn, autocommit=True) as admin:
        admin.execute(
            "UPDATE intelligence.report SET next_at = now() - interval '20 days' WHERE name = %s", [name]
        )


def test_a_report_is_counted_when_it_is_due_and_its_runs_are_kept(running: Hub, report: str) -> None:
    resources = running.app.state.resources
    assert run_due_reports(resources) == 0
    make_due(running, "weekly-unity")
    assert run_due_reports(resources) == 1, "what was missed is counted once"
    assert run_due_reports(resources) == 0
    assert datetime.fromisoformat(running.http.get(report).json()["next_at"]) > datetime.now(UTC)
    latest = running.http.get(f"{report}/latest").json()
    assert latest["columns"] == ["party", "votes", "with_line", "against_line", "unity"]
    assert [row[0] for row in latest["rows"]] == ["Y", "X"]
    text = running.http.get(f"{report}/latest?format=csv").text
    assert text.splitlines()[1].startswith("Y,3,")
    for _ in range(3):
        running.http.post(f"{report}/runs").raise_for_status()
    runs = running.http.get(f"{report}/runs").json()
    assert len(runs) == 2, "the newest are kept"
    assert running.http.get(f"{report}/runs/{runs[1]['id']}").json()["id"] == runs[1]["id"]


def test_a_report_of_a_query_that_fails_says_why_and_the_last_good_one_stays(
    running: Hub, query: str
) -> None:
    form = {
        **REPORT,
        "name": "of-a-query",
        "kind": "query",
        "subject": "ballots-by-option",
        "parameters": {"party": "X"},
    }
    running.http.post("/api/v1/reports", json=form).raise_for_status()
    url = "/api/v1/reports/of-a-query"
    assert running.http.post(f"{url}/runs").json()["outcome"] == "succeeded"
    running.http.delete(query).raise_for_status()
    failed = running.http.post(f"{url}/runs").json()
    assert (failed["outcome"], failed["rows"]) == ("failed", [])
    assert "no saved query" in failed["error"]
    assert running.http.get(f"{url}/latest").json()["rows"] == [["no", 5], ["yes", 3]]
    running.http.delete(url).raise_for_status()
    assert running.http.get(url).status_code == 404


@pytest.mark.parametrize(
    "change",
    [
        {"subject": "no-such-indicator"},
        {"subject": "agreement"},
        {"parameters": {"nonsense": "1"}},
        {"time_zone": "Mars/Olympus"},
        {"every": "hour"},
        {"name": "Bad Name"},
    ],
)
def test_a_report_that_could_never_be_counted_is_refused(running: Hub, change: dict) -> None:
    assert running.http.post(
        "/api/v1/reports", json={**REPORT, "name": "other-report", **change}
    ).status_code in (404, 422)


def test_due_days_follow_the_clock_of_the_place() -> None:
    summer = datetime(2026, 3, 6, 12, tzinfo=UTC)
    days = []
    for _ in range(3):
        summer = next_due("day", 0, 6, "America/Toronto", summer)
        days.append(summer)
    # The clocks go forward on 8 March 2026.
    assert [day.hour for day in days] == [11, 10, 10]
    monday = next_due("week", 0, 6, "UTC", datetime(2026, 11, 30, 6, tzinfo=UTC))
    assert monday == datetime(2026, 12, 7, 6, tzinfo=UTC)
    assert next_due("month", 0, 0, "UTC", monday) == datetime(2027, 1, 1, tzinfo=UTC)
    assert next_due("month", 0, 0, "UTC", monday + timedelta(days=25)) == datetime(2027, 2, 1, tzinfo=UTC)
