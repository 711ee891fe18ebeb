"""What the database may cost: a query has a time limit, and a page costs the same wherever a crawl stands."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import event

from .conftest import Hub, bill, both_servers, person


@contextmanager
def statement_timeout(hub: Hub, milliseconds: int) -> Iterator[None]:
    """Give each statement of the hub's requests so much time."""

    def limit(connection: Any, *_: Any) -> None:
        with connection.cursor() as cursor:
            cursor.execute(f"SET statement_timeout = {milliseconds}")

    engine = hub.resources.engine
    event.listen(engine, "checkout", limit)
    try:
        yield
    finally:
        event.remove(engine, "checkout", limit)
        engine.dispose()


@both_servers
@pytest.mark.parametrize(
    "path", ["/api/v1/bills?total=true", "/api/v1/coverage", "/compat/openparliament/bills/"]
)
def test_a_query_that_takes_too_long_is_a_503_and_the_next_request_works(hub: Hub, path: str) -> None:
    hub.load("bill", bill())
    with hub.resources.engine.connect() as blocker, blocker.begin():
        # Readers wait for this lock, as they would for a slow disk.
        blocker.exec_driver_sql("LOCK TABLE data.bill IN ACCESS EXCLUSIVE MODE")
        with statement_timeout(hub, 200):
            answer = hub.http.get(path)
    assert answer.status_code == 503
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["type"] == "urn:openpolicy:problem:unavailable"
    assert "too long" in answer.json()["detail"]
    assert hub.http.get(path).status_code == 200


@both_servers
def test_a_page_reads_as_much_at_the_end_of_a_crawl_as_at_its_start(hub: Hub) -> None:
    numbers = list(range(1_000))
    for start in range(0, 1_000, 500):
        hub.load("person", *[person(n, f"Name {n:04}") for n in numbers[start : start + 500]])
    with hub.resources.engine.begin() as connection:
        connection.exec_driver_sql("ANALYZE data.person")
    statements: list[tuple[str, Any]] = []

    def note(_c: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if re.search(r"FROM data\.person\b.*ORDER BY", statement, re.DOTALL):
            statements.append((statement, parameters))

    event.listen(hub.resources.engine, "before_cursor_execute", note)
    try:
        following = "/api/v1/people?limit=10&fields=slug"
        while following:
            following = hub.get(following)["next"]
    finally:
        event.remove(hub.resources.engine, "before_cursor_execute", note)
    assert len(statements) == 100
    first, last = (blocks(hub, *statements[n]) for n in (1, 98))
    assert last <= first * 1.2 + 2, (first, last)


def blocks(hub: Hub, statement: str, parameters: Any) -> int:
    """Return how many blocks a statement touches: its cost, whatever the machine does meanwhile."""
    with hub.resources.engine.connect() as connection:
        explained = connection.exec_driver_sql(
            f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {statement}", parameters
        ).scalar_one()
    plan = explained if isinstance(explained, list) else json.loads(explained)
    return int(plan[0]["Plan"]["Shared Hit Blocks"] + plan[0]["Plan"]["Shared Read Blocks"])
