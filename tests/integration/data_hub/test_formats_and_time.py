"""The same records in other formats, at other times, and how each member voted."""

from __future__ import annotations

import csv
import io
import json

from .conftest import Hub, ballot, bill, both_servers, membership, person, vote


def rows_of(answer) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))


def test_lists_come_as_csv_or_ndjson_by_parameter_or_by_accept(hub: Hub) -> None:
    hub.load("bill", bill("C-1", title_en='=cmd|"x"'), bill("C-2", title_en='A, "quoted"\ntitle'))
    answer = hub.http.get("/api/v1/bills", params={"sort": "number", "format": "csv"})
    assert answer.headers["content-type"].startswith("text/csv")
    assert answer.headers["content-disposition"] == 'attachment; filename="bills.csv"'
    found = rows_of(answer)
    assert [row["number"] for row in found] == ["C-1", "C-2"]
    assert found[0]["title_en"] == '\'=cmd|"x"'
    assert found[1]["title_en"] == 'A, "quoted"\ntitle'
    lines = hub.http.get("/api/v1/bills", headers={"Accept": "application/x-ndjson, application/json;q=0.5"})
    assert [json.loads(line)["number"] for line in lines.text.splitlines()]
    assert hub.http.get("/api/v1/bills", headers={"Accept": "image/png"}).status_code == 406
    assert hub.http.get("/api/v1/bills", headers={"Accept": "text/html,*/*;q=0.1"}).json()["data"]
    french = rows_of(hub.http.get("/api/v1/bills", params={"format": "csv", "lang": "fr"}))
    assert {"numero", "titre", "depose_le"} <= set(french[0])


def test_a_csv_page_links_to_the_next_one(hub: Hub) -> None:
    hub.load("bill", bill("C-1"), bill("C-2"))
    answer = hub.http.get("/api/v1/bills", params={"format": "csv", "limit": 1})
    link = answer.headers["link"].split(">")[0].lstrip("<")
    assert len(rows_of(hub.http.get(link))) == 1


def test_popolo_says_the_same_in_its_own_words(hub: Hub) -> None:
    hub.load("person", person(1, contacts=[{"type": "email", "value": "ruby@parl.gc.ca"}]))
    hub.load("membership", membership(1))
    hub.load("vote_event", vote(1, [ballot(1, "no")]))
    [found] = hub.get("/api/v1/people", format="popolo", include="memberships")["data"]
    assert found["identifiers"] == [{"scheme": "ourcommons.ca/person", "identifier": "1"}]
    assert found["contact_details"] == [{"type": "email", "value": "ruby@parl.gc.ca", "note": ""}]
    assert found["memberships"][0]["person_id"] == found["id"]
    one = hub.get("/api/v1/votes/45-1-1", format="popolo")
    assert one["votes"][0]["voter_id"] == found["id"]
    assert one["motion"] == {"text": "2nd reading of Bill C-2", "result": "pass"}
    hub.get("/api/v1/bills", 422, format="popolo", lang="fr")
    hub.load("bill", bill())
    assert "Popolo" in hub.get("/api/v1/bills", 422, format="popolo")["detail"]


