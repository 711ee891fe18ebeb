"""Indicators against a computation that shares nothing with their SQL, on recorded votes and on small facts."""

from __future__ import annotations

import csv
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy.orm import Session, sessionmaker

from hubs.intelligence_hub.analytics.definitions import INDICATORS
from hubs.intelligence_hub.analytics.facts import ballot_rows, vote_row
from hubs.intelligence_hub.analytics.repository import AnalyticsRepository
from hubs.intelligence_hub.analytics.service import build
from shared.core.errors import Invalid, NotFound
from shared.db.session import transaction
from tests.integration.intelligence_hub.conftest import rows


def recorded(samples: Path) -> dict[str, list[dict[str, str]]]:
    """The recorded ballots of the House, read with nothing but the csv module."""
    found = {}
    for path in sorted((samples / "ourcommons" / "votes" / "csv").glob("*.csv")):
        with path.open(encoding="utf-8-sig", newline="") as file:
            found[path.stem.removeprefix("vote_").replace("_", "-")] = list(csv.DictReader(file))
    return found


OPTION = {"Yea": "yes", "Nay": "no", "": "paired"}


def as_votes(samples: Path) -> Iterator[dict]:
    for number, (slug, sheet) in enumerate(recorded(samples).items()):
        yield {
            "key": f"ca/house/vote/{slug}",
            "slug": slug,
            "date": f"2020-01-{number + 1:02}",
            "session": slug.rpartition("-")[0],
            "organization_key": "ca/house",
            "result": "pass",
            "subject_en": "",
            "subject_fr": "",
            "bill_key": None,
            "ballots": [
                {
                    "person_key": f"ca/house/person/{row['Person ID']}",
                    "name": row["Member of Parliament"],
                    "party": row["Political Affiliation"],
                    "option": OPTION[row["Member Voted"]],
                }
                for row in sheet
            ],
        }


def keep(sessions: sessionmaker[Session], votes: list[dict]) -> None:
    with transaction(sessions) as session:
        for vote in votes:
            AnalyticsRepository(session).put("vote_event", [vote_row(vote)], ballot_rows(vote))


def test_unity_and_dissent_of_the_recorded_votes(samples: Path, sessions) -> None:
    votes = list(as_votes(samples))
    keep(sessions, votes)
    unity: dict[str, list[float]] = defaultdict(list)
    cast: Counter[str] = Counter()
    dissents: Counter[str] = Counter()
    per_vote = {}
    for vote in votes:
        sides: dict[str, Counter[str]] = defaultdict(Counter)
        for ballot in vote["ballots"]:
            sides[ballot["party"]][ballot["option"]] += 1
        # They have no line in common.
        sides.pop("Independent", None)
        for party, side in sides.items():
            yes, no = side["yes"], side["no"]
            if yes + no:
                unity[party].append(max(yes, no) / (yes + no))
                per_vote[vote["slug"], party] = (yes, no, min(yes, no))
        for ballot in vote["ballots"]:
            yes, no = sides[ballot["party"]]["yes"], sides[ballot["party"]]["no"]
            if ballot["option"] in ("yes", "no") and yes != no:
                cast[ballot["person_key"]] += 1
                dissents[ballot["person_key"]] += (ballot["option"] == "yes") != (yes > no)
    found = {row["party"]: row["unity"] for row in rows(sessions, "party-unity")}
    assert found == {party: pytest.approx(sum(u) / len(u), abs=1e-4) for party, u in unity.items()}
    assert {
        (r["vote"], r["party"]): (r["yes"], r["no"], r["dissents"]) for r in rows(sessions, "vote-unity")
    } == per_vote
    assert {r["member"]: (r["votes"], r["dissents"]) for r in rows(sessions, "member-dissent")} == {
        m: (cast[m], dissents[m]) for m in cast
    }
    assert sum(dissents.values()) > 0


def a_vote(day: int, *ballots: tuple[str, str, str]) -> dict:
    return {
        "key": f"v/{day}", "slug": f"v-{day}", "date": f"2020-01-{day:02}", "session": "1-1",
        "organization_key": "o", "result": "pass", "subject_en": "", "subject_fr": "", "bill_key": None,
        "ballots": [
            {"person_key": f"p/{name}", "name": name, "party": party, "option": option}
            for name, party, option in ballots
        ],
    }  # fmt: skip


