"""Feeds and calendars: sound for the programs that read them, whatever a source wrote."""

from __future__ import annotations

from datetime import datetime, timezone
from xml.etree import ElementTree as ET

import pytest
from starlette.testclient import TestClient

from hubs.ux_hub.web.service import feeding
from hubs.ux_hub.web.service.feeding import Entry, moment_of
from tests.unit.ux_pages.conftest import Open
from tests.unit.ux_pages.fake_record import FakeHubs, event
from tests.unit.ux_pages.test_hostile import FRAGMENTS

ATOM = "{http://www.w3.org/2005/Atom}"
FEEDS = (
    "/bills.atom", "/votes.atom", "/debates.atom", "/changes.atom", "/search.atom?q=trees", "/bills/45-1-c-11.atom",
    "/members/elise-member-1.atom", "/committees/ca-committee-tran.atom", "/councils/ca-committee-tran.atom",
)  # fmt: skip
CALENDARS = ("/meetings.ics", "/meetings/tran-1.ics", "/committees/ca-committee-tran.ics")


@pytest.mark.parametrize("lang", ["en", "fr"])
@pytest.mark.parametrize("path", FEEDS)
def test_a_feed_is_atom_with_unique_entries_that_lead_to_pages(
    site: TestClient, path: str, lang: str
) -> None:
    answer = site.get(f"/{lang}/feeds{path}")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == feeding.ATOM
    feed = ET.fromstring(answer.content)
    assert feed.tag == f"{ATOM}feed"
    entries = feed.findall(f"{ATOM}entry")
    assert entries
    ids = [entry.findtext(f"{ATOM}id") for entry in entries]
    assert len(set(ids)) == len(ids)
    for entry in entries:
        link = entry.find(f"{ATOM}link")
        assert link is not None
        assert (link.get("href") or "").startswith(f"https://openpolicy.example/{lang}/")
        assert entry.findtext(f"{ATOM}title")
    assert site.get(f"/{lang}/feeds{path}").content == answer.content


@pytest.mark.parametrize("path", FEEDS)
def test_a_feed_of_nothing_is_still_a_feed(open_with: Open, path: str) -> None:
    if "-1" not in path and "tran" not in path and "search" not in path:
        answer = open_with(FakeHubs(is_empty=True)).get(f"/en/feeds{path}")
        assert ET.fromstring(answer.content).findtext(f"{ATOM}updated")


def test_attacks_are_text_in_a_feed_and_one_value_in_a_calendar(open_with: Open) -> None:
    site = open_with(FakeHubs(hostile="".join(FRAGMENTS) + "\x00\x0b\r\nEND:VCALENDAR\r\nBEGIN:VALARM"))
    for path in FEEDS:
        feed = ET.fromstring(site.get(f"/en/feeds{path}").content)
        assert {e.tag for e in feed.iter() if not str(e.tag).startswith(ATOM)} == set()
    for path in CALENDARS:
        text = site.get(f"/en/feeds{path}").text
        lines = text.replace("\r\n ", "").split("\r\n")
        assert lines.count("END:VCALENDAR") == 1
        assert "BEGIN:VALARM" not in lines


@pytest.mark.parametrize("path", CALENDARS)
def test_a_calendar_holds_meetings_in_folded_lines(site: TestClient, path: str) -> None:
    answer = site.get(f"/fr/feeds{path}")
    assert answer.headers["content-type"] == feeding.ICALENDAR
    assert answer.text.startswith("BEGIN:VCALENDAR\r\n")
    assert answer.text.endswith("END:VCALENDAR\r\n")
    assert answer.text.count("BEGIN:VEVENT") == answer.text.count("END:VEVENT") >= 1
    assert all(len(line.encode()) <= 75 for line in answer.text.split("\r\n"))
    assert "URL:https://openpolicy.example/fr/meetings/tran-1" in answer.text.replace("\r\n ", "")


def test_a_cancelled_meeting_stays_in_the_calendar_and_one_without_a_day_does_not() -> None:
    cancelled = {**event(), "status": "cancelled", "starts_at": None, "start_date": "2026-05-28"}
    undated = {**event(), "starts_at": None, "start_date": None}
    text = feeding.calendar("x", [cancelled, undated], "https://a.example/en/meetings", "en")
    assert "STATUS:CANCELLED" in text
    assert "DTSTART;VALUE=DATE:20260528\r\nDTEND;VALUE=DATE:20260529" in text
    assert text.count("BEGIN:VEVENT") == 1


def test_the_newest_entry_comes_first_and_dates_the_feed() -> None:
    old, new = (Entry(str(y), "p", datetime(y, 1, 1, tzinfo=timezone.utc)) for y in (2020, 2026))
    text = feeding.atom("t", "o", "p", [old, new], "en")
    assert text.index("<title>2026") < text.index("<title>2020")
    assert '<updated>2026-01-01T00:00:00Z</updated>\n<link rel="self"' in text


def test_a_day_is_noon_in_ottawa_and_nonsense_the_epoch() -> None:
    assert moment_of("2026-01-05").isoformat() == "2026-01-05T12:00:00-05:00"
    assert moment_of("2026-01-05T10:00:00Z").timestamp() == 1767607200
    assert [moment_of(value).year for value in ("", None, "soon", "2026-13-01")] == [1970] * 4


@pytest.mark.parametrize(
    "path", ["/strange/x.atom", "/committees/x.pdf", "/bills/none.atom", "/nothing.atom"]
)
def test_a_feed_that_is_none_is_a_page_that_says_so(site: TestClient, path: str) -> None:
    assert site.get(f"/en/feeds{path}").status_code == 404


def test_pages_name_their_feeds_and_every_way_to_follow(site: TestClient) -> None:
    for path, feed in (
        ("/bills", "/bills.atom"), ("/bills/45-1-c-11", "/bills/45-1-c-11.atom"), ("/votes", "/votes.atom"),
        ("/members/elise-member-1", "/members/elise-member-1.atom"),
        ("/committees/ca-committee-tran", "/committees/ca-committee-tran.atom"), ("/changes", "/changes.atom"),
    ):  # fmt: skip
        html = site.get(f"/fr{path}").text
        assert 'type="application/atom+xml"' in html, path
        assert html.count(f'href="/fr/feeds{feed}"') == 2, path
        assert "/fr/follow?kind=" in html, path
        assert "#webhook" in html, path
    assert "/en/feeds/committees/ca-committee-tran.ics" in site.get("/en/committees/ca-committee-tran").text
