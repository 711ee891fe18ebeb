"""A whole listing in one answer: all of it, page after page, and no half that looks like the whole."""

from __future__ import annotations

import asyncio
import csv
import io
import json
from collections.abc import Iterator
from typing import Any

import pytest
from starlette.responses import Response

from hubs.data_hub.database.router import ballots, whole
from hubs.data_hub.database.service import asking
from hubs.data_hub.database.service.collections import COLLECTIONS
from hubs.data_hub.database.service.formats import RecordWriter
from hubs.data_hub.database.service.reading import RecordPage
from hubs.data_hub.database.service.whole import WholeListings
from shared.core.errors import TooManyRequests, Unavailable
from shared.http.pages import Freshness

from .conftest import Hub, ballot, bill, both_servers, membership, person, vote
from .test_limits import statement_timeout


@pytest.fixture
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a page hold two rows, so that a few of them are a listing of several pages."""
    monkeypatch.setattr(asking, "MAX_LIMIT", 2)
    monkeypatch.setattr(ballots, "MAX_LIMIT", 2)


def table(body: bytes) -> list[dict[str, str]]:
    assert body.startswith(b"\xef\xbb\xbf")
    return list(csv.DictReader(io.StringIO(body.decode("utf-8-sig"))))


@both_servers
def test_all_of_a_listing_comes_in_one_answer(hub: Hub, small_pages: None) -> None:
    hub.load("bill", *[bill(f"C-{n}") for n in range(1, 8)])
    hub.load("vote_event", vote(1, [ballot(n) for n in range(1, 4)]), vote(2, [ballot(4), ballot(1)]))
    answer = hub.http.get("/api/v1/bills?sort=number&format=csv&limit=all")
    assert [row["number"] for row in table(answer.content)] == [f"C-{n}" for n in range(1, 8)]
    assert answer.headers["content-disposition"] == 'attachment; filename="bills.csv"'
    assert answer.headers["x-as-of"]
    assert "content-length" not in answer.headers
    lines = hub.http.get("/api/v1/ballots?limit=all", headers={"Accept": "application/x-ndjson"}).text
    assert len({(one["vote_id"], one["person_key"]) for one in map(json.loads, lines.splitlines())}) == 5
    none = hub.http.get("/api/v1/bills?session=1-1&format=ndjson&limit=all")
    assert (none.status_code, none.content) == (200, b"")
    assert hub.http.head("/api/v1/bills?limit=all&format=csv").content == b""


def test_json_comes_in_pages_and_what_is_wrong_is_said_before_the_first_byte(hub: Hub) -> None:
    assert "csv" in hub.get("/api/v1/bills", 422, limit="all")["detail"]
    assert "csv" in hub.get("/api/v1/ballots", 422, limit="all", format="popolo")["detail"]
    hub.get("/api/v1/bills", 422, limit="many", format="csv")
    hub.get("/api/v1/ballots", 422, limit="0", format="csv")
    hub.get("/api/v1/bills", 422, limit="all", format="csv", colour="red")


def test_every_record_of_a_collection_has_the_columns_of_the_first(hub: Hub) -> None:
    """So the header of a table, written with its first page, is right for all."""
    hub.load("person", person(1), person(2, "Anita Anand", gender="F", links=[{"url": "https://x.ca"}]))
    hub.load("membership", membership(1), membership(2, start="2019-10-21", end_date="2020-01-01"))
    hub.load("bill", bill("C-1"), bill("C-2", royal_assent_on="2025-06-26", summary_en="x"))
    hub.load("vote_event", vote(1, [ballot(1)]), vote(2, [], bill_key="ca/bill/45-1/c-2"))
    run = hub.close("01a20966-cd8e-7457-95fc-1d48cf98307c", ("bill", "ca/bill/45-1/c-1"))
    assert run == {"bill": 1}
    for collection in COLLECTIONS:
        for deleted in ("no", "only", "all"):
            rows = hub.get(f"/api/v1/{collection.path}", deleted=deleted)["data"]
            assert len({frozenset(row) for row in rows}) <= 1, (collection.path, deleted)


@both_servers
def test_a_statement_that_takes_too_long_under_way_cuts_the_answer_off(
    hub: Hub, small_pages: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.load("bill", *[bill(f"C-{n}") for n in range(1, 8)])

    def locked(first: RecordPage, read_page: whole.ReadPage, writer: RecordWriter) -> Iterator[bytes]:
        yield writer.write(first.records)
        with hub.resources.engine.connect() as blocker, blocker.begin():
            blocker.exec_driver_sql("LOCK TABLE data.bill IN ACCESS EXCLUSIVE MODE")
            yield writer.write(read_page(first.next_cursor or "").records)

    monkeypatch.setattr(whole, "_written", locked)
    with statement_timeout(hub, 200):
        answer = hub.http.get("/api/v1/bills?sort=number&format=ndjson&limit=all")
    assert [json.loads(line)["number"] for line in answer.text.splitlines()] == ["C-1", "C-2"]
    hub.resources.get(WholeListings).require_place()


def listing(listings: WholeListings, read_page: whole.ReadPage) -> Response:
    first = RecordPage([{"number": "C-1"}], "there is more", Freshness(), None)
    return whole.answer_whole(listings, first, read_page, "ndjson", "bills", "")


def sent(response: Response, *, is_stalled: bool = False) -> list[Any]:
    """Return what a response sends to a reader who takes all, or nothing but its beginning."""
    messages: list[Any] = []

    async def receive() -> Any:
        await asyncio.sleep(60)

    async def send(message: Any) -> None:
        if is_stalled and messages:
            await asyncio.sleep(60)
        messages.append(message)

    asyncio.run(response({"type": "http", "method": "GET"}, receive, send))
    return messages


def test_only_a_listing_that_came_to_its_end_is_ended() -> None:
    def fail(_: str) -> RecordPage:
        raise Unavailable("the database is away")

    def end(_: str) -> RecordPage:
        return RecordPage([{"number": "C-2"}], None, Freshness(), None)

    listings = WholeListings()
    assert [m.get("more_body") for m in sent(listing(listings, end))] == [None, True, True, False]
    assert [m.get("more_body") for m in sent(listing(listings, fail))] == [None, True]
    listings.require_place()


def test_a_reader_who_reads_no_more_is_let_go_and_makes_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(whole, "STALLED_AFTER_S", 0.05)

    def read_page(_: str) -> RecordPage:
        raise AssertionError("what nobody reads is not made")

    listings = WholeListings()
    response = listing(listings, read_page)
    with listings.place(), pytest.raises(TooManyRequests) as refused, listings.place():
        listing(listings, read_page)
    assert refused.value.headers == {"Retry-After": "15"}
    assert [m["type"] for m in sent(response, is_stalled=True)] == ["http.response.start"]
    listings.require_place()
