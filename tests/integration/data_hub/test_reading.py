"""Lists and single records: filters, order, pages, languages, links, freshness, strictness."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlsplit

import pytest

from hubs.data_hub.database.service.collections import COLLECTIONS

from .conftest import Hub, ballot, bill, both_servers, membership, person, vote


def crawl(hub: Hub, path: str, **params: object) -> list[list[dict]]:
    pages = []
    answer = hub.get(path, **params)
    while True:
        pages.append(answer["data"])
        if not answer["next"]:
            return pages
        split = urlsplit(answer["next"])
        answer = hub.get(split.path, **dict(parse_qsl(split.query)))


@both_servers
@pytest.mark.parametrize(
    "sort",
    [
        "name",
        "-name",
        "-latest_activity_on",
        "introduced_on",
        "-royal_assent_on",
        "-updated_at",
        "created_at",
        "number",
    ],
)
def test_a_crawl_by_cursor_sees_every_row_once_in_order(hub: Hub, sort: str) -> None:
    rows = [
        bill(
            f"C-{n}",
            latest_activity_on=f"2025-06-{n % 5 + 10}",
            introduced_on=None if n % 3 == 0 else f"2025-05-{n % 4 + 10}",
            royal_assent_on=f"2025-07-{n % 9 + 10}" if n % 2 else None,
        )
        for n in range(1, 24)
    ]
    hub.load("bill", *rows)
    whole = [row["key"] for row in hub.get("/api/v1/bills", sort=sort, limit=500)["data"]]
    pages = crawl(hub, "/api/v1/bills", sort=sort, limit=5)
    assert [len(page) for page in pages] == [5, 5, 5, 5, 3]
    assert [row["key"] for page in pages for row in page] == whole
    assert len(set(whole)) == 23


def test_rows_that_come_and_go_disturb_no_crawl(hub: Hub) -> None:
    hub.load("person", *[person(n, f"Name {chr(64 + n)}") for n in range(1, 11)])
    first = hub.get("/api/v1/people", limit=4)
    hub.load("person", person(50, "Name AA"), person(51, "Name ZZ"))
    rest = crawl(
        hub, "/api/v1/people", limit=4, cursor=dict(parse_qsl(urlsplit(first["next"]).query))["cursor"]
    )
    names = [p["name"] for p in first["data"]] + [p["name"] for page in rest for p in page]
    assert names == [f"Name {chr(64 + n)}" for n in range(1, 11)] + ["Name ZZ"]


@both_servers
def test_filters_narrow_with_operators(hub: Hub) -> None:
    hub.load(
        "bill",
        bill("C-1", status_code="A", introduced_on="2025-05-01"),
        bill("C-2", status_code="B", introduced_on="2025-06-01", royal_assent_on="2025-06-26"),
        bill("S-3", "44-1", chamber="senate", status_code="B", introduced_on="2023-02-01"),
    )

    def numbers(**params: object) -> list[str]:
        return [row["number"] for row in hub.get("/api/v1/bills", sort="number", **params)["data"]]

    assert numbers(session="45-1") == ["C-1", "C-2"]
    assert numbers(status_code__in="A,B", chamber="senate") == ["S-3"]
    assert numbers(introduced_on__gte="2025-05-15") == ["C-2"]
    assert numbers(introduced_on__range="2023-01-01,2025-05-15") == ["S-3", "C-1"]
    assert numbers(royal_assent_on__isnull="false") == ["C-2"]
    assert numbers(is_law="true") == ["C-2"]
    assert numbers(number__startswith="C-") == ["C-1", "C-2"]
    assert numbers(title_fr__icontains="SÉCURITÉ", session__ne="45-1") == ["S-3"]
    assert numbers(number__iexact="c-2") == ["C-2"]
    assert numbers(number__contains="_") == []
    assert numbers(jurisdiction="ocd-jurisdiction/country:ca/province:on/legislature") == []


@both_servers
def test_relations_filter_by_id_slug_or_key_and_are_shown_as_ids_and_urls(hub: Hub) -> None:
    hub.load("person", person(1), person(2, "Anita Anand"))
    hub.load("bill", bill(sponsors=[{"name": "Ruby Sahota", "person_key": "ca/house/person/1"}]), bill("C-3"))
    hub.load("vote_event", vote(1, [ballot(1), ballot(2)], bill_key="ca/bill/45-1/c-2"), vote(2))
    member = hub.get("/api/v1/people/ruby-sahota")
    for name in (member["id"], "ruby-sahota", "ca/house/person/1"):
        [found] = hub.get("/api/v1/bills", sponsor=name)["data"]
        assert found["sponsors"][0]["person_id"] == member["id"]
        assert found["sponsors"][0]["person_url"] == f"/api/v1/people/{member['id']}"
    [found] = hub.get("/api/v1/votes", bill="45-1-c-2")["data"]
    assert found["bill_url"] == hub.get("/api/v1/bills/45-1-c-2")["url"]
    assert found["organization_id"] is None
    assert hub.get("/api/v1/bills", sponsor="nobody")["data"] == []
    capitals = hub.http.get("/api/v1/bills/45-1-C-2", follow_redirects=False)
    assert (capitals.status_code, capitals.headers["location"]) == (308, found["bill_url"])
    detail = hub.get("/api/v1/bills/45-1-c-2")
    assert [v["number"] for v in detail["votes"]] == [1]
    with_ballots = hub.get("/api/v1/votes", include="ballots,bill", number=1)["data"][0]
    assert with_ballots["ballots"][1]["person_id"] == hub.get("/api/v1/people/anita-anand")["id"]
    assert with_ballots["bill"]["number"] == "C-2"


@both_servers
def test_members_on_a_date_are_those_whose_seat_was_in_force(hub: Hub) -> None:
    hub.load("person", person(1), person(2, "Anita Anand"), person(3, "Former Member"))
    hub.load(
        "membership",
        membership(1, "Liberal", "2015-10-19"),
        membership(2, "Liberal", "2019-10-21", end_date="2025-03-23"),
        membership(2, "Conservative", "2025-04-28"),
        membership(3, "NDP", "2011-05-02", end_date="2015-08-04"),
    )

    def names(**params: object) -> list[str]:
        return [row["name"] for row in hub.get("/api/v1/people", **params)["data"]]

    assert names(as_of="2014-01-01") == ["Former Member"]
    assert names(as_of="2025-04-01") == ["Ruby Sahota"]
    assert names(current="true") == ["Anita Anand", "Ruby Sahota"]
    assert names(party="Liberal") == ["Ruby Sahota"]
    assert names(party="Liberal", as_of="2020-01-01") == ["Anita Anand", "Ruby Sahota"]
    assert names(party="Liberal", province="Québec") == []
    on = [
        m["party"] for m in hub.get("/api/v1/memberships", person="anita-anand", as_of="2020-01-01")["data"]
    ]
    assert on == ["Liberal"]
    assert len(hub.get("/api/v1/people/anita-anand")["memberships"]) == 2


@both_servers
def test_each_list_takes_a_fixed_number_of_queries(hub: Hub) -> None:
    hub.load("person", *[person(n, f"Name {n}") for n in range(40)])
    hub.load("membership", *[membership(n) for n in range(40)])
    hub.load(
        "bill",
        *[bill(f"C-{n}", sponsors=[{"name": "x", "person_key": f"ca/house/person/{n}"}]) for n in range(40)],
    )
    hub.load(
        "vote_event", *[vote(n, [ballot(1), ballot(2)], bill_key=f"ca/bill/45-1/c-{n}") for n in range(40)]
    )
    for collection in COLLECTIONS:
        includes = ",".join(collection.includes)
        for params, most in (
            ({}, 4),
            ({"include": includes} if includes else {}, 5 + len(collection.includes)),
        ):
            counts = []
            for limit in (2, 40):
                with hub.queries() as seen:
                    hub.get(f"/api/v1/{collection.path}", limit=limit, **params)
                counts.append(len(seen))
            assert counts[0] == counts[1], (collection.path, params)
            assert 0 < counts[1] <= most, (collection.path, seen)


def test_one_language_takes_the_place_of_both_with_the_other_as_fallback(hub: Hub) -> None:
    hub.load("bill", bill(short_title_en="Border Act"))
    french = hub.get("/api/v1/bills/45-1-c-2", lang="fr")
    assert french["title"] == "Loi concernant la sécurité de la frontière"
    assert french["short_title"] == "Border Act"
    assert "title_en" not in french


def test_fields_are_chosen_by_name_and_an_unknown_one_is_refused(hub: Hub) -> None:
    hub.load("bill", bill())
    [row] = hub.get("/api/v1/bills", fields="number,url")["data"]
    assert set(row) == {"id", "number", "url"}
    assert "nubmer" in hub.get("/api/v1/bills", 422, fields="nubmer")["detail"]


def test_a_field_that_is_worked_out_is_there_without_what_it_is_made_of(hub: Hub) -> None:
    hub.load("person", person(1))
    hub.load("membership", membership(1))
    [whole] = hub.get("/api/v1/memberships")["data"]
    assert whole["person_id"]
    for names in ("person_id", "person_url,role_en", "sources", "licence,last_seen_at", "organization_id"):
        [row] = hub.get("/api/v1/memberships", fields=names)["data"]
        assert row == {name: whole[name] for name in ("id", *names.split(","))}
    # A field of another collection is none of this one.
    refused = hub.get("/api/v1/memberships", 422, fields="bill_id")
    assert "bill_id" in refused["detail"]
    assert "person_id" in refused["known"]


def test_an_unchanged_answer_is_304_and_a_changed_one_is_not(hub: Hub) -> None:
    hub.load("bill", bill())
    first = hub.http.get("/api/v1/bills/45-1-c-2")
    again = hub.http.get("/api/v1/bills/45-1-c-2", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    hub.load("bill", bill(status_code="X"))
    changed = hub.http.get("/api/v1/bills/45-1-c-2", headers={"If-None-Match": first.headers["etag"]})
    assert changed.status_code == 200


def test_a_list_says_how_fresh_it_is_and_counts_only_on_request(hub: Hub) -> None:
    assert hub.get("/api/v1/bills")["meta"]["freshness"] == {"as_of": None, "stale": False}
    hub.load("bill", bill(), bill("C-3"))
    answer = hub.get("/api/v1/bills", limit=1)
    assert answer["meta"]["freshness"]["as_of"]
    assert answer["meta"]["total"] is None
    assert hub.get("/api/v1/bills", limit=1, total="true")["meta"]["total"] == 2
    link = hub.http.get("/api/v1/bills", params={"limit": 1}).headers["link"]
    assert link == f'<{answer["next"]}>; rel="next"'


def test_every_record_names_its_sources_and_licence(hub: Hub) -> None:
    hub.load("bill", bill())
    [row] = hub.get("/api/v1/bills")["data"]
    assert row["licence"] == "https://www.ourcommons.ca/en/important-notices"
    assert row["sources"][0]["url"] == "https://www.parl.ca/legisinfo/en/bill/45-1/c-2/json"
    assert row["sources"][0]["sha256"] == "a" * 64


def test_what_changed_since_a_moment(hub: Hub) -> None:
    hub.load("bill", bill("C-1"))
    moment = hub.get("/api/v1/bills/45-1-c-1")["updated_at"]
    hub.load("bill", bill("C-2"))
    rows = hub.get("/api/v1/bills", updated_since=moment, sort="updated_at")["data"]
    assert [row["number"] for row in rows] == ["C-1", "C-2"]
    assert [row["number"] for row in hub.get("/api/v1/bills", updated_at__gt=moment)["data"]] == ["C-2"]


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"numbr": "C-2"}, "did you mean 'number'?"),
        ({"number__like": "C"}, "unknown query parameter"),
        ({"number__gt": "C-9"}, "unknown query parameter 'number__gt'"),
        ({"number__range": "C-1,C-9"}, "unknown query parameter"),
        ({"introduced_on": "yesterday"}, "a date (YYYY-MM-DD)"),
        ({"is_law": "perhaps"}, "true or false"),
        ({"limit": "0"}, "from 1 to 500"),
        ({"limit": "99999999999999999999"}, "from 1 to 500"),
        ({"limit": "٣"}, "from 1 to 500"),
        ({"sort": "colour"}, "sort: one of"),
        ({"include": "secrets"}, "can include"),
        ({"introduced_on__gte": "2025-02-01", "introduced_on__lt": "2025-01-01"}, "the lower bound is above"),
        ({"as_of": "2025-01-01", "current": "true"}, "contradicts"),
        ({"number": "a\x00b"}, "NUL"),
        ({"number": "x" * 2_001}, "at most 2000 characters"),
        ({"number__in": ",".join("ab" for _ in range(201))}, "at most 200 values"),
        ({"lang": "de"}, "en or fr"),
        ({"format": "xml"}, "one of json"),
    ],
)
def test_a_bad_parameter_is_a_clear_422(hub: Hub, params: dict, words: str) -> None:
    assert words in hub.get("/api/v1/bills", 422, **params)["detail"]


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/bills?updated_since=", "/api/v1/bills?recorded_at=", "/api/v1/bills?created_at__gte=",
        "/api/v1/changes?since=", "/api/v1/people/x?recorded_at=",
    ],
)  # fmt: skip
@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00%2B14:00", "9999-12-31T23:59:59-14:00"])
def test_a_moment_that_no_calendar_has_in_utc_is_a_422(hub: Hub, path: str, moment: str) -> None:
    hub.get(path + moment, 422)


def test_contradicting_values_and_forged_cursors_are_refused(hub: Hub) -> None:
    hub.load("bill", bill("C-1"), bill("C-2"))
    assert hub.http.get("/api/v1/bills?number=C-1&number=C-2").status_code == 422
    following = hub.get("/api/v1/bills", limit=1)["next"]
    cursor = dict(parse_qsl(urlsplit(following).query))["cursor"]
    for bad in ("x", cursor[:-2], cursor + "A", "é", "A" * 5_000):
        assert hub.http.get("/api/v1/bills", params={"limit": 1, "cursor": bad}).status_code == 400
    assert (
        hub.http.get("/api/v1/bills", params={"limit": 1, "cursor": cursor, "number": "C-1"}).status_code
        == 400
    )
    assert hub.http.get("/api/v1/votes", params={"limit": 1, "cursor": cursor}).status_code == 400


def test_what_is_not_there_is_a_404_problem(hub: Hub) -> None:
    for path in (
        "/api/v1/bills/nothing",
        "/api/v1/bills/01a20966-cd8e-7457-95fc-1d48cf98307c",
        "/api/v1/votes/ca/x",
    ):
        answer = hub.http.get(path)
        assert answer.status_code == 404
        assert answer.headers["content-type"] == "application/problem+json"
    assert hub.http.get("/api/v1/bills/a%00b").status_code == 422


def test_changes_come_in_commit_order_and_can_be_followed_from_a_position(hub: Hub) -> None:
    hub.load("bill", *[bill(f"C-{n}") for n in range(1, 6)])
    position = hub.position()
    hub.load("person", person(1))
    hub.load("bill", bill("C-1", status_code="X"))
    seqs = [c["seq"] for c in hub.changes()]
    assert seqs == sorted(seqs)
    assert [c["key"] for c in hub.changes(position)] == ["ca/house/person/1", "ca/bill/45-1/c-1"]
    assert [c["type"] for c in hub.get("/api/v1/changes", type="person")["data"]] == ["person"]
    first = hub.get("/api/v1/changes", limit=3)
    split = urlsplit(first["next"])
    second = hub.get(split.path, **dict(parse_qsl(split.query)))
    assert [c["seq"] for c in first["data"] + second["data"]] == seqs[:6]
    for bad in (
        {"after": "x"},
        {"after": "-1"},
        {"after": str(seqs[-1] + 1)},
        {"type": "cat"},
        {"after": "1", "since": "2025-01-01T00:00:00Z"},
    ):
        hub.get("/api/v1/changes", 422, **bad)


def test_a_reader_since_a_moment_misses_no_change_whose_load_began_before(hub: Hub) -> None:
    hub.load("bill", bill("C-1"), bill("C-2"))
    with hub.resources.engine.begin() as connection:
        # C-2's load began an hour before that of C-1, and was committed after it.
        connection.exec_driver_sql(
            "UPDATE data.change SET changed_at = changed_at - interval '1 hour' WHERE key LIKE '%%c-2'"
        )
    moment = hub.changes()[0]["changed_at"]
    assert hub.get("/api/v1/changes", since=moment)["data"][0]["key"] == "ca/bill/45-1/c-1"
    assert hub.get("/api/v1/changes", since="2100-01-01T00:00:00Z")["data"] == []


def test_the_history_of_what_never_was_is_a_404(hub: Hub) -> None:
    hub.get("/api/v1/history/01a20966-cd8e-7457-95fc-1d48cf98307c", 404)


def test_coverage_counts_what_stands(hub: Hub) -> None:
    hub.load("bill", bill("C-1"), bill("C-2"))
    hub.load("person", person(1, jurisdiction="ocd-jurisdiction/country:ca/province:on/legislature"))
    rows = {(r["jurisdiction"], r["type"]): r for r in hub.get("/api/v1/coverage")["data"]}
    federal = rows["ocd-jurisdiction/country:ca/legislature", "bill"]
    assert (federal["count"], federal["stale"], federal["sources"]) == (2, False, ["test"])
    assert federal["last_date"] == "2025-06-20"
    assert rows["ocd-jurisdiction/country:ca/province:on/legislature", "person"]["count"] == 1
