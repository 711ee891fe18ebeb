"""LEGISinfo's list and detail as the miniature renders them, beside the recorded ones."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from services.miniature.world import World
from tests.unit.miniature.conftest import Fetch
from tests.unit.miniature.shapes import element_order, same_keys

LIST = "www.parl.ca/legisinfo/en/bills/json"
RECORDED_DETAILS = ("C-2", "C-4", "C-5", "C-11", "C-12", "C-202", "C-222", "S-2", "S-202")


def detail(fetch: Fetch, number: str, language: str = "en") -> dict[str, Any]:
    document = fetch(f"www.parl.ca/LegisInfo/{language}/bill/45-1/{number.lower()}/json")
    (bill,) = json.loads(document.body)
    return dict(bill)


def test_list_entries_equal_the_recorded_ones_byte_for_byte(fetch: Fetch, samples: Path) -> None:
    recorded = json.loads((samples / "legisinfo/bills_list/bills_45-1_2026-05.json").read_bytes())
    real = {row["BillNumberFormatted"]: row for row in recorded}
    moved_since = {"C-11"}
    for row in json.loads(fetch(LIST, parlsession="45-1").body):
        number = row["BillNumberFormatted"]
        assert list(row) == list(real[number])
        if number not in moved_since:
            assert row == real[number]


def test_the_list_is_in_the_recorded_order(fetch: Fetch, samples: Path) -> None:
    recorded = json.loads((samples / "legisinfo/bills_list/bills_45-1_2026-05.json").read_bytes())
    mine = [row["BillNumberFormatted"] for row in json.loads(fetch(LIST).body)]
    # the recorded list puts private bills last among the Senate's, as this one does
    assert mine == [row["BillNumberFormatted"] for row in recorded if row["BillNumberFormatted"] in mine]


def test_the_list_as_xml_has_the_recorded_layout(fetch: Fetch, samples: Path) -> None:
    recorded = (samples / "legisinfo/bills_list/bills_44-1.xml").read_bytes()
    rendered = fetch("www.parl.ca/legisinfo/en/bills/xml", parlsession="45-1").body
    assert element_order(rendered, "Bill") == element_order(recorded, "Bill")
    head = slice(0, rendered.index(b"    <BillId>"))
    assert rendered[head] == recorded[head]
    assert b"    <ShortTitleEn>\r\n    </ShortTitleEn>\r\n" in rendered
    assert rendered.endswith(b"  </Bill>\r\n</Bills>")


@pytest.mark.parametrize("number", RECORDED_DETAILS)
def test_a_detail_has_the_recorded_keys_in_order(fetch: Fetch, samples: Path, number: str) -> None:
    recorded = json.loads((samples / f"legisinfo/bill_detail_json/45-1_{number}.json").read_bytes())
    mine = detail(fetch, number)
    assert len(mine) == 135
    assert same_keys(mine, recorded) == []


@pytest.mark.parametrize("number", RECORDED_DETAILS)
def test_a_detail_tells_the_recorded_facts(fetch: Fetch, samples: Path, number: str) -> None:
    recorded = json.loads((samples / f"legisinfo/bill_detail_json/45-1_{number}.json").read_bytes())
    mine = detail(fetch, number)
    for key, value in recorded.items():
        if (number, key) == ("C-11", "PassedHouseSecondReadingDateTime"):
            continue  # the recorded detail lacks what the recorded list of the same day has
        # these are the fields that a reader stores
        stored = key.startswith(("Passed", "Received", "Sponsor", "LongTitle", "Status", "BillDocumentType"))
        if (stored and "Honorific" not in key and "StatusNameFr" not in key) or key in ("Id", "NumberCode"):
            assert mine[key] == value or str(mine[key]).replace("’", "'") == str(value).replace("’", "'"), key


def test_a_detail_as_xml_has_the_recorded_elements(fetch: Fetch, samples: Path) -> None:
    recorded = (samples / "legisinfo/bill_detail_xml/45-1_S-2.xml").read_bytes()
    rendered = fetch("www.parl.ca/legisinfo/en/bill/45-1/s-2/xml").body

    def names(document: bytes) -> list[str]:
        # a list repeats its element, so only the first of a run counts
        order = element_order(document, "Bill")
        return [name for n, name in enumerate(order) if n == 0 or order[n - 1] != name]

    absent = {"HouseRulingAndStatements", "WebReferences", "BibliographicNotices", "HouseVoteDetails"}
    assert [n for n in names(rendered) if n not in absent] == [n for n in names(recorded) if n not in absent]


def test_an_event_known_by_its_day_is_a_day_early_in_the_list_and_right_in_the_detail(fetch: Fetch) -> None:
    (row,) = [row for row in json.loads(fetch(LIST).body) if row["BillNumberFormatted"] == "S-1"]
    assert row["PassedSenateFirstReadingDateTime"] == "2025-05-26T20:00:00-04:00"
    assert detail(fetch, "S-1")["PassedSenateFirstReadingDateTime"] == "2025-05-27T00:00:00"


def test_list_and_detail_name_the_same_instants(fetch: Fetch, world: World) -> None:
    for row in json.loads(fetch(LIST).body):
        told = detail(fetch, row["BillNumberFormatted"])
        for key in (key for key in row if key.startswith(("Passed", "Received")) and row[key]):
            moved = datetime.fromisoformat(row[key])
            local = datetime.fromisoformat(told[key])
            assert moved.replace(tzinfo=None) - local == moved.utcoffset()


def test_every_bill_of_the_list_has_a_detail_in_both_languages(fetch: Fetch, world: World) -> None:
    assert len(world.bills) > 12
    for bill in world.bills:
        english, french = detail(fetch, bill.number), detail(fetch, bill.number, "fr")
        assert english["LongTitle"] == english["LongTitleEn"] == french["LongTitleEn"]
        assert french["LongTitle"] == french["LongTitleFr"] != french["LongTitleEn"]
        assert english["StatusName"] != french["StatusName"]


def test_the_votes_of_a_detail_are_the_votes_of_the_house(fetch: Fetch, world: World) -> None:
    votes = {vote["DivisionNumber"]: vote for vote in detail(fetch, "C-11")["HouseVoteDetails"]}
    assert set(votes) == {d.number for d in world.divisions if d.bill == "C-11"}
    listed = ET.fromstring(fetch("www.ourcommons.ca/members/en/votes/xml").body)
    for row in listed:
        number = int(row.findtext("DecisionDivisionNumber") or 0)
        if number in votes:
            assert row.findtext("DecisionDivisionNumberOfYeas") == str(votes[number]["DivisionVotesYeas"])
            assert row.findtext("DecisionDivisionSubject") == votes[number]["DivisionSubjectEn"]


def test_an_unknown_session_has_an_empty_list_and_an_unknown_bill_a_404(fetch: Fetch) -> None:
    assert json.loads(fetch(LIST, parlsession="99-1").body) == []
    assert fetch("www.parl.ca/legisinfo/en/bill/45-1/c-9999/json").status == 404


def test_a_bill_that_moves_changes_in_list_and_detail(fetch: Fetch, world: World) -> None:
    now = world.with_reading("C-2", "H2", "2026-06-01T17:00:00", "house_committee", "second_reading_referred")
    rows = {row["BillNumberFormatted"]: row for row in json.loads(fetch(LIST, now=now).body)}
    assert rows["C-2"]["CurrentStatusEn"] == "At consideration in committee in the House of Commons"
    assert (
        rows["C-2"]["LatestActivityEn"]
        == "Second reading and referral to committee on June 1, 2026 (House of Commons)"
    )
    document = fetch("www.parl.ca/LegisInfo/en/bill/45-1/c-2/json", now=now)
    assert json.loads(document.body)[0]["PassedHouseSecondReadingDateTime"] == "2026-06-01T17:00:00"