def test_independents_have_no_line_and_a_member_is_of_the_last_party(sessions) -> None:
    keep(
        sessions,
        [
            # z crosses the floor from Z to A, then sits alone; a tie and paired or absent members are no line.
            a_vote(1, ("z", "Z", "no"), ("y", "Z", "yes"), ("x", "Z", "yes"), ("a", "A", "no")),
            a_vote(2, ("z", "A", "yes"), ("a", "A", "no"), ("b", "A", "no"), ("y", "Z", "yes")),
            a_vote(3, ("z", "Independent", "no"), ("i", "independent", "yes"), ("j", "Indépendante", "yes")),
            a_vote(4, ("y", "Z", "yes"), ("x", "Z", "no"), ("a", "A", "paired"), ("b", "A", "absent")),
        ],
    )
    assert {
        r["party"]: (r["votes"], r["with_line"], r["against_line"]) for r in rows(sessions, "party-unity")
    } == {
        "Z": (3, 4, 2),
        "A": (2, 3, 1),
    }
    assert {
        r["member"]: (r["party"], r["votes"], r["dissents"]) for r in rows(sessions, "member-dissent")
    } == {
        "p/z": ("A", 2, 2),
        "p/y": ("Z", 2, 0),
        "p/x": ("Z", 1, 0),
        "p/a": ("A", 2, 0),
        "p/b": ("A", 1, 0),
    }
    assert {r["vote"] for r in rows(sessions, "vote-unity")} == {"v-1", "v-2", "v-4"}
    assert [(r["party"], r["other"], r["votes"]) for r in rows(sessions, "party-agreement")] == [
        ("A", "Z", 2)
    ]
    nearest = {
        r["member"]: (r["party"], r["votes"], r["agreed"]) for r in rows(sessions, "agreement", member="p/y")
    }
    assert nearest["p/z"] == ("A", 2, 1)
    took_part = {r["member"]: (r["took_part"], r["held"]) for r in rows(sessions, "attendance")}
    # Paired counts as taking part, absent and not being there do not; held counts from the first ballot on.
    assert took_part["p/a"] == (3, 4)
    assert took_part["p/b"] == (1, 3)
    assert took_part["p/i"] == (1, 2)


def test_agreement_of_the_recorded_votes(samples: Path, sessions) -> None:
    votes = list(as_votes(samples))
    keep(sessions, votes)
    member = votes[-1]["ballots"][0]["person_key"]
    same: Counter[str] = Counter()
    both: Counter[str] = Counter()
    for vote in votes:
        said = {b["person_key"]: b["option"] for b in vote["ballots"] if b["option"] in ("yes", "no")}
        if member in said:
            for other, option in said.items():
                if other != member:
                    both[other] += 1
                    same[other] += option == said[member]
    assert {r["member"]: (r["votes"], r["agreed"]) for r in rows(sessions, "agreement", member=member)} == {
        m: (both[m], same[m]) for m in both
    }


def small() -> list[dict]:
    def vote(number: int, day: str, ballots: str) -> dict:
        made = []
        for word in ballots.split():
            name, party, option = word.split("/")
            made.append({"person_key": f"p/{name}", "name": name, "party": party, "option": option})
        return {
            "key": f"ca/house/vote/1-1/{number}",
            "slug": f"1-1-{number}",
            "date": day,
            "session": "1-1",
            "organization_key": "ca/house",
            "result": "pass",
            "subject_en": "",
            "subject_fr": "",
            "bill_key": None,
            "ballots": made,
        }

    return [
        vote(1, "2020-01-01", "a/X/yes b/X/yes c/X/no d/Y/no e/Y/no"),
        vote(2, "2020-01-02", "a/X/yes b/X/no d/Y/yes e/Y/absent"),
        vote(3, "2020-01-03", "a/X/no b/X/no c/X/no d/Y/yes e/Y/paired f/Y/yes"),
    ]


def test_small_facts_counted_by_hand(sessions) -> None:
    keep(sessions, small())
    # X: 2/3, 1/2, 1 and Y: 1, 1, 1.
    assert {r["party"]: r["unity"] for r in rows(sessions, "party-unity")} == {"X": 0.7222, "Y": 1.0}
    # Vote 2 splits X evenly: no line, so neither a nor b dissents there.
    assert {r["member"]: (r["dissents"], r["votes"]) for r in rows(sessions, "member-dissent")} == {
        "p/a": (0, 2),
        "p/b": (0, 2),
        "p/c": (1, 2),
        "p/d": (0, 3),
        "p/e": (0, 1),
        "p/f": (0, 1),
    }
    # e was absent once of three, f first voted in the third.
    assert {r["member"]: r["attendance"] for r in rows(sessions, "attendance")} == {
        "p/a": 1.0,
        "p/b": 1.0,
        "p/c": 0.6667,
        "p/d": 1.0,
        "p/e": 0.6667,
        "p/f": 1.0,
    }
    # X and Y: no/yes in 1, no line of X in 2, no/yes in 3.
    assert rows(sessions, "party-agreement") == [{"party": "X", "other": "Y", "votes": 2, "agreement": 0.0}]


