"""The House of Commons' exports as the miniature renders them, beside the recorded ones."""

import csv
import io
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from services.miniature.facts.divisions import totals
from services.miniature.world import World
from tests.unit.miniature.conftest import Fetch
from tests.unit.miniature.shapes import element_order

MEMBERS = "www.ourcommons.ca/Members/en/search/XML"
VOTES = "www.ourcommons.ca/members/en/votes/xml"


def test_members_have_the_elements_of_the_recorded_list_in_its_order(fetch: Fetch, samples: Path) -> None:
    recorded = (samples / "ourcommons/members/members_search_45-1_with_PersonId_EXCERPT.xml").read_bytes()
    rendered = fetch(MEMBERS).body
    assert element_order(rendered, "MemberOfParliament") == element_order(recorded, "MemberOfParliament")
    assert rendered[: rendered.index(b"89156")] == recorded[: recorded.index(b"89156")]


def test_a_member_is_rendered_byte_for_byte_as_recorded(fetch: Fetch, samples: Path) -> None:
    recorded = (samples / "ourcommons/members/members_search_45-1_with_PersonId_EXCERPT.xml").read_bytes()
    rendered = fetch(MEMBERS).body
    for person in (b"89156", b"105340", b"110339", b"123675"):
        start = b"<MemberOfParliament><PersonId>" + person
        mine = rendered[rendered.index(start) :].partition(b"</MemberOfParliament>")[0]
        assert mine in recorded


def test_the_older_layout_of_members_has_no_person_id(fetch: Fetch, samples: Path, world: World) -> None:
    recorded = (samples / "ourcommons/members/members_search_2021-03.xml").read_bytes()
    rendered = fetch(MEMBERS, now=world.with_layout("members", "without_person_id")).body
    assert element_order(rendered, "MemberOfParliament") == element_order(recorded, "MemberOfParliament")


def test_ballots_have_the_elements_of_the_recorded_vote_in_its_order(fetch: Fetch, samples: Path) -> None:
    recorded = (samples / "ourcommons/votes/vote_43-2-69_participants.xml").read_bytes()
    rendered = fetch("www.ourcommons.ca/members/en/votes/45/1/8/xml").body
    assert element_order(rendered, "VoteParticipant") == element_order(recorded, "VoteParticipant")
    assert rendered.partition(b"><")[0] == recorded.partition(b"><")[0]


def test_the_votes_list_of_2018_has_its_bom_wrapper_and_elements(
    fetch: Fetch, samples: Path, world: World
) -> None:
    recorded = (samples / "ourcommons/votes/votes_list_42-1_2018.xml").read_bytes()
    rendered = fetch(VOTES, now=world.with_layout("votes", "list")).body
    assert (
        rendered[:250].partition(b"<VoteParticipant>")[0] == recorded[:250].partition(b"<VoteParticipant>")[0]
    )
    assert element_order(rendered, "VoteParticipant") == element_order(recorded, "VoteParticipant")


def test_the_vote_csv_has_the_recorded_header_and_line_ends(fetch: Fetch, samples: Path) -> None:
    recorded = (samples / "ourcommons/votes/csv/vote_45-1_1.csv").read_bytes()
    rendered = fetch("www.ourcommons.ca/members/en/votes/45/1/8/csv").body
    assert rendered.splitlines(keepends=True)[0] == recorded.splitlines(keepends=True)[0]


def test_every_member_of_the_table_who_is_in_the_recorded_vote_has_its_riding(
    world: World, samples: Path
) -> None:
    recorded = (samples / "ourcommons/votes/csv/vote_45-1_100.csv").read_text(encoding="utf-8-sig")
    told = {row["Person ID"]: row["Member of Parliament"] for row in csv.DictReader(io.StringIO(recorded))}
    known = [m for m in world.members if str(m.person_id) in told]
    assert len(known) == len(world.members) - 1  # the Speaker does not vote
    for member in known:
        assert told[str(member.person_id)] == f"{member.name} ({member.riding_en})"


def test_members_are_a_few_dozen_of_every_caucus(world: World) -> None:
    assert len(world.members) > 40
    assert {member.caucus for member in world.members} == {
        "Liberal",
        "Conservative",
        "Bloc Québécois",
        "NDP",
        "Green Party",
        "Independent",
    }
    assert len({member.person_id for member in world.members}) == len(world.members)


def test_the_totals_of_the_list_are_the_ballots_of_each_vote(fetch: Fetch, world: World) -> None:
    listed = ET.fromstring(fetch(VOTES).body)
    assert len(listed) == len(world.divisions) >= 8
    for vote in listed:
        number = vote.findtext("DecisionDivisionNumber")
        ballots = ET.fromstring(fetch(f"www.ourcommons.ca/members/en/votes/45/1/{number}/xml").body)
        counted = [
            sum(ballot.findtext(name) == "true" for ballot in ballots)
            for name in ("IsVoteYea", "IsVoteNay", "IsVotePaired")
        ]
        told = [
            int(vote.findtext(f"DecisionDivisionNumberOf{what}") or -1) for what in ("Yeas", "Nays", "Paired")
        ]
        assert counted == told
        assert sum(counted) == len(ballots) > 40


def test_the_french_votes_list_tells_the_same_votes_in_french(fetch: Fetch) -> None:
    english = ET.fromstring(fetch(VOTES).body)
    french = ET.fromstring(fetch("www.ourcommons.ca/members/fr/votes/xml").body)
    for one, other in zip(english, french, strict=True):
        same = (
            "DecisionDivisionNumber",
            "DecisionEventDateTime",
            "BillNumberCode",
            "DecisionDivisionNumberOfYeas",
        )
        assert [one.findtext(name) for name in same] == [other.findtext(name) for name in same]
        assert one.findtext("DecisionDivisionSubject") != other.findtext("DecisionDivisionSubject")
        assert (one.findtext("DecisionResultName"), other.findtext("DecisionResultName")) in {
            ("Agreed To", "Adoptée"),
            ("Negatived", "Rejetée"),
        }


def test_a_member_votes_with_the_caucus_of_the_day(fetch: Fetch, world: World) -> None:
    def caucus(number: int) -> str | None:
        ballots = ET.fromstring(fetch(f"www.ourcommons.ca/members/en/votes/45/1/{number}/xml").body)
        return next(b.findtext("CaucusShortName") for b in ballots if b.findtext("PersonId") == "49344")

    assert (caucus(34), caucus(108)) == ("Conservative", "Liberal")


def test_a_session_without_votes_has_an_empty_list(fetch: Fetch) -> None:
    document = fetch(VOTES, parlsession="46-1")
    assert document.status == 200
    assert list(ET.fromstring(document.body)) == []


@pytest.mark.parametrize(
    "address", ["members/en/votes/45/1/9999/xml", "members/en/votes/44/1/8/xml", "nowhere"]
)
def test_an_unknown_address_is_a_404(fetch: Fetch, address: str) -> None:
    assert fetch(f"www.ourcommons.ca/{address}").status == 404


def test_paired_members_have_an_empty_vote_in_the_csv(fetch: Fetch, world: World) -> None:
    text = fetch("www.ourcommons.ca/members/en/votes/45/1/8/csv").body.decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text)))
    paired = [row for row in rows if row["Paired"]]
    division = world.find_division(8)
    assert division is not None
    assert len(paired) == totals(world.ballots(division))[2] == 2
    assert {row["Member Voted"] for row in paired} == {""}
