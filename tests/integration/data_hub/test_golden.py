"""Answers that were worked out by hand from recorded documents, given by the hub on both servers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from services.scraper.parse_command import ParseReport, parse_files

from .conftest import Hub, both_servers

VOTE, DIVIDED, PAIRED = "vote_43-2_69.csv", "vote_42-1_69.csv", "vote_45-1_100.csv"


def parsed(source_id: str, path: Path, **changes: Any) -> dict[str, list[dict[str, Any]]]:
    """Return what the source's own parser reads in a document, by kind."""
    found: dict[str, list[dict[str, Any]]] = {}
    for record in parse_files(source_id, [path], ParseReport()):
        found.setdefault(record.kind, []).append(record.model_dump(mode="json") | changes)
    return found


def load_vote(hub: Hub, samples: Path, name: str, date: str) -> dict[str, Any]:
    """Load a vote of the House, whose ballot sheet states no date, and return it as it is served."""
    [vote] = parsed("ca-federal-votes", samples / "ourcommons/votes/csv" / name, date=date)["vote_event"]
    hub.load("vote_event", vote)
    return hub.get(f"/api/v1/votes/{vote['key']}")


def lines(vote: dict[str, Any]) -> dict[str, tuple[str, int]]:
    return {line["party"]: (line["line"], line["dissents"]) for line in vote["party_lines"]}


@both_servers
def test_party_lines_and_dissent_of_recorded_votes(hub: Hub, samples: Path) -> None:
    # 150 Liberals, 119 Conservatives, 32 of the Bloc and 4 independents say yes; 22 NDP and 3 Greens no.
    vote = load_vote(hub, samples, VOTE, "2021-03-10")
    assert (vote["yes_count"], vote["no_count"], vote["ballot_count"], vote["is_consistent"]) == (
        305,
        25,
        330,
        True,
    )
    assert lines(vote) == {
        "Bloc Québécois": ("yes", 0),
        "Conservative": ("yes", 0),
        "Green Party": ("no", 0),
        "Independent": ("none", 0),
        "Liberal": ("yes", 0),
        "NDP": ("no", 0),
    }
    # 86 Conservatives say yes and 5 no: 5.5 per cent is under 15, so those five broke the line.
    divided = load_vote(hub, samples, DIVIDED, "2016-05-31")
    assert lines(divided)["Conservative"] == ("yes", 5)
    broke = {b["name"] for b in divided["ballots"] if b["is_dissent"]}
    assert broke == {"Michael Chong", "Michael Cooper", "Kerry Diotte", "Peter Kent", "David Tilson"}
    answer = hub.get("/api/v1/ballots", is_dissent="true")
    assert {(b["name"], b["option"]) for b in answer["data"]} == {(name, "no") for name in broke}
    # 123 to 8 with 7 paired: the paired count in no line, the 8 of 131 are 6.1 per cent.
    paired = load_vote(hub, samples, PAIRED, "2026-03-25")
    [conservative] = [line for line in paired["party_lines"] if line["party"] == "Conservative"]
    assert (conservative["line"], conservative["dissents"]) == ("yes", 8)
    assert conservative["counts"] == {"no": 8, "paired": 7, "yes": 123}
    assert (paired["yes_count"], paired["no_count"], paired["paired_count"]) == (291, 28, 18)


@both_servers
def test_the_stages_that_a_bill_has_passed(hub: Hub, samples: Path) -> None:
    path = samples / "legisinfo/bill_detail_json/45-1_C-5.json"
    for kind, records in parsed("ca-federal-bills", path).items():
        hub.load(kind, *records)
    bill = hub.get("/api/v1/bills/45-1-c-5")
    assert [(s["chamber"], s["name_en"], s["date"]) for s in bill["stages"]] == [
        ("house", "First reading", "2025-06-06"),
        ("house", "Second reading", "2025-06-16"),
        ("house", "Consideration in committee", "2025-06-19"),
        ("house", "Report stage", "2025-06-20"),
        ("house", "Third reading", "2025-06-20"),
        ("senate", "First reading", "2025-06-25"),
        ("senate", "Second reading", "2025-06-25"),
        ("senate", "Third reading", "2025-06-26"),
        ("senate", "Royal assent", "2025-06-26"),
    ]
    assert (bill["is_law"], bill["royal_assent_on"]) == (True, "2025-06-26")
    then = hub.get("/api/v1/bills/45-1-c-5", as_of="2025-06-20")
    assert [s["name_en"] for s in then["stages"]][-1] == "Third reading"
    assert (len(then["stages"]), then["is_law"]) == (5, False)


@both_servers
def test_the_members_on_a_date(hub: Hub, samples: Path) -> None:
    # 338 members in March 2021: 336 since 21 October 2019, two Liberals since the by-elections of 26 October 2020.
    path = samples / "ourcommons/members/members_search_2021-03.xml"
    for kind, records in parsed("ca-federal-mps", path).items():
        hub.load(kind, *records)

    def members(**params: Any) -> int:
        return hub.get("/api/v1/people", organization="ca/house", total="true", limit=1, **params)["meta"][
            "total"
        ]

    assert members(as_of="2019-10-20") == 0
    assert members(as_of="2020-10-25") == 336
    assert members(as_of="2020-10-26") == 338
    assert members(as_of="2020-10-25", party="Liberal") == 152
    assert members(as_of="2020-10-26", party="Liberal") == 154
    assert members(as_of="2020-10-26", party="Green Party") == 3


def test_a_vote_without_a_date_is_refused(hub: Hub, samples: Path) -> None:
    [vote] = parsed("ca-federal-votes", samples / "ourcommons/votes/csv" / VOTE)["vote_event"]
    answer = hub.post("/api/v1/batches", hub.batch("vote_event", vote))
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/records/0/date"
    assert hub.get("/api/v1/votes")["data"] == []
