"""One town on every meeting platform of the miniature: the same facts in each format."""

from __future__ import annotations

import re

import pytest

PLATFORMS = ["legistar-pages", "civicplus", "granicus", "civicclerk", "civicweb"]


def told(crawled):
    """Return day, name without what only one platform adds, and status of each meeting."""
    return {
        (str(event.start_date), re.sub(r"\W*cancelled\W*", "", event.name_en, flags=re.I), event.status)
        for event in crawled.of("event")
    }


@pytest.fixture
def on_primegov(crawl):
    return crawl("example-primegov", year="2026")


@pytest.mark.parametrize("name", PLATFORMS)
def test_a_town_has_the_same_meetings_on_every_platform(crawl, on_primegov, name):
    crawled = crawl(f"example-{name}", year="2026")
    assert told(crawled) == told(on_primegov)
    assert {status for _, _, status in told(crawled)} >= {"cancelled"}
    assert not crawled.problems
    assert not crawled.unread


@pytest.mark.parametrize("name", ["legistar-pages", "civicclerk", "civicweb", "granicus"])
def test_the_clock_is_the_same_on_every_platform_that_tells_it(crawl, on_primegov, name):
    starts = {
        event.start_date: event.starts_at for event in crawl(f"example-{name}", year="2026").of("event")
    }
    assert starts == {event.start_date: event.starts_at for event in on_primegov.of("event")}


@pytest.mark.parametrize("name", PLATFORMS)
def test_every_paper_belongs_to_a_meeting(crawl, name):
    crawled = crawl(f"example-{name}", year="2026")
    events = {event.key for event in crawled.of("event")}
    papers = crawled.of("document")
    assert {paper.event_key for paper in papers} <= events
    assert {paper.classification for paper in papers} >= {"agenda", "minutes"}


def test_a_legistar_page_tells_items_and_results(crawl):
    meetings = {event.start_date.isoformat(): event for event in crawl("example-legistar-pages").of("event")}
    agenda = meetings["2026-03-10"].agenda
    assert [item.number for item in agenda] == ["1.", "2.", "5.1", "5.2", "5.2"]
    assert [motion.result for item in agenda for motion in item.motions] == ["Pass", "Pass"]


def test_the_council_is_the_same_on_its_page_and_as_geojson(crawl, rendered, parse):
    by_page = {(person.name, person.contacts[0].value) for person in crawl("example-people").of("person")}
    url = "https://www.portashby.example/arcgis/rest/services/Council/FeatureServer/0/query?f=geojson"
    told = parse(rendered("example-people", url, step="geojson"))
    assert {(r.name, r.contacts[0].value) for r in told.records if r.kind == "person"} == by_page
    assert len(by_page) == 5


def test_members_of_quebec_are_followed_to_their_pages(crawl):
    crawled = crawl("ca-qc-members")
    assert not crawled.unread
    assert len(crawled.of("person")) == 3
    assert [post.division_name for post in crawled.of("post") if post.is_vacant] == ["Chicoutimi"]


def test_alberta_tells_two_offices_of_each_member(crawl):
    crawled = crawl("ca-ab-members")
    assert len(crawled.of("person")) == len(crawled.of("membership")) == 4
    for person in crawled.of("person"):
        assert {contact.note for contact in person.contacts if contact.type == "voice"} == {
            "legislature",
            "constituency",
        }
    assert "Danielle Smith" in {person.name for person in crawled.of("person")}


@pytest.mark.parametrize(
    ("source_id", "parameters", "speakers"),
    [
        ("ca-on-debates", {"day": "2018-05-08"}, {"Charles Sousa", "Dave Levac", "Todd Decker"}),
        ("ca-qc-debates", {"sitting": "43-2/journal-debats/20251009/400000"}, {"Ghazal", "La Présidente"}),
    ],
)
def test_sittings_of_two_provinces_are_read(crawl, source_id, parameters, speakers):
    crawled = crawl(source_id, **parameters)
    assert {speech.speaker_name for speech in crawled.of("speech") if speech.speaker_name} == speakers
    for vote in crawled.of("vote_event"):
        assert {count.option: count.value for count in vote.counts} == {"yes": 2, "no": 1}
        assert vote.result == "pass"
