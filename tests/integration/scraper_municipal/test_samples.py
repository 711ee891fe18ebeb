"""Every recorded document of councils and provinces is read, and holds as many records as its table states."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from services.scraper.detect import detect
from services.scraper.parsers.base import ParseFailed

EVENTS = {
    "example-civicclerk": (
        "civicclerk/atl_south_fulton_city_council_meetings.json", "civicclerk/clovisca_event17.json",
        "civicclerk/clovisca_event20.json", "civicclerk/forestpark_city_council.json",
        "civicclerk/lascruc_dona_ana_county_other_agencies.json",
    ),
    "example-civicplus": (
        "civicplus/agenda_search_results_page.html", "civicplus/avenal_city_council.html",
        "civicplus/fre_farmersville_city_council.html",
        "civicplus/nc-nashcounty.civicplus.com_test_scrape_cache_false_default_0.html",
        "civicplus/nc-nashcounty.civicplus.com_test_scrape_current_day_by_default_0.html",
        "civicplus/wi-columbus.civicplus.com_test_scrape_place_state_0.html",
    ),
    "example-escribe": ("escribe/chulavista_GetCalendarMeetings.json",),
    "ca-on-ottawa-meetings": ("escribe_ottawa/ottawa_GetCalendarMeetings_0.json",),
    "example-legistar-pages": (
        "legistar_html/alle_city_Calendar.html", "legistar_html/chi_mwrd_legistar.html",
        "legistar_html/chicago_events.html", "legistar_html/metro_events.html",
        "legistar_html/nashville_Calendar_aspx_0.html", "legistar_html/nashville_Calendar_aspx_1.html",
        "legistar_html/nyc_council_calendar_2026.html",
    ),
    "example-legistar": ("legistar_webapi/seattle_events_2015.json", "legistar_webapi/lametro_event.json"),
    "example-primegov": (
        "primegov/atl_clayton_co_boc_meetings.json", "primegov/la_city_government.html.json",
        "primegov/losca_City_Council.json",
    ),
}  # fmt: skip
ONE = re.compile(r"keys$")


def number(stated: dict[str, str], path: str) -> int:
    told = stated[path]
    # A single object is stated by its number of keys.
    return 1 if ONE.search(told) else int(re.match(r"\d+", told)[0])


@pytest.mark.parametrize(("source_id", "path"), [(s, p) for s, paths in EVENTS.items() for p in paths])
def test_a_calendar_holds_as_many_meetings_as_stated(sample, counts, stated, source_id, path):
    found = counts(sample(source_id, f"municipal/{path}"))
    assert found["event"] == number(stated, f"municipal/{path}")


@pytest.mark.parametrize(
    "guid",
    [
        "128fff38-faa9-4b07-a8cc-e13e88688f9d", "2dd97c8d-fdc0-4ecb-833e-6d5c8489d552",
        "59a74d3a-4563-4269-9196-ab3bea684571", "9dc974f2-fb95-401e-bf2f-5fe225f5cdb5",
        "a2265439-2abd-42a0-8ada-4010b9d4921c", "d0f46ee8-dbd2-4f80-99aa-e8d7fa5a0742",
        "e8b142bc-0992-4fe7-a9de-6973e6c69c4b", "f743d690-36be-4e25-9bf6-dd8f944d1f2f",
    ],
)  # fmt: skip
def test_an_escribe_agenda_of_either_template_holds_its_items(sample, parse, stated, guid):
    path = f"municipal/escribe_ottawa/meeting_{guid}_Agenda_English.html"
    meeting = next(r for r in parse(sample("ca-on-ottawa-meetings", path)).records if r.kind == "event")
    new, old = map(int, re.findall(r"\d+", stated[path]))
    assert len(meeting.agenda) == new + old
    assert meeting.key == f"ca-on-ottawa/event/{guid}"
    assert [item.order for item in meeting.agenda] == list(range(1, new + old + 1))
    links = [link.url for item in meeting.agenda for link in item.links]
    assert links
    assert all(
        url.lower().startswith("https://pub-ottawa.escribemeetings.com/filestream.ashx") for url in links
    )


@pytest.mark.parametrize(
    ("path", "events"),
    [("il_metra_board.html", 61), ("il_regional_transit_past.html", 117), ("lawa.html", 297),
     ("san_diego_city_gov_com_archived.html", 4)],
)  # fmt: skip
def test_a_granicus_list_holds_as_many_agendas_and_recordings_as_stated(sample, parse, stated, path, events):
    records = parse(sample("example-granicus", f"municipal/granicus/{path}")).records
    kinds = Counter(r.classification for r in records if r.kind == "document")
    assert kinds["agenda"] + kinds["video"] == number(stated, f"municipal/granicus/{path}")
    assert sum(r.kind == "event" for r in records) == events


@pytest.mark.parametrize(
    ("path", "title"),
    [
        ("player_calabasas_event1525.html", "City Council Regular Meeting"),
        ("player_fountainvalley_clip607_player.html", "City Council Meeting - 2026-06-16"),
        ("player_napacity_clip3450.html", "Bicycle and Pedestrian Advisory Commission"),
    ],
)
def test_the_page_of_a_recording_gives_the_recording(sample, parse, path, title):
    records = parse(sample("example-granicus", f"municipal/granicus/{path}")).records
    video = next(r for r in records if r.kind == "document" and r.classification == "video")
    assert video.title_en == title


@pytest.mark.parametrize("path", ["chicago_bills.html", "metro_bills.html"])
def test_legistar_search_results_hold_as_many_bills_as_stated(sample, counts, stated, path):
    found = counts(sample("example-legistar-pages", f"municipal/legistar_html/{path}"))
    assert found["bill"] == number(stated, f"municipal/legistar_html/{path}")


@pytest.mark.parametrize("path", ["chicago_people.html", "metro_people.html"])
def test_legistar_lists_of_members_hold_as_many_people_as_stated(sample, counts, stated, path):
    found = counts(sample("example-legistar-pages", f"municipal/legistar_html/{path}"))
    assert found["person"] == number(stated, f"municipal/legistar_html/{path}")


def test_the_page_of_a_legistar_meeting_holds_its_agenda(sample, parse, stated):
    path = "municipal/legistar_html/charlotte_meeting_audio_download_2026.html"
    meeting = next(r for r in parse(sample("example-legistar-pages", path)).records if r.kind == "event")
    assert len(meeting.agenda) == number(stated, path)
    assert meeting.agenda[1].motions[0].result == "Pass"
    assert meeting.start_date.isoformat() == "2026-06-22"


@pytest.mark.parametrize(("number_", "bodies"), [(11927, 3), (11949, 10), (12291, 6), (13032, 7)])
def test_the_page_of_a_legistar_person_holds_every_seat(sample, counts, number_, bodies):
    found = counts(
        sample("example-legistar-pages", f"municipal/legistar_html/milwaukee_PersonDetail_{number_}.html")
    )
    assert (found["person"], found["membership"]) == (1, bodies)


def test_legistar_office_holders_bodies_and_people_are_as_many_as_stated(
    samples, sample, counts, parse, stated
):
    folder = "municipal/legistar_webapi/milwaukee"
    seats = parse(sample("example-legistar-members", f"{folder}/milwaukee_bodies_1_OfficeRecords.json"))
    held = sum(r.kind == "membership" for r in seats.records)
    # One row of the list is the seat of "VACANCY", who is nobody; one member sat under two numbers.
    assert (held, seats.skipped) == (113, {"vacant": 1, "person with the key of a later row": 1})
    assert held + 1 == number(stated, f"{folder}/milwaukee_bodies_1_OfficeRecords.json")
    bodies = counts(sample("example-legistar-members", f"{folder}/milwaukee_bodies.json"))
    assert bodies["organization"] == number(stated, f"{folder}/milwaukee_bodies.json")
    people = sorted((samples / folder).glob("milwaukee_persons_*.json"))
    assert len(people) == 10
    for path in people:
        assert counts(sample("example-legistar-members", f"{folder}/{path.name}"))["person"] == 1


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("metro_all_indexes.json", "reference row"), ("metro_matter_index.json", "reference row"),
        ("milwaukee/milwaukee_bodytypes.json", "reference row"),
        ("chicago_dupe_event.json", "history without its matter"),
        ("seattle_event_item_one.json", "agenda item without its meeting"),
    ],
)  # fmt: skip
def test_rows_that_are_no_record_by_themselves_are_counted_by_reason(sample, parse, stated, path, reason):
    result = parse(sample("example-legistar", f"municipal/legistar_webapi/{path}"))
    assert result.records == []
    expected = (
        1 if path == "seattle_event_item_one.json" else number(stated, f"municipal/legistar_webapi/{path}")
    )
    assert result.skipped == {reason: expected}


def test_a_legistar_matter_is_a_bill(sample, parse):
    (bill,) = parse(
        sample("example-legistar-matters", "municipal/legistar_webapi/lametro_matter_candidates.json",
               parameters={"histories": False})
    ).records  # fmt: skip
    assert (bill.number, bill.session, bill.status_en) == ("2024-1026", "2024", "Passed")
    assert bill.title_en.startswith("APPROVE Minutes")


def test_toronto_votes_hold_every_line_as_a_ballot(sample, parse, stated):
    path = "municipal/toronto/member-voting-record-2022-2026_EXCERPT.csv"
    votes = [r for r in parse(sample("ca-on-toronto-votes", path)).records if r.kind == "vote_event"]
    assert sum(len(vote.ballots) for vote in votes) == number(stated, path)
    first = votes[0]
    assert first.occurred_at.isoformat() == "2022-11-23T20:17:00+00:00"
    assert (first.result, first.result_text_en) == ("pass", "Carried, 25-1")
    assert {count.option: count.value for count in first.counts} == {"yes": 25, "no": 1}
    # The excerpt is one line short: 25 of the 26 members of the first vote.
    assert Counter(ballot.option for ballot in first.ballots) == {"yes": 24, "no": 1}


@pytest.mark.parametrize(
    "name",
    ["ca_ab_edmonton", "ca_bc", "ca_on_chatham_kent", "ca_on_toronto", "ca_on_windsor", "ca_qc_montreal"],
)
def test_a_represent_import_file_holds_as_many_seats_as_stated(sample, counts, stated, name):
    path = f"represent/import_json_2013/{name}.json"
    found = counts(sample("example-people", path))
    assert found["membership"] == found["post"] == number(stated, path)


def test_a_council_reads_its_own_import_file(sample, parse):
    people = [
        r for r in parse(sample("ca-on-toronto-council", "represent/import_json_2013/ca_on_toronto.json")).records
        if r.kind == "person"
    ]  # fmt: skip
    assert len(people) == 44
    cho = next(r for r in people if r.name == "Raymond Cho")
    assert cho.key == "ca-on-toronto/person/raymond-cho"
    assert {(c.type, c.value) for c in cho.contacts} >= {
        ("email", "councillor_cho@toronto.ca"), ("voice", "416-392-4076"), ("fax", "416-696-4159"),
    }  # fmt: skip


def test_a_page_of_the_represent_api_holds_its_objects_and_names_the_next_page(sample, parse, stated):
    path = "represent/api/representatives_house-of-commons_page1.json"
    result = parse(sample("example-represent", path))
    assert sum(r.kind == "person" for r in result.records) == number(stated, path)
    assert [fetch.url for fetch in result.follow] == [
        "https://represent.opennorth.ca/representatives/house-of-commons/?limit=20&offset=20"
    ]
    # A part of a list proves nobody gone.
    assert result.complete == []
    bossio = next(r for r in result.records if r.kind == "person" and r.family_name == "Bossio")
    assert bossio.identifiers[0].value == "88786"
    post = next(r for r in result.records if r.kind == "post" and "Hastings" in r.division_name)
    assert post.division_id == "ocd-division/country:ca/ed:35039-2013"


def test_a_page_of_boundaries_gives_divisions_with_their_open_civic_data_ids(sample, parse, stated):
    path = "represent/api/boundaries_ottawa-wards_page1.json"
    result = parse(sample("ca-on-ottawa-council", path))
    assert len(result.records) == number(stated, path)
    barrhaven = next(r for r in result.records if r.name_en == "Barrhaven")
    assert barrhaven.ocd_id == "ocd-division/country:ca/csd:3506008/ward:3"


def test_the_empty_template_is_read_as_a_list_of_nobody(sample, parse):
    result = parse(sample("example-people", "represent/csv_schema/template.csv"))
    assert (result.records, result.complete) == ([], [])


@pytest.mark.parametrize(
    "day",
    ["2014-07-02", "2014-07-03", "2014-11-05", "2015-05-05", "2016-03-02", "2017-05-01", "2018-03-19"],
)
def test_an_ontario_sitting_holds_as_many_speeches_as_stated(sample, parse, stated, day):
    path = f"ontario_ola/hansard_html/{day}.html"
    records = parse(sample("ca-on-debates", path)).records
    speeches = [r for r in records if r.kind == "speech" and not r.is_procedural]
    assert len(speeches) == number(stated, path)
    assert len({r.slug for r in speeches}) == len(speeches)
    assert {r.date.isoformat() for r in records if r.kind == "debate"} == {day}


def test_ontario_divisions_state_their_totals_and_name_every_member(sample, parse):
    votes = [
        r for r in parse(sample("ca-on-debates", "ontario_ola/hansard_html/2014-11-05.html")).records
        if r.kind == "vote_event"
    ]  # fmt: skip
    assert [vote.result for vote in votes] == ["fail", "fail", "pass"]
    for vote in votes:
        told = Counter(ballot.option for ballot in vote.ballots)
        assert {count.option: count.value for count in vote.counts} == dict(told)
    assert votes[0].ballots[0].name == "Teresa J. Armstrong"


def test_quebec_members_are_as_many_as_stated_and_vacant_ridings_are_posts(sample, parse, stated):
    path = "quebec_assnat/liste_deputes_2012.html"
    result = parse(sample("ca-qc-members", path))
    found = Counter(r.kind for r in result.records)
    assert found["person"] == found["membership"] == number(stated, path)
    vacant = {r.division_name for r in result.records if r.kind == "post" and r.is_vacant}
    assert vacant == {"Argenteuil", "LaFontaine", "Bourassa-Sauvé"}
    assert len(result.follow) == found["person"]


@pytest.mark.parametrize(
    ("name", "riding", "party"),
    [
        ("arcand-pierre-421", "Mont-Royal", "Parti libéral du Québec"),
        ("beaudoin-louise-293", "Rosemont", "Parti québécois"),
        ("houda-pepin-fatima-61", "La Pinière", "Parti libéral du Québec"),
        ("khadir-amir-25", "Mercier", "Québec solidaire"),
        ("marois-pauline-79", "Charlevoix", "Parti québécois"),
        ("st-pierre-christine-1235", "Acadie", "Parti libéral du Québec"),
    ],
)
def test_a_page_of_a_quebec_member_tells_riding_party_and_offices(sample, parse, name, riding, party):
    records = parse(sample("ca-qc-members", f"quebec_assnat/deputes_2012/{name}.html")).records
    person = next(r for r in records if r.kind == "person")
    seat = next(r for r in records if r.kind == "membership")
    assert (seat.area, seat.party) == (riding, party)
    assert person.identifiers[0].value == name.rpartition("-")[2]
    assert person.image.startswith("http://www.assnat.qc.ca/Media/")
    assert person.biography_fr


@pytest.mark.parametrize(("day", "speakers"), [("20111025", 319), ("20120522", 261), ("20120605", 287)])
def test_a_quebec_sitting_holds_every_speaker_and_every_paragraph(samples, sample, parse, day, speakers):
    path = f"quebec_assnat/journal_debats_2012/biz-{day}.html"
    records = parse(sample("ca-qc-debates", path)).records
    speeches = [r for r in records if r.kind == "speech"]
    # Each bold name before a colon opens a speech; a new heading opens one too, with who goes on speaking.
    assert len(speeches) >= speakers
    text = (samples / path).read_text(encoding="utf-8")
    stated_paragraphs = len(re.findall(r'<p align="JUSTIFY">\s*(?:<[^p][^>]*>\s*)*[^<\s]', text))
    told = sum(len(r.paragraphs) for r in speeches)
    assert abs(told - stated_paragraphs) <= stated_paragraphs * 0.02
    assert all(r.h1_fr for r in speeches[3:20])
    assert any(r.time for r in speeches)
    debate = next(r for r in records if r.kind == "debate")
    assert (debate.session, debate.date.strftime("%Y%m%d")) == ("39-2", day)


def test_quebec_search_results_are_documents(sample, parse):
    records = parse(sample("ca-qc-debates", "quebec_assnat/recherche/travaux_p10_2018.htm")).records
    assert len(records) == 100
    assert records[0].date.isoformat() == "2016-04-21"
    assert all(r.url.startswith("http://www.assnat.qc.ca/fr/travaux-parlementaires/") for r in records)


def test_no_sample_of_councils_and_provinces_is_left_unread(samples, stated, make_document, parse):
    sources = {
        "civicclerk": "example-civicclerk", "civicplus": "example-civicplus", "escribe": "example-escribe",
        "escribe_ottawa": "ca-on-ottawa-meetings", "granicus": "example-granicus",
        "legistar_html": "example-legistar-pages", "legistar_webapi": "example-legistar",
        "milwaukee": "example-legistar-members", "primegov": "example-primegov", "toronto": "ca-on-toronto-votes",
        "api": "example-represent", "csv_schema": "example-people", "import_json_2013": "example-people",
        "hansard_html": "ca-on-debates", "deputes_2012": "ca-qc-members",
        "journal_debats_2012": "ca-qc-debates", "recherche": "ca-qc-debates", "quebec_assnat": "ca-qc-members",
    }  # fmt: skip
    folders = ("municipal", "represent", "ontario_ola", "quebec_assnat")
    paths = [p for f in folders for p in sorted((samples / f).rglob("*")) if p.is_file()]
    assert len(paths) == sum(path.startswith(folders) for path in stated)
    refused = []
    for path in paths:
        try:
            parse(make_document(sources[path.parent.name], path.read_bytes(), path.as_uri()))
        except ParseFailed as failure:
            refused.append((path.name, failure.code))
    assert refused == []


FOLDERS = {
    "civicclerk": "civicclerk", "civicplus": "civicplus", "escribe": "escribe", "escribe_ottawa": "escribe",
    "granicus": "granicus", "legistar_html": "legistar", "legistar_webapi": "legistar", "milwaukee": "legistar",
    "primegov": "primegov", "toronto": "toronto-votes",
}  # fmt: skip


def test_every_recorded_page_names_its_platform_whatever_its_address(samples):
    wrong = [
        (path.name, told)
        for path in sorted((samples / "municipal").rglob("*"))
        if path.is_file()
        and (told := detect("https://www.example.ca/council", path.read_bytes()).platform)
        != FOLDERS[path.parent.name]
    ]
    assert wrong == []
