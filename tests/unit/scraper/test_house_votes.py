"""The votes list in both wrappers, the ballots of a vote as XML and as CSV."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from services.scraper.parsers.base import ParseFailed

VOTES = "ca-federal-votes"
LIST = "https://www.ourcommons.ca/Members/{}/votes/xml?parlSession=45-1"
PARTICIPANTS = "ourcommons/votes/vote_43-2-69_participants.xml"
OLD_LIST = "ourcommons/votes/votes_list_42-1_2018.xml"


def only(result):
    (record,) = result.records
    return record


def test_the_list_of_2018_names_every_vote_with_its_totals(sample, parse):
    result = parse(sample(VOTES, OLD_LIST))
    assert len(result.follow) == 880
    vote = next(f.otherwise[0] for f in result.follow if f.url.endswith("/votes/42/1/101/xml"))
    assert (vote.key, vote.date) == ("ca/house/vote/42-1/101", date(2016, 6, 15))
    assert vote.occurred_at is None
    assert [(c.option, c.value) for c in vote.counts] == [("yes", 131), ("no", 171), ("paired", 0)]
    assert (vote.result, vote.bill_key) == ("fail", "ca/bill/42-1/c-223")
    assert {f.otherwise[0].result for f in result.follow} == {"pass", "fail", "tie"}


def test_both_wrappers_hold_the_same_votes(rendered, parse):
    listed = parse(rendered(VOTES, LIST.format("en")))
    body = rendered(VOTES, LIST.format("en")).body
    old = body.replace(b"<ArrayOfVote ", b"<List ").replace(b"</ArrayOfVote>", b"</List>")
    old = re.sub(rb"<(/?)Vote>", rb"<\1VoteParticipant>", old)
    wrapped = parse(replace(rendered(VOTES, LIST.format("en")), body=old))
    assert [f.context for f in wrapped.follow] == [f.context for f in listed.follow]
    assert listed.follow


def test_french_subjects_come_from_the_french_list_by_number(rendered, parse):
    french = rendered(VOTES, LIST.format("fr"))
    result = parse(replace(rendered(VOTES, LIST.format("en")), companions={"fr": french}))
    vote = next(f.otherwise[0] for f in result.follow if f.context["number"] == 8)
    assert vote.subject_en.startswith("2nd reading of Bill C-4")
    assert vote.subject_fr.startswith("2e lecture du projet de loi C-4")
    assert (vote.result_text_en, vote.result_text_fr) == ("Agreed To", "Adoptée")
    assert vote.date == date(2025, 6, 12)
    assert vote.occurred_at == datetime(2025, 6, 12, 19, 15, tzinfo=UTC)


def test_ballots_join_the_facts_of_the_list(rendered, parse):
    listed = parse(rendered(VOTES, LIST.format("en")))
    fetch = next(f for f in listed.follow if f.context["number"] == 8)
    result = parse(rendered(VOTES, fetch.url, step="ballots", context=fetch.context))
    vote = only(result)
    assert not result.problems
    cast = Counter(ballot.option for ballot in vote.ballots)
    assert {count.option: count.value for count in vote.counts} == {
        "yes": cast["yes"],
        "no": cast["no"],
        "paired": cast["paired"],
    }
    assert vote.subject_en == fetch.context["subject_en"]
    assert vote.facts() == {**fetch.otherwise[0].facts(), "ballots": vote.facts()["ballots"]}


def test_ballots_that_disagree_with_the_list_raise_an_alarm(rendered, parse):
    listed = parse(rendered(VOTES, LIST.format("en")))
    fetch = listed.follow[0]
    wrong = {**fetch.context, "yeas": fetch.context["yeas"] + 1}
    result = parse(rendered(VOTES, fetch.url, step="ballots", context=wrong))
    assert [problem.code for problem in result.problems] == ["ballots-disagree"]


def test_xml_and_csv_of_one_vote_hold_the_same_ballots(sample, parse):
    xml = only(parse(sample(VOTES, PARTICIPANTS)))
    csv = only(parse(sample(VOTES, "ourcommons/votes/csv/vote_43-2_69.csv")))
    assert len(xml.ballots) == 330
    assert (xml.key, xml.ballots, xml.counts) == (csv.key, csv.ballots, csv.counts)
    assert (xml.date, csv.date) == (date(2021, 3, 10), None)


def test_xml_and_csv_give_one_record_when_the_list_says_the_rest(sample, parse):
    facts = {
        "session": "43-2", "number": 69, "moment": "2021-03-10T15:50:00", "result_en": "Agreed To",
        "subject_en": "s", "yeas": 305, "nays": 25, "paired": 0, "bill": "",
    }  # fmt: skip
    xml = only(parse(sample(VOTES, PARTICIPANTS, context=facts)))
    csv = only(parse(sample(VOTES, "ourcommons/votes/csv/vote_43-2_69.csv", context=facts)))
    assert xml.facts() == csv.facts()


def test_every_recorded_csv_holds_as_many_ballots_as_rows(samples, sample, parse):
    counts = {}
    for path in sorted((samples / "ourcommons/votes/csv").glob("*.csv")):
        vote = only(parse(sample(VOTES, f"ourcommons/votes/csv/{path.name}")))
        counts[path.name] = len(vote.ballots)
        assert sum(count.value for count in vote.counts) == len(vote.ballots)
    assert counts["vote_38-1_1.csv"] == 300
    assert counts["vote_45-1_173.csv"] == 337
    assert sum(counts.values()) == 4_327


def test_a_member_paired_and_absent_differs_from_one_paired_who_voted(sample, parse):
    paired = only(parse(sample(VOTES, "ourcommons/votes/csv/vote_38-1_100.csv")))
    assert Counter(b.option for b in paired.ballots)["paired"] == 8
    voted = only(parse(sample(VOTES, "ourcommons/votes/csv/vote_44-1_456.csv")))
    assert {b.name: b.option for b in voted.ballots}["Anthony Housefather"] == "yes"


def test_a_list_of_another_session_than_asked_for_is_refused(sample, parse):
    with pytest.raises(ParseFailed) as failure:
        parse(sample(VOTES, OLD_LIST, session="45-1"))
    assert failure.value.code == "unknown-session"


def test_ballots_of_another_vote_than_asked_for_are_refused(sample, parse):
    context = {"session": "43-2", "number": 70, "moment": "2021-03-10T15:50:00"}
    with pytest.raises(ParseFailed) as failure:
        parse(sample(VOTES, PARTICIPANTS, context=context))
    assert failure.value.code == "wrong-shape"


CSV = "ourcommons/votes/csv/vote_43-2_69.csv"


def test_a_csv_that_was_cut_off_within_a_ballot_is_refused(samples, make_document, parse):
    body = (samples / CSV).read_bytes()
    tried = 0
    for end in range(200, 2_000, 11):
        if body[:end].rstrip(b"\r").endswith((b"\n", b",")):
            # Between two ballots nothing tells that more were to come.
            continue
        tried += 1
        with pytest.raises(ParseFailed):
            parse(make_document(VOTES, body[:end], "file:///vote_43-2_69.csv", step="ballots_csv"))
    assert tried > 100


@pytest.mark.parametrize(
    "change", ["semicolons", "quotes", "reversed columns", "capitals", "no last line end", "utf-16"]
)
def test_a_csv_written_otherwise_has_the_same_ballots(samples, make_document, parse, change):
    body = (samples / CSV).read_bytes()
    rows = list(csv.reader(io.StringIO(body.decode("utf-8-sig"), newline="")))
    told = io.StringIO(newline="")
    if change == "reversed columns":
        rows = [row[::-1] for row in rows]
    if change == "capitals":
        rows[0] = [cell.upper() for cell in rows[0]]
    quoting = csv.QUOTE_ALL if change == "quotes" else csv.QUOTE_MINIMAL
    csv.writer(told, delimiter=";" if change == "semicolons" else ",", quoting=quoting).writerows(rows)
    text = told.getvalue().rstrip() if change == "no last line end" else told.getvalue()
    other = text.encode("utf-16") if change == "utf-16" else text.encode()
    (expected,), (found,) = (
        parse(make_document(VOTES, each, "file:///vote_43-2_69.csv")).records for each in (body, other)
    )
    assert found.facts() == expected.facts()


def test_a_vote_without_the_number_of_pairs_has_none_and_a_bad_number_is_named_with_its_line(
    make_document, parse
):
    row = (
        "<Vote><ParliamentNumber>45</ParliamentNumber><SessionNumber>1</SessionNumber>"
        "<DecisionEventDateTime>2025-06-05T15:00:00</DecisionEventDateTime>"
        "<DecisionDivisionNumber>{}</DecisionDivisionNumber><DecisionDivisionNumberOfYeas>2</DecisionDivisionNumberOfYeas>"
        "<DecisionDivisionNumberOfNays>1</DecisionDivisionNumberOfNays></Vote>"
    )
    page = "<ArrayOfVote>\n{}\n</ArrayOfVote>"
    (fetch,) = parse(make_document(VOTES, page.format(row.format(7)).encode())).follow
    assert {count.option: count.value for count in fetch.otherwise[0].counts} == {
        "yes": 2,
        "no": 1,
        "paired": 0,
    }
    with pytest.raises(ParseFailed) as failure:
        parse(make_document(VOTES, page.format(row.format("seven")).encode()))
    assert "line 2" in failure.value.detail
    assert "DecisionDivisionNumber is 'seven'" in failure.value.detail