@both_servers
def test_a_bill_as_of_a_day_has_reached_what_it_had_then(hub: Hub) -> None:
    stages = [
        {
            "chamber": "house",
            "code": "1",
            "name_en": "First reading",
            "name_fr": "Première lecture",
            "date": "2025-06-03",
        },
        {
            "chamber": "house",
            "code": "2",
            "name_en": "Second reading",
            "name_fr": "Deuxième lecture",
            "date": "2025-06-10",
        },
        {
            "chamber": "senate",
            "code": "3",
            "name_en": "Third reading",
            "name_fr": "Troisième lecture",
            "date": "2025-06-20",
        },
    ]
    hub.load(
        "bill",
        bill(
            "C-5",
            stages=stages,
            status_en="Royal assent",
            royal_assent_on="2025-06-26",
            latest_activity_on="2025-06-26",
        ),
        bill("C-9", introduced_on="2025-07-01"),
    )
    then = hub.get("/api/v1/bills/45-1-c-5", as_of="2025-06-15")
    assert [s["name_en"] for s in then["stages"]] == ["First reading", "Second reading"]
    assert (then["status_en"], then["status_fr"]) == ("Second reading", "Deuxième lecture")
    assert (then["royal_assent_on"], then["is_law"], then["latest_activity_on"]) == (
        None,
        False,
        "2025-06-10",
    )
    assert hub.get("/api/v1/bills/45-1-c-5", as_of="2025-07-15")["is_law"] is True
    assert (
        "was not there on 2025-06-30" in hub.get("/api/v1/bills/45-1-c-9", 404, as_of="2025-06-30")["detail"]
    )
    assert [b["number"] for b in hub.get("/api/v1/bills", as_of="2025-06-15")["data"]] == ["C-5"]
    assert hub.get("/api/v1/bills", as_of="2025-06-15")["data"][0]["status_en"] == "Second reading"


@both_servers
def test_the_record_can_be_read_as_it_was_recorded_at_a_moment(hub: Hub) -> None:
    hub.load("bill", bill("C-1", status_code="A"))
    first = hub.get("/api/v1/bills/45-1-c-1")["updated_at"]
    hub.load("bill", bill("C-1", status_code="B"), bill("C-2", status_code="A"))
    second = hub.get("/api/v1/bills/45-1-c-1")["updated_at"]
    hub.close("01a20966-cd8e-7457-95fc-1d48cf98307c", ("bill", "ca/bill/45-1/"))
    assert hub.get("/api/v1/bills")["data"] == []

    def codes(moment: str, **params: object) -> dict[str, str]:
        found = hub.get("/api/v1/bills", recorded_at=moment, **params)["data"]
        return {row["number"]: row["status_code"] for row in found}

    assert codes(first) == {"C-1": "A"}
    assert codes(second) == {"C-1": "B", "C-2": "A"}
    assert codes(second, status_code="A") == {"C-2": "A"}
    assert codes(second, introduced_on__gte="2025-06-04") == {}
    assert codes("2020-01-01") == {}
    assert hub.get("/api/v1/bills/45-1-c-1", recorded_at=first)["status_code"] == "A"
    hub.get("/api/v1/bills/45-1-c-2", 404, recorded_at=first)
    hub.get("/api/v1/bills", 422, recorded_at=first, deleted="only")
    hub.get("/api/v1/bills", 422, recorded_at=first, title_en__contains="x")


def test_ballots_of_a_past_state_are_those_of_then(hub: Hub) -> None:
    hub.load("vote_event", vote(1, [ballot(1, "yes")]))
    moment = hub.get("/api/v1/votes/45-1-1")["updated_at"]
    hub.load("vote_event", vote(1, [ballot(1, "no")]))
    assert hub.get("/api/v1/votes/45-1-1", recorded_at=moment)["ballots"][0]["option"] == "yes"
    assert hub.get("/api/v1/votes/45-1-1")["ballots"][0]["option"] == "no"


