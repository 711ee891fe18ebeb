"""Meeting platforms followed from their calendar to agendas, motions and votes, in both languages."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from datetime import date, time

import pytest

from services.scraper.parsers.base import ParseFailed
from services.scraper.platforms import meetings
from services.scraper.registry import parser_of
from services.scraper.sources import registry

OTTAWA = "https://pub-ottawa.escribemeetings.com/"
API = "https://webapi.legistar.com/v1/portashby"


def kinds(result):
    return Counter(record.kind for record in result.records)


def test_a_legistar_calendar_leads_to_items_and_ballots(rendered, parse):
    calendar = parse(rendered("example-legistar", f"{API}/events"))
    assert calendar.follow
    assert {fetch.step for fetch in calendar.follow} == {"event_items"}
    fetch = next(
        f
        for f in calendar.follow
        if f.url.endswith("/events/1/eventitems?AgendaNote=1&MinutesNote=1&Attachments=1")
    )
    items = parse(rendered("example-legistar", fetch.url, step=fetch.step, context=fetch.context))
    meeting = next(r for r in items.records if r.kind == "event")
    assert meeting.starts_at.isoformat() == "2026-03-10T23:00:00+00:00"
    assert [item.number for item in meeting.agenda] == ["1.", "2.", "5.1", "5.2"]
    assert items.skipped == {"repeated agenda item": 1}
    motion = meeting.agenda[2].motions[0]
    assert (motion.mover, motion.seconder, motion.result) == ("Ben Okafor", "Chloé Desrosiers", "Pass")
    assert [(c.option, c.value) for c in motion.counts] == [("yes", 4), ("no", 1)]
    ask = next(f for f in items.follow if f.url.endswith("/eventitems/70003/votes"))
    votes = parse(rendered("example-legistar", ask.url, step=ask.step, context=ask.context))
    (vote,) = votes.records
    assert (vote.result, vote.event_key, vote.date) == ("pass", meeting.key, date(2026, 3, 10))
    assert Counter(ballot.option for ballot in vote.ballots) == {"yes": 4, "no": 1}
    assert vote.ballots[4].person_key == "example-town/person/eva-ohara"


def test_a_legistar_matter_gathers_its_history_and_sponsors(rendered, parse):
    listed = parse(rendered("example-legistar-matters", f"{API}/matters"))
    fetch = next(f for f in listed.follow if "/9001/" in f.url)
    sponsors = rendered("example-legistar-matters", fetch.companions["sponsors"])
    document = rendered("example-legistar-matters", fetch.url, step=fetch.step, context=fetch.context)
    (bill,) = parse(replace(document, companions={"sponsors": sponsors})).records
    assert (bill.number, bill.status_en, bill.detail_level) == ("2026-0014", "Passed", "detail")
    assert [action.date.isoformat() for action in bill.actions] == ["2026-02-10", "2026-02-24", "2026-03-10"]
    assert [sponsor.name for sponsor in bill.sponsors] == ["Ben Okafor", "Chloé Desrosiers"]


def test_a_legistar_history_entry_that_comes_twice_counts_once(samples, make_document, parse):
    body = (samples / "municipal/legistar_webapi/chicago_dupe_event.json").read_bytes()
    matter = {"MatterId": 1, "MatterFile": "O2013-1", "MatterTitle": "An ordinance"}
    (bill,) = parse(
        make_document("example-legistar", body, step="histories", context={"matter": matter})
    ).records
    told = [(action.date, action.description_en) for action in bill.actions]
    stated = {
        (row["MatterHistoryActionDate"][:10], row["MatterHistoryActionName"]) for row in json.loads(body)
    }
    assert len(told) == len(set(told)) == len(stated)


def test_a_full_page_of_the_web_api_asks_for_the_next_one(make_document, parse):
    rows = [{"BodyId": n, "BodyName": f"Board {n}", "BodyTypeName": "Board"} for n in range(1_000)]
    result = parse(
        make_document(
            "example-legistar-members", json.dumps(rows), f"{API}/bodies?%24top=1000", step="bodies"
        )
    )
    assert [fetch.url for fetch in result.follow] == [f"{API}/bodies?%24top=1000&%24skip=1000"]
    short = make_document("example-legistar-members", json.dumps(rows[:5]), f"{API}/bodies", step="bodies")
    assert parse(short).follow == []


def escribe_calendar(rendered, parse):
    body = json.dumps({"calendarStartDate": "2026-01-01", "calendarEndDate": "2026-12-31"}).encode()
    document = rendered(
        "ca-on-ottawa-meetings", f"{OTTAWA}MeetingsCalendarView.aspx/GetCalendarMeetings", "POST", body
    )
    return parse(document)


def test_an_escribe_calendar_leads_to_minutes_with_recorded_votes_in_both_languages(rendered, parse):
    calendar = escribe_calendar(rendered, parse)
    fetch = next(f for f in calendar.follow if "Agenda=PostMinutes" in f.url)
    assert fetch.companions["fr"].endswith("lang=French")
    french = rendered("ca-on-ottawa-meetings", fetch.companions["fr"])
    english = rendered("ca-on-ottawa-meetings", fetch.url, step=fetch.step, context=fetch.context)
    result = parse(replace(english, companions={"fr": french}))
    meeting = next(r for r in result.records if r.kind == "event")
    assert all(item.title_en and item.title_fr for item in meeting.agenda)
    votes = [r for r in result.records if r.kind == "vote_event"]
    assert votes
    for vote in votes:
        assert vote.event_key == meeting.key
        assert vote.motion_en != vote.motion_fr
        assert {c.option: c.value for c in vote.counts} == dict(Counter(b.option for b in vote.ballots))
    motions = [motion for item in meeting.agenda for motion in item.motions]
    assert any(motion.mover and motion.seconder and motion.result and motion.ballots for motion in motions)
    assert meeting.identifiers[0].value in fetch.url


def test_the_calendars_word_stands_when_a_page_cannot_be_read(rendered, parse):
    calendar = escribe_calendar(rendered, parse)
    for fetch in calendar.follow:
        assert not fetch.is_required
        (meeting,) = fetch.otherwise
        assert meeting.kind == "event"


def test_an_old_escribe_page_gives_its_items_with_attachments(rendered, parse):
    url = f"{OTTAWA}Meeting.aspx?Id=5f0c1a52-7d7e-4a5e-9c0a-000000000012&Agenda=Agenda&lang=English"
    meeting = next(r for r in parse(rendered("ca-on-ottawa-meetings", url)).records if r.kind == "event")
    assert meeting.agenda
    assert meeting.start_date.year == 2026


def test_escribe_pages_of_one_meeting_are_paired_by_language(make_document):
    from services.scraper.platforms.escribe import pair

    names = ("meeting_5f0c1a52-7d7e-4a5e-9c0a-000000000012_Agenda_English.html",
             "meeting_5f0c1a52-7d7e-4a5e-9c0a-000000000012_Agenda_French.html")  # fmt: skip
    told = [pair(make_document("example-escribe", "<html/>", f"file:///{name}")) for name in names]
    assert [language for _, language in told] == ["en", "fr"]
    assert told[0][0] == told[1][0]


def test_primegov_lists_of_the_miniature_are_read(rendered, parse):
    base = "https://portashby.primegov.com/api/v2/PublicPortal/"
    for address in ("ListUpcomingMeetings", "ListArchivedMeetings?year=2026"):
        result = parse(rendered("example-primegov", base + address))
        assert kinds(result)["event"] >= 1
        assert all(
            r.url.startswith("https://portashby.primegov.com/")
            for r in result.records
            if r.kind == "document"
        )


def test_toronto_is_found_through_its_catalogue(rendered, parse):
    catalogue = parse(rendered(
        "ca-on-toronto-votes",
        "https://ckan0.cf.opendata.inter.prod-toronto.ca/api/3/action/package_show"
        "?id=members-of-toronto-city-council-voting-record",
    ))  # fmt: skip
    (fetch,) = catalogue.follow
    result = parse(rendered("ca-on-toronto-votes", fetch.url, step=fetch.step))
    votes = [r for r in result.records if r.kind == "vote_event"]
    assert len(votes) == 3
    assert all(len(vote.ballots) == 26 and vote.result == "pass" for vote in votes)


def test_civicweb_meetings_are_read_after_their_documented_names(make_document, parse):
    rows = [
        {"Id": 7, "Name": "Regular Council", "MeetingDateTime": "/Date(1773187200000-0400)/", "Published": True,
         "MeetingLocation": "Council Chamber"},
        {"Id": 8, "Name": "Committee", "MeetingDate": "2026-04-01T19:00:00", "Published": False},
        {"Id": 9, "Name": "Committee", "MeetingDate": None},
    ]  # fmt: skip
    calendar = parse(
        make_document(
            "example-civicweb", json.dumps(rows), "https://portashby.civicweb.net/x", step="meetings"
        )
    )
    assert calendar.skipped == {"meeting without a day": 1}
    (announced,) = [record for record in calendar.records if record.kind == "event"]
    assert announced.start_date == date(2026, 4, 1)
    (fetch,) = calendar.follow
    body = json.dumps([{"Id": 11, "Name": "Agenda - 11 Mar 2026"}])
    result = parse(
        make_document("example-civicweb", body, fetch.url, step="documents", context=fetch.context)
    )
    meeting, paper = (next(r for r in result.records if r.kind == kind) for kind in ("event", "document"))
    assert meeting.starts_at.isoformat() == "2026-03-11T00:00:00+00:00"
    assert (paper.classification, paper.event_key) == ("agenda", meeting.key)
    assert paper.url == "https://portashby.civicweb.net/document/11"


def test_civicweb_rows_as_the_service_writes_them(make_document, parse):
    rows = [
        {"Id": 826, "MeetingDateTime": "2026-05-28 17:30", "MeetingTypeName": "Public Hearing ", "Published": True,
         "Name": "Public Hearing  - May 28 2026", "MeetingLocation": "Room 1"},
        {"Id": 755, "MeetingDateTime": "2026-02-18 00:00", "MeetingTypeName": "Audit Committee", "Published": True,
         "Name": "CANCELLED - Audit Committee - Feb 18 2026", "MeetingLocation": ""},
        {"Id": 901, "MeetingDateTime": "2096-12-14 17:30", "MeetingTypeName": "Regular Meeting", "Published": False,
         "Name": "Regular Meeting - Dec 14 2096 (DRAFT AGENDA)", "MeetingLocation": "Room 1"},
    ]  # fmt: skip
    calendar = parse(
        make_document("example-civicweb", json.dumps(rows), "https://p.civicweb.net/x", step="meetings")
    )
    hearing, audit = (fetch.otherwise[0] for fetch in calendar.follow)
    assert hearing.starts_at.isoformat() == "2026-05-28T21:30:00+00:00"
    assert (audit.starts_at, audit.start_date, audit.status) == (None, date(2026, 2, 18), "cancelled")
    (announced,) = [record for record in calendar.records if record.kind == "event"]
    assert (announced.name_en, announced.status) == ("Regular Meeting", "tentative")
    papers = [
        {"Id": 1, "DocumentType": 1, "Name": "Public Hearing", "IsPublic": True},
        {"Id": 2, "DocumentType": 10, "Name": "Public Hearing", "IsPublic": True},
        {"Id": 3, "DocumentType": 4, "Name": "Public Hearing", "IsPublic": False},
    ]
    fetch = calendar.follow[0]
    result = parse(
        make_document(
            "example-civicweb", json.dumps(papers), fetch.url, step="documents", context=fetch.context
        )
    )
    assert [r.classification for r in result.records if r.kind == "document"] == ["agenda", "minutes"]
    assert result.skipped == {"not public": 1}


def test_the_bookmarks_of_a_civicclerk_recording_are_an_agenda_when_the_meeting_is_known(sample, parse):
    event = {"id": 20, "eventName": "Council", "startDateTime": "2026-04-13T18:00:00Z"}
    document = sample(
        "example-civicclerk", "municipal/civicclerk/clovisca_media20.json", context={"event": event}
    )
    meeting = next(r for r in parse(document).records if r.kind == "event")
    assert len(meeting.agenda) == 31
    assert meeting.agenda[0].title_en == "Call to Order"


def test_a_clock_that_ends_in_z_is_local_on_civicclerk(sample, parse):
    records = parse(sample("example-civicclerk", "municipal/civicclerk/clovisca_event20.json")).records
    meeting = next(r for r in records if r.kind == "event")
    assert (
        meeting.starts_at.isoformat() == "2026-04-13T22:00:00+00:00"
    )  # six in the evening, in Toronto's zone


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2024-09-26T00:00:00", date(2024, 9, 26)), ("11/15/2018", date(2018, 11, 15)), ("Nov 19, 2020", date(2020, 11, 19)),
        ("Mar\u00a021,\u00a02018 - 10:30\u00a0AM", date(2018, 3, 21)), ("Dec  5, 2005", date(2005, 12, 5)),
        ("2025/12/17 17:15:00", date(2025, 12, 17)), ("Le mardi 5 juin 2012", date(2012, 6, 5)),
        ("vendredi 1er avril 2016", date(2016, 4, 1)), ("2 août 2016", date(2016, 8, 2)), ("13/45/2020", None), ("none", None),
    ],
)  # fmt: skip
def test_days_are_found_in_every_form(text, day):
    assert meetings.day_in(text) == day


@pytest.mark.parametrize(
    ("text", "clock"),
    [
        ("9:30 AM", time(9, 30)), ("12:05 PM", time(12, 5)), ("12:05 AM", time(0, 5)), ("15:17 PM", time(15, 17)),
        ("10:00 a.m.", time(10, 0)), ("13 h 45", time(13, 45)), ("17:15:00", time(17, 15)), ("noon", None), ("99:99 PM", None),
    ],
)  # fmt: skip
def test_clocks_are_found_in_every_form(text, clock):
    assert meetings.clock_in(text) == clock


@pytest.mark.parametrize(
    ("words", "result"),
    [("Carried, 25-1", "pass"), ("Carried as amended", "pass"), ("LOST", "fail"), ("Defeated", "fail"), ("Tie", "fail"),
     ("Not Carried", "fail"), ("Deferred", "unknown"), ("Adoptée", "pass"), ("Rejetée", "fail"), ("Received", "pass")],
)  # fmt: skip
def test_the_words_of_a_result_are_understood_in_both_languages(words, result):
    assert meetings.outcome(words) == result


@pytest.mark.parametrize(
    ("source_id", "body"),
    [
        ("example-legistar", "[]"), ("example-primegov", "[]"), ("example-escribe", '{"d": []}'),
        ("example-civicclerk", '{"value": []}'), ("example-civicweb", "[]"),
    ],
)  # fmt: skip
def test_an_empty_calendar_is_no_failure(make_document, parse, source_id, body):
    assert parse(make_document(source_id, body)).records == []


@pytest.mark.parametrize(
    ("source_id", "body"),
    [
        ("example-legistar", '[{"x": 1}]'), ("example-legistar", '{"Message": "no"}'), ("example-primegov", '{"a": 1}'),
        ("example-escribe", '{"Message": "no"}'), ("example-escribe", "<html><body>hello</body></html>"),
        ("example-civicclerk", '{"error": {}}'), ("example-civicweb", '{"a": 1}'),
        ("example-civicplus", "<html><body>hello</body></html>"), ("example-granicus", "<html><body>hello</body></html>"),
        ("example-legistar-pages", "<html><body>hello</body></html>"), ("ca-on-toronto-votes", "a,b\n1,2\n"),
        ("ca-on-debates", "<html><body>hello</body></html>"), ("ca-qc-debates", "<html><body>hello</body></html>"),
        ("ca-on-bills", "<html><body>hello</body></html>"),
    ],
)  # fmt: skip
def test_another_document_is_refused_with_a_reason(make_document, parse, source_id, body):
    with pytest.raises(ParseFailed) as failure:
        parse(make_document(source_id, body))
    assert failure.value.code in {"wrong-shape", "empty"}


def test_a_granicus_feed_gives_the_same_meetings_as_its_list(make_document, parse):
    feed = """<?xml version="1.0"?><rss version="2.0"><channel><title>Council</title>
    <item><title>Regular Meeting - Mar 03, 2022</title><link>https://lawa.granicus.com/AgendaViewer.php?view_id=4&amp;clip_id=838</link>
    <pubDate>Thu, 03 Mar 2022 08:00:00 -0800</pubDate></item><item><title>News</title><link>https://x.ca/</link></item>
    </channel></rss>"""
    result = parse(make_document("example-granicus", feed))
    meeting, paper = (next(r for r in result.records if r.kind == kind) for kind in ("event", "document"))
    assert (meeting.key, meeting.name_en, meeting.start_date) == (
        "example-town/event/838",
        "Regular Meeting",
        date(2022, 3, 3),
    )
    assert (paper.classification, paper.event_key) == ("agenda", meeting.key)
    assert result.skipped == {"item without a day or a number": 1}


def test_a_primegov_search_names_the_files_of_its_templates(make_document, parse):
    row = {
        "id": 5,
        "title": "Council",
        "meetingDateTime": "2026-05-01T18:00:00",
        "templates": [
            {
                "id": 9,
                "title": "Minutes",
                "compiledMeetingDocumentFiles": [
                    {"id": 1, "compileOutputType": 1},
                    {"id": 2, "compileOutputType": 3},
                ],
            }
        ],
    }
    result = parse(make_document("example-primegov", json.dumps([row])))
    told = [(r.classification, r.media_type) for r in result.records if r.kind == "document"]
    assert told == [("minutes", "application/pdf"), ("minutes", "text/html")]


def test_totals_are_read_however_a_result_states_them():
    for text in (
        "Carried, 25-1",
        "Carried (25 to 1)",
        "CARRIED on a division of 25 yeas and 1 nay",
        "Adoptée (25 pour, 1 contre)",
    ):
        assert [(c.option, c.value) for c in meetings.tally(text)] == [("yes", 25), ("no", 1)], text
    assert meetings.tally("Carried") == ()


def test_british_columbia_answers_a_query_with_its_members(rendered, parse):
    (start,) = parser_of(registry().get("ca-bc-members")).start(registry().get("ca-bc-members"))
    answer = rendered("ca-bc-members", start.url, start.method, start.body, step=start.step)
    result = parse(answer)
    told = {(r.area, r.party) for r in result.records if r.kind == "membership"}
    assert ("Vancouver-Point Grey", "BC NDP") in told
    assert len(told) == 3