def a_bill(number: str, introduced: str, assent: str | None, **more) -> dict:
    return {
        "bill_key": f"ca/bill/1-1/{number}",
        "number": number,
        "session": "1-1",
        "chamber": "house",
        "is_government": True,
        "is_private_member": False,
        "latest_activity_on": None,
        "title_en": "",
        "title_fr": "",
        "status_code": "royal-assent" if assent else "second-reading",
        "status_en": "",
        "status_fr": "",
        "introduced_on": date.fromisoformat(introduced),
        "royal_assent_on": date.fromisoformat(assent) if assent else None,
        "sponsor_key": "p/a",
        "sponsor_name": "A",
        "stages": [
            {"chamber": "house", "code": "first-reading", "name_en": "", "name_fr": "", "date": introduced}
        ],
        **more,
    }


def test_agreement_within_a_party_of_the_recorded_votes(samples: Path, sessions) -> None:
    votes = list(as_votes(samples))
    keep(sessions, votes)
    party = "Bloc Québécois"
    both: Counter[tuple[str, str]] = Counter()
    same: Counter[tuple[str, str]] = Counter()
    for vote in votes:
        said = {
            b["person_key"]: b["option"]
            for b in vote["ballots"]
            if b["option"] in ("yes", "no") and b["party"] == party
        }
        for one in said:
            for other in said:
                if one < other:
                    both[one, other] += 1
                    same[one, other] += said[one] == said[other]
    assert both
    found = rows(sessions, "agreement-matrix", party=party)
    assert {(r["member"], r["other"]): (r["votes"], r["agreed"]) for r in found} == {
        pair: (both[pair], same[pair]) for pair in both
    }


def test_attendance_of_the_recorded_votes(samples: Path, sessions) -> None:
    votes = list(as_votes(samples))
    keep(sessions, votes)
    first: dict[str, str] = {}
    took: Counter[str] = Counter()
    for vote in votes:
        for ballot in vote["ballots"]:
            first.setdefault(ballot["person_key"], vote["date"])
            took[ballot["person_key"]] += ballot["option"] not in ("absent", "not voting")
    held = {member: sum(vote["date"] >= day for vote in votes) for member, day in first.items()}
    assert {r["member"]: (r["took_part"], r["held"]) for r in rows(sessions, "attendance")} == {
        member: (took[member], held[member]) for member in first
    }


def test_bills_counted_by_hand(sessions) -> None:
    with transaction(sessions) as session:
        repository = AnalyticsRepository(session)
        for bill in (
            a_bill("c-1", "2020-01-01", "2020-01-11"),
            a_bill("c-2", "2020-01-01", "2020-01-31"),
            a_bill(
                "c-3",
                "2020-01-01",
                None,
                stages=[
                    {
                        "chamber": "house",
                        "code": "second-reading",
                        "name_en": "",
                        "name_fr": "",
                        "date": "2020-03-01",
                    }
                ],
            ),
            a_bill("c-201", "2020-01-01", None, is_government=False, sponsor_key="", sponsor_name="B"),
        ):
            repository.put("bill", [bill])
    outcome = {
        r["kind"]: (r["introduced"], r["became_law"], r["success"], r["median_days_to_law"])
        for r in rows(sessions, "bill-outcome")
    }
    assert outcome == {"government": (3, 2, 0.6667, 10), "other": (1, 0, 0.0, None)}
    assert {(r["bill"], r["stage"]): r["days"] for r in rows(sessions, "bill-velocity")}[
        "c-3", "second-reading"
    ] == 60
    assert [(r["name"], r["bills"], r["became_law"]) for r in rows(sessions, "sponsorship")] == [
        ("A", 3, 2),
        ("B", 1, 0),
    ]
    assert {r["status"]: r["bills"] for r in rows(sessions, "bills-by-status")} == {
        "royal-assent": 2,
        "second-reading": 2,
    }


def test_what_an_indicator_does_not_take_is_refused(sessions) -> None:
    with transaction(sessions) as session:
        with pytest.raises(Invalid, match="takes no parameter"):
            build(session).compute("bill-outcome", {"member": "x"})
        with pytest.raises(Invalid, match="needs the parameter 'member'"):
            build(session).compute("agreement", {})
        with pytest.raises(NotFound):
            build(session).compute("party-unty", {})


def test_every_indicator_is_defined_in_both_languages_and_answers_on_no_facts(sessions) -> None:
    for name, indicator in INDICATORS.items():
        assert all(
            (
                indicator.title_en,
                indicator.title_fr,
                indicator.definition_en,
                indicator.definition_fr,
                indicator.formula_en,
                indicator.formula_fr,
                indicator.unit_en,
                indicator.unit_fr,
                indicator.source_en,
                indicator.source_fr,
                indicator.caveat_en,
                indicator.caveat_fr,
            )
        )
        assert rows(sessions, name, **dict.fromkeys(indicator.required, "x")) == []