@both_servers
def test_how_a_member_voted_across_votes(hub: Hub) -> None:
    hub.load("person", person(1), person(2, "Anita Anand"))
    hub.load("bill", bill())
    party = [ballot(n) for n in range(3, 13)]
    for number, day in ((1, "2025-06-01"), (2, "2025-06-02"), (3, "2025-06-03")):
        mine = ballot(1, "no" if number == 2 else "yes")
        hub.load(
            "vote_event",
            vote(
                number,
                [mine, ballot(2), *party],
                date=day,
                bill_key="ca/bill/45-1/c-2" if number > 1 else None,
            ),
        )

    def numbers(**params: object) -> list[int]:
        return [row["vote"]["number"] for row in hub.get("/api/v1/ballots", **params)["data"]]

    assert numbers(person="ruby-sahota") == [3, 2, 1]
    assert numbers(person="ruby-sahota", sort="date") == [1, 2, 3]
    assert numbers(person="ruby-sahota", option="no") == [2]
    assert numbers(is_dissent="true") == [2]
    assert numbers(person="anita-anand", bill="45-1-c-2", date__lte="2025-06-02") == [2]
    assert numbers(person="nobody") == []
    first = hub.get("/api/v1/ballots", vote="45-1-3", limit=5, total="true")
    assert first["meta"]["total"] == 12
    assert len(first["data"]) == 5
    member = hub.get("/api/v1/people/ruby-sahota")
    assert first["data"][-1]["vote_url"].startswith("/api/v1/votes/")
    assert hub.get("/api/v1/ballots", person=member["id"])["data"][0]["person_url"] == member["url"]
    assert (
        rows_of(hub.http.get("/api/v1/ballots", params={"person": "ruby-sahota", "format": "csv"}))[0][
            "option"
        ]
        == "yes"
    )
    hub.get("/api/v1/ballots", 422, date__gte="2025-02-02", date__lte="2025-01-01")
    hub.get("/api/v1/ballots", 422, colour="red")


@both_servers
def test_a_crawl_of_all_ballots_reads_each_once_without_sorting_them_all(hub: Hub) -> None:
    for number in range(1, 6):
        cast = [ballot(n, "no" if n % 3 else "yes") for n in range(1, 5)]
        hub.load("vote_event", vote(number, cast, date=f"2025-06-0{number % 3 + 1}"))
    for sort in ("date", "-date"):
        with hub.queries() as seen:
            found = crawl(hub, f"/api/v1/ballots?limit=3&sort={sort}")
        days = [row["date"] for row in found]
        assert days == sorted(days, reverse=sort == "-date")
        cast = {(row["vote"]["number"], row["person_key"]) for row in found}
        assert len(cast) == len(found) == 20
        # The days of votes are an index: ballots of half a million rows are not sorted for a page.
        assert any("(data.vote_event.sort_date, data.vote_event.id) " in one for one in seen)
    assert len(crawl(hub, "/api/v1/ballots?limit=3&option=yes")) == 5


def test_a_table_of_ballots_has_their_votes_in_columns_of_one_name_each(hub: Hub) -> None:
    hub.load("bill", bill())
    hub.load("vote_event", vote(1, [ballot(1)], bill_key="ca/bill/45-1/c-2"), vote(2, [ballot(2, "no")]))
    for limit in ("50", "all"):
        asked = {"format": "csv", "limit": limit, "sort": "date"}
        english = hub.http.get("/api/v1/ballots", params=asked).content.decode("utf-8-sig")
        french = hub.http.get("/api/v1/ballots", params={**asked, "lang": "fr"}).content.decode("utf-8-sig")
        for said in (english, french):
            [names] = csv.reader(io.StringIO(said.splitlines()[0]))
            assert len(set(names)) == len(names)
        rows = sorted(csv.DictReader(io.StringIO(english)), key=lambda row: row["vote_number"])
        assert [(row["option"], row["vote_session"], row["vote_result"]) for row in rows] == [
            ("yes", "45-1", "pass"),
            ("no", "45-1", "pass"),
        ]
        assert rows[0]["vote_bill_url"].startswith("/api/v1/bills/")
        assert rows[1]["vote_bill_url"] == ""
        row = next(csv.DictReader(io.StringIO(french)))
        assert (row["vote_titre"], row["vote_numero"] in ("1", "2")) == (
            "2e lecture du projet de loi C-2",
            True,
        )
        assert row["vote"] in ("yes", "no")


def crawl(hub: Hub, path: str | None) -> list[dict]:
    """Return the rows of a listing, page after page."""
    found: list[dict] = []
    while path is not None:
        page = hub.get(path)
        found += page["data"]
        path = page["next"]
    return found
