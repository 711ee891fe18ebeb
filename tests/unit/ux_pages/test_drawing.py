"""Seats, stages, differences and party tables."""

from __future__ import annotations

import math
from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from hubs.ux_hub.web.service import bills, careers, hemicycle, people, votes, words
from hubs.ux_hub.web.service.record import cursor_of
from tests.unit.ux_pages.fake_record import bill, person, vote


@given(st.integers(min_value=0, max_value=700))
def test_every_seat_has_a_place_of_its_own_inside_the_drawing(count: int) -> None:
    places, radius = hemicycle.layout(count)
    assert len(places) == count
    assert len(set(places)) == count
    assert all(x - radius >= 0 and x + radius <= hemicycle.WIDTH for x, _ in places)
    assert all(y - radius >= 0 and y + radius <= hemicycle.HEIGHT for _, y in places)


def test_seats_do_not_touch() -> None:
    for count in (12, 50, 105, 125, 338, 343):
        places, radius = hemicycle.layout(count)
        nearest = min(math.dist(a, b) for i, a in enumerate(places) for b in places[i + 1 :])
        assert nearest >= 1.9 * radius, count


def test_those_who_said_yes_sit_left_of_those_who_said_no() -> None:
    drawn = hemicycle.seats(vote(ballots=100)["ballots"])
    options = [seat.option for seat in drawn]
    assert options == sorted(options, key=lambda o: {"yes": 0, "paired": 1, "no": 2}[o])
    assert drawn[0].x < hemicycle.WIDTH / 2 < drawn[-1].x


def test_a_vote_with_too_many_ballots_is_not_drawn() -> None:
    assert hemicycle.seats(vote(ballots=701)["ballots"]) == []


def test_parties_are_laid_out_by_size_and_add_up() -> None:
    found = votes.break_down(vote(ballots=100))
    assert [row.total for row in found.parties] == sorted((row.total for row in found.parties), reverse=True)
    assert sum(row.total for row in found.parties) == 100
    assert [b["position"] for b in found.dissenters] == [7]
    assert found.options == ["yes", "no", "paired"]


def test_totals_alone_are_laid_out_from_what_the_source_states() -> None:
    bare = {
        "ballots": [],
        "party_lines": [{"party": "A", "line": "yes", "dissents": 0, "counts": {"yes": 3}}],
    }
    assert [(row.party, row.total) for row in votes.break_down(bare).parties] == [("A", 3)]


def test_a_bill_is_as_far_as_its_stages_say() -> None:
    assert [step.state for step in bills.track(bill())] == ["done", "now", "ahead"]
    assert bills.progress(bill()) == (1, 3)
    stopped = {
        "stages": [{"state": "Bill defeated", "date": "2026-01-01"}, {"state": "", "date": "2026-01-01"}]
    }
    assert [step.state for step in bills.track(stopped)] == ["stopped", "done"]


def test_a_comparison_shows_what_changed_with_something_around_it() -> None:
    before = "\n".join(f"Clause {i}" for i in range(20))
    after = before.replace("Clause 10", "Clause ten").replace("Clause 19", "Clause 19\nClause 20")
    found = bills.compare(before, after)
    assert [(p.change, p.text) for p in found if p.change in ("added", "removed")] == [
        ("removed", "Clause 10"), ("added", "Clause ten"), ("added", "Clause 20"),
    ]  # fmt: skip
    assert [p.count for p in found if p.change == "skipped"] == [8, 5]


@given(st.lists(st.sampled_from("abcdef"), max_size=30), st.lists(st.sampled_from("abcdef"), max_size=30))
def test_a_comparison_loses_no_paragraph(old: list[str], new: list[str]) -> None:
    found = bills.compare("\n".join(old), "\n".join(new), context=0)
    skipped = sum(p.count for p in found)
    assert [p.text for p in found if p.change == "removed"].__len__() + skipped == len(old)
    assert [p.text for p in found if p.change == "added"].__len__() + skipped == len(new)


def test_the_seat_that_stands_is_shown_before_those_that_ended() -> None:
    today = date(2026, 5, 1)
    found = person(1)
    assert (people.seat_of(found, today) or {})["party"] == "Liberal"
    standing, former = people.split(found["memberships"], today)
    assert (len(standing), len(former)) == (1, 1)
    assert people.seat_of({"memberships": []}, today) is None


def test_initials_come_from_letters() -> None:
    assert [people.initials(n) for n in ("Élise Dupont", "Cher", "", "<b>", "Jean-Luc Picard")] == [
        "ÉD", "C", "?", "?", "JP",
    ]  # fmt: skip


def test_the_cursor_is_taken_out_of_the_address_of_the_next_page() -> None:
    assert cursor_of("/api/v1/bills?limit=1&cursor=a%2Bb") == "a+b"
    assert cursor_of(None) is None


def test_what_a_member_did_is_listed_by_day_the_newest_first() -> None:
    days = careers.by_day(
        [{"introduced_on": "2026-05-02"}, {"introduced_on": None}],
        [
            {"time": "2026-05-03T10:00:00Z", "debate_id": "d"},
            {"time": "2026-05-03T11:00:00Z", "debate_id": None},
        ],
        [{"date": "2026-05-03"}, {"date": "2026-05-01"}],
        most=3,
    )
    assert [(day, [act.kind for act in acts]) for day, acts in days] == [
        ("2026-05-03", ["speech", "ballot"]),
        ("2026-05-02", ["bill"]),
    ]


def test_nobody_agrees_both_most_and_least_and_few_common_votes_count_last() -> None:
    rows = [
        {"member": str(n), "name": str(n), "votes": 3 if n == 0 else 30, "agreement": 1 - n / 10}
        for n in range(6)
    ]
    nearest, farthest = careers.extremes(rows, most=4)
    assert [row["member"] for row in nearest] == ["1", "2", "3"]
    assert [row["member"] for row in farthest] == ["5", "4"]
    assert [row["member"] for row in careers.extremes(rows[:1])[0]] == ["0"]
    assert careers.extremes([]) == ([], [])


def test_words_that_everybody_uses_are_not_counted_and_markup_is_none() -> None:
    speeches = [
        {
            "paragraphs": [
                {"text_en": "<p>The member for Farming loves farming &amp; farmers.</p>", "text_fr": None}
            ]
        },
        {
            "paragraphs": [
                {"text_en": "Honourable farmers", "text_fr": "L’agriculture d’aujourd’hui, l’agriculture"}
            ]
        },
        {"paragraphs": None},
    ]
    assert words.most_used(speeches, "en") == [("farmers", 2), ("farming", 2), ("loves", 1)]
    assert words.most_used(speeches, "fr") == [("agriculture", 2)]
