"""What is asked of numbers, charts and the log by somebody who means no good: an answer, and the hub goes on."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterator
from typing import Any, get_args

import pytest

from hubs.intelligence_hub.charts.schemas import Kind
from tests.contract.intelligence_hub.conftest import Hub

QUERY = {"name": "hostile", "title_en": "A", "title_fr": "B", "parameters": [], "timeout_ms": 1_000}


@pytest.fixture
def asked(running: Hub) -> Iterator[Any]:
    def ask(statement: str, **more: Any) -> Any:
        return running.http.post("/api/v1/queries", json={**QUERY, "statement": statement, **more})

    yield ask
    running.http.delete("/api/v1/queries/hostile")
    assert running.http.get("/livez").status_code == 200


@pytest.mark.parametrize(
    "statement",
    [
        "COPY ballot_fact TO '/tmp/x'",
        "COPY (SELECT 1) TO PROGRAM 'id'",
        "SET ROLE postgres",
        "RESET ROLE; SELECT 1",
        "SELECT 1; RESET ROLE",
        "SELECT ';' ; SET ROLE postgres; SELECT 'x'",
        "SELECT $$;$$; SET ROLE postgres",
        "SELECT 1 /* ; */; SELECT 2",
        "SELECT * FROM data.person",
        "SELECT * FROM security.users",
        "SELECT * FROM pg_authid",
        "SELECT * FROM pg_shadow",
        "SELECT pg_ls_dir('/')",
        "SELECT pg_read_binary_file('/etc/passwd')",
        "SELECT pg_stat_file('/etc/passwd')",
        "SELECT lo_import('/etc/passwd')",
        "SELECT pg_reload_conf()",
        "SELECT pg_switch_wal()",
        "SELECT pg_advisory_lock(1), nothing",
        "SELECT * FROM dblink('', 'SELECT 1') AS t(a int)",
        "SELECT nextval('outbox_id_seq')",
        "SELECT pg_notify('x', 'y'), nothing",
        "WITH a AS (UPDATE vote_fact SET result = '' RETURNING 1) SELECT * FROM a",
        "SELECT * FROM vote_fact FOR UPDATE",
        "SELECT \x00",
        "SELECT '\ufffe' FROM",
        "SELECT 'x' FROM ballot_fact WHERE :p",
        "SELECT 1 FROM (",
        "TABLE audit_values",
        "SELECT query_to_xml('SELECT * FROM audit_entry', true, true, '')",
        "SELECT query_to_xml('DELETE FROM ballot_fact', true, true, '')",
        "SELECT set_config('statement_timeout', '0', false), nothing",
        "SELECT current_setting('no.such')",
        "SELECT repeat('x', 2000000000)",
    ],
)
def test_a_statement_that_reaches_elsewhere_is_refused(asked: Any, statement: str) -> None:
    answer = asked(statement)
    assert answer.status_code == 422, (answer.status_code, answer.text[:300])


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT pg_sleep(100)",
        "SELECT set_config('statement_timeout', '0', true), pg_sleep(100)",
        "SELECT count(*) FROM generate_series(1, 100000) a, generate_series(1, 100000) b",
        "WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r) SELECT count(*) FROM r",
        "SELECT regexp_count(repeat('a', 40) || 'b', '(a|a)*$') FROM generate_series(1, 100000000)",
    ],
)
def test_a_statement_without_end_is_stopped(asked: Any, statement: str) -> None:
    answer = asked(statement)
    assert answer.status_code in (422, 504), (answer.status_code, answer.text[:300])


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT repeat('x', 100000000)",
        "SELECT repeat('x', 1000000) FROM generate_series(1, 1000)",
        "SELECT array_agg(n) FROM generate_series(1, 5000000) n",
        "SELECT decode(repeat('ab', 20000000), 'hex')",
    ],
)
def test_an_answer_that_is_too_large_is_refused(asked: Any, statement: str) -> None:
    answer = asked(statement, row_limit=10_000)
    assert answer.status_code in (422, 504), (answer.status_code, answer.text[:300])


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT 'NaN'::float8 AS a, 'Infinity'::float8 AS b, '-Infinity'::numeric AS c, 'NaN'::numeric AS d",
        "SELECT 10::numeric ^ 400 AS a, 1e300::float8 AS b, (2::numeric ^ 70) AS c",
        "SELECT 1 AS a, 2 AS a, NULL AS a",
        "SELECT '{\"a\": 1e400}'::jsonb AS j, ARRAY[1, NULL] AS l, '1 day'::interval AS i, 'a'::bytea AS b",
        "SELECT 'infinity'::date AS d, '-infinity'::timestamptz AS t",
        "SELECT '0044-03-15 BC'::date AS d",
        "SELECT ROW(1, 'a') AS r, '(1,2)'::point AS p, '[1,5)'::int4range AS g",
        "SELECT 'it''s; fine' AS a -- a comment; with a semicolon",
        'SELECT 1 AS "a\nb", 2 AS "=1+1"',
        "SELECT",
        "VALUES (1, 'a'), (2, NULL)",
    ],
)
def test_odd_values_are_told_or_refused_in_every_format(running: Hub, asked: Any, statement: str) -> None:
    made = asked(statement + ("" if len(statement) > 8 else "  \n "))
    assert made.status_code in (201, 422), (made.status_code, made.text[:300])
    if made.status_code == 201:
        for form in ("json", "csv", "ndjson"):
            answer = running.http.get("/api/v1/queries/hostile/rows", params={"format": form})
            assert answer.status_code == 200, (form, answer.status_code, answer.text[:300])
            answer.content.decode()


LONG = "Ottawa—Vanier—Gloucester " * 400
RTL = "مجلس העם \u202e\u2067 reversed"


@pytest.mark.parametrize("kind", get_args(Kind))
@pytest.mark.parametrize(
    "points",
    [
        [],
        [{"x": 1, "y": 1}],
        [{"x": "a", "y": 0}],
        [{"x": RTL, "y": 2, "series": RTL}, {"x": LONG, "y": 1, "series": LONG}],
        [{"x": 1e308, "y": 1e308}, {"x": -1e308, "y": -1e308}],
        [{"x": 5e-324, "y": 5e-324}, {"x": 0, "y": 0}],
        [{"x": None, "y": None}],
        [{"x": "2026-01-01", "y": 1}, {"x": "not a day", "y": 1}],
        [{"x": "\x00\x1f\ufffe", "y": 1}],
    ],
    ids=["none", "one", "nought", "names", "huge", "tiny", "null", "days", "controls"],
)
def test_a_figure_of_odd_points_is_drawn_or_refused(running: Hub, kind: str, points: list[Any]) -> None:
    figure = {"kind": kind, "title_en": RTL, "title_fr": "T", "points": points}
    for form in ("svg", "vega", "plotly", "csv"):
        answer = running.http.post("/api/v1/charts/render", json=figure, params={"format": form})
        assert answer.status_code in (200, 422), (form, answer.status_code, answer.text[:300])
        if answer.status_code == 200 and form == "svg":
            ET.fromstring(answer.text)
            assert "nan" not in answer.text.lower().replace("ottawa—vanier", "")
            assert "inf" not in answer.text.lower()


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/api/v1/audit/proofs/inclusion?seq=0&size=0", 422),
        ("/api/v1/audit/proofs/inclusion?seq=99999999", 404),
        ("/api/v1/audit/proofs/inclusion?seq=99999999999999999999", 422),
        ("/api/v1/audit/proofs/inclusion?seq=0&size=99999999999999999999", 400),
        ("/api/v1/audit/proofs/consistency?first=0", 422),
        ("/api/v1/audit/proofs/consistency?first=99999999999999999999", 400),
        ("/api/v1/audit/entries/99999999999999999999", 422),
        ("/api/v1/audit/entries/-1", 404),
        ("/api/v1/audit/log/tile/0/x999/x999/x999/x999/x999/x999/x999/999", 400),
        ("/api/v1/audit/log/tile/99/000", 400),
        ("/api/v1/audit/log/tile/0/000.p/999", 400),
        ("/api/v1/audit/log/tile/0/000.p/0", 400),
        ("/api/v1/audit/entries?since=0001-01-01T00:00:00Z", 200),
        ("/api/v1/audit/entries?since=9999-12-31T23:59:59-23:59", 422),
        ("/api/v1/audit/entries?until=nonsense", 422),
        ("/api/v1/audit/entries?since=2026-01-01T00:00:00", 200),
        ("/api/v1/decisions?since=2026-01-01T00:00:00", 200),
        ("/api/v1/audit/entries?actor=%00", 422),
        ("/api/v1/audit/entries?action=*", 200),
        ("/api/v1/audit/entries?action=%25_%5C*", 200),
        ("/api/v1/audit/entries?target=%EF%BF%BE", 200),
        ("/api/v1/audit/entries?target=%FF", 422),
        ("/api/v1/audit/entries?limit=0", 422),
        ("/api/v1/audit/entries?cursor=nonsense", 400),
        ("/api/v1/decisions?path=%00", 422),
        ("/api/v1/decisions?since=0001-01-01T00:00:00%2B14:00", 422),
    ],
)
def test_odd_questions_to_the_logs_have_an_answer(running: Hub, path: str, status: int) -> None:
    # Reading the log is an entry of it: now there is at least one.
    assert running.http.get("/api/v1/audit/entries").status_code == 200
    answer = running.http.get(path)
    assert answer.status_code < 500, (answer.status_code, answer.text[:300])
    assert answer.status_code == status, (answer.status_code, answer.text[:300])


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00"])
def test_an_entry_from_outside_the_calendar_is_refused(running: Hub, moment: str) -> None:
    form = {"actor": "a", "action": "test.done", "occurred_at": moment}
    answer = running.http.post("/api/v1/audit/entries", json=form)
    assert answer.status_code == 422, answer.text[:300]


def test_a_moment_without_a_zone_is_in_utc(running: Hub) -> None:
    form = {"actor": "a", "action": "test.done", "occurred_at": "2026-01-01T12:00:00"}
    seq = running.http.post("/api/v1/audit/entries", json=form).json()["seq"]
    entry = running.http.get(f"/api/v1/audit/entries/{seq}").json()
    assert entry["occurred_at"].startswith("2026-01-01T12:00:00")
    assert running.http.get("/api/v1/audit/verification").json()["is_intact"] is True


def test_what_json_does_not_hold_is_told_as_text(running: Hub, asked: Any) -> None:
    statement = "SELECT 'NaN'::float8 AS a, '-Infinity'::numeric AS b, 2::numeric ^ 70 AS c, ARRAY[1, 'NaN'::float8] AS d"
    assert asked(statement).status_code == 201
    rows = running.http.get("/api/v1/queries/hostile/rows").json()["rows"]
    assert rows == [["nan", "-Infinity", "1180591620717411303424", [1, "nan"]]]


def test_a_query_that_takes_the_name_of_another_does_not_answer_with_its_rows(
    running: Hub, asked: Any
) -> None:
    assert asked("SELECT 1 AS number").status_code == 201
    assert running.http.get("/api/v1/queries/hostile/rows").json()["rows"] == [[1]]
    running.http.delete("/api/v1/queries/hostile")
    assert asked("SELECT 2 AS number").status_code == 201
    assert running.http.get("/api/v1/queries/hostile/rows").json()["rows"] == [[2]]
