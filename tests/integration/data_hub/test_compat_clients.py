"""Calls as public programs make them of Represent, openparliament and Open States, with the base URL changed."""

from __future__ import annotations

import json
import re
from typing import Any

from .conftest import Hub, ballot, bill, membership, person, source, vote
from .places import SET, load_members, load_places, load_postal
from .test_compat import OP, OS, REP, members, parliament

ONTARIO = "ocd-jurisdiction/country:ca/province:on/legislature"


def legislatures(hub: Hub) -> None:
    """The House with its boundaries and an officer of it, a provincial legislature, a council."""
    load_places(hub)
    load_members(hub)
    load_postal(hub)
    bodies = (
        ("ca/house", "House of Commons", "chamber", "ocd-jurisdiction/country:ca/legislature"),
        ("ca-on/legislature", "Legislative Assembly of Ontario", "legislature", ONTARIO),
        ("ca-on-ottawa/council", "Ottawa City Council", "council", "ocd-jurisdiction/country:ca/csd:3506008"),
    )
    for key, name, classification, home in bodies:
        hub.load("organization", {
            "key": key, "name_en": name, "classification": classification, "jurisdiction": home, "sources": [source()],
        })  # fmt: skip
    hub.load(
        "person",
        person(1, "Anita Vandenbeld", gender="F"),
        person(3, "Joel Harden", jurisdiction=ONTARIO),
        person(4, "Mark Sutcliffe"),
    )
    hub.load(
        "membership",
        {
            **membership(1, start="2025-05-13", area="", role_en="Leader of the Government"),
            "key": "ca/house/office/leader",
        },
        {
            **membership(3, "New Democratic Party", area="Ottawa Centre", role_en="MPP"),
            "organization_key": "ca-on/legislature",
            "jurisdiction": ONTARIO,
        },
        {**membership(4, "", area="Ottawa", role_en="Mayor"), "organization_key": "ca-on-ottawa/council"},
    )


def names(answer: dict[str, Any], field: str = "name") -> list[str]:
    return [one[field] for one in answer["objects" if "objects" in answer else "results"]]


def test_represent_gives_all_at_once_where_the_limit_is_0_and_pages_as_theirs(hub: Hub) -> None:
    legislatures(hub)
    whole = hub.get(f"{REP}/representatives/", limit=0)
    assert whole["meta"]["limit"] == 1000
    assert sorted(names(whole)) == ["Anita Vandenbeld", "Joel Harden", "Mark Sutcliffe"]
    assert hub.get(f"{REP}/boundaries/", limit=10_000)["meta"]["limit"] == 1000
    sets = hub.get(f"{REP}/representative-sets/", limit=0)
    assert names(sets) == ["House of Commons", "Legislative Assembly of Ontario", "Ottawa City Council"]
    page = hub.get(f"{REP}/representatives/", limit=2, offset=1)["meta"]
    assert (page["next"], page["previous"]) == (None, None)
    assert hub.get(f"{REP}/representatives/", limit=1, offset=2)["meta"]["previous"].endswith("offset=1")
    for limit in ("-1", "x", "1.5", "9" * 20):
        hub.get(f"{REP}/representatives/", 400, limit=limit)


def test_represent_names_legislatures_as_its_clients_do_and_seats_alone_are_representatives(hub: Hub) -> None:
    legislatures(hub)
    assert names(hub.get(f"{REP}/representatives/ontario-legislature/")) == ["Joel Harden"]
    assert hub.get(f"{REP}/representatives/ottawa-city-council/")["objects"][0]["elected_office"] == "Mayor"
    house = hub.get(f"{REP}/representatives/house-of-commons/")
    assert [(r["name"], r["elected_office"]) for r in house["objects"]] == [("Anita Vandenbeld", "MP")]
    for query, found in (
        ({"elected_office": "MP"}, ["Anita Vandenbeld"]),
        ({"elected_office__in": "MPP,Mayor"}, ["Joel Harden", "Mark Sutcliffe"]),
        ({"party_name__icontains": "democratic"}, ["Joel Harden"]),
        ({"district_name__startswith": "Ottawa C"}, ["Joel Harden"]),
        ({"district_name": "Ottawa", "first_name__iexact": "MARK"}, ["Mark Sutcliffe"]),
        ({"last_name__istartswith": "v", "gender": "F"}, ["Anita Vandenbeld"]),
        ({"last_name": "Nobody"}, []),
        ({"gender": "", "first_name": "Joel"}, ["Joel Harden"]),
    ):
        assert sorted(names(hub.get(f"{REP}/representatives/", **query))) == found, query


def test_represent_finds_those_of_a_point_in_one_set_and_of_districts(hub: Hub) -> None:
    legislatures(hub)
    here = {"point": "(45.05, -75.95)"}
    assert names(hub.get(f"{REP}/representatives/house-of-commons/", **here)) == ["Anita Vandenbeld"]
    assert names(hub.get(f"{REP}/representatives/ontario-legislature/", **here)) == []
    assert names(hub.get(f"{REP}/representatives/", **here, last_name="Else")) == []
    hub.get(f"{REP}/representatives/nobody/", 404, **here)
    for point in ("45", "north,west", "145.05,-75.95", "45.05,-75.95,3", ","):
        hub.get(f"{REP}/representatives/", 400, point=point)
    # The provincial district of the same name is another one.
    for district in (f"{SET}/ottawa-west-nepean", f"{SET}/35075"):
        assert names(hub.get(f"{REP}/representatives/", districts=district)) == ["Anita Vandenbeld"]
    assert names(hub.get(f"{REP}/representatives/", districts=f"{SET}/ottawa-centre,{SET}/none,x")) == []
    hub.get(f"{REP}/boundaries/{SET}/nowhere/representatives/", 404)


def test_represent_answers_without_the_last_slash_and_its_links_keep_it(hub: Hub) -> None:
    legislatures(hub)
    for path in (
        "/representatives", "/representatives/house-of-commons", "/representative-sets", "/postcodes/K2B7Y4",
        "/representative-sets/house-of-commons", "/boundary-sets", f"/boundary-sets/{SET}", "/boundaries",
        f"/boundaries/{SET}", f"/boundaries/{SET}/ottawa-centre", f"/boundaries/{SET}/ottawa-centre/representatives",
    ):  # fmt: skip
        assert hub.get(REP + path) == hub.get(f"{REP}{path}/"), path
    assert (
        hub.get(f"{REP}/boundaries/{SET}", limit=1)["meta"]["next"] == f"/boundaries/{SET}/?limit=1&offset=1"
    )
    assert hub.get(f"{REP}/postcodes/k1a 0a6")["code"] == "K1A0A6"
    head = hub.http.head(f"{REP}/postcodes/K1A0A6")
    assert (head.status_code, head.content) == (200, b"")


def test_represent_leaves_out_whom_it_does_not_know_and_refuses_what_it_cannot_do(hub: Hub) -> None:
    legislatures(hub)
    code = hub.get(f"{REP}/postcodes/K1P5M7/")
    assert (code["boundaries_concordance"], names({"objects": code["boundaries_centroid"]})) == (
        [],
        ["Ottawa Centre"],
    )
    assert not {"representatives_concordance", "representatives_centroid"} & set(code)
    for name in ("intersects", "touches"):
        assert name in hub.get(f"{REP}/boundaries/", 400, **{name: f"{SET}/ottawa-centre"})["detail"]
    assert "related" not in hub.get(f"{REP}/boundaries/", name="Nowhere")["meta"]
    assert names(hub.get(f"{REP}/boundary-sets/", domain="Canada")) == ["Federal electoral districts (2023)"]
    assert names(hub.get(f"{REP}/boundary-sets/", name__icontains="2013")) == [
        "Federal electoral districts (2013)"
    ]


def test_shapes_come_as_geojson_wkt_or_kml(hub: Hub) -> None:
    load_places(hub)
    one = f"{REP}/boundaries/{SET}/ottawa-centre/shape"
    assert hub.http.get(one, params={"format": "wkt"}).text == (
        "MULTIPOLYGON (((-75.5 45.0, -75.0 45.0, -75.0 45.5, -75.5 45.5, -75.5 45.0)))"
    )
    kml = hub.http.get(f"{REP}/boundaries/{SET}/shape", params={"format": "kml"})
    assert kml.headers["content-type"] == "application/vnd.google-earth.kml+xml"
    assert kml.text.count("<Placemark>") == 2
    assert kml.text.count("<innerBoundaryIs>") == 1
    points = hub.http.get(f"{REP}/boundaries/centroid", params={"sets": SET, "format": "wkt"}).text
    assert points.splitlines()[0] == "POINT (-75.25 45.25)"
    hub.get(one, 406, format="shp")
    hub.get(f"{REP}/boundaries/{SET}/ottawa-centre/area", 404)


def test_a_callback_makes_a_script_of_an_answer_and_nothing_else(hub: Hub) -> None:
    parliament(hub)
    for path in (f"{REP}/representative-sets/", f"{OP}/bills/"):
        plain = hub.get(path)
        answer = hub.http.get(path, params={"callback": "jQuery123_456"})
        assert answer.headers["content-type"].startswith("application/javascript")
        assert answer.headers["x-content-type-options"] == "nosniff"
        wrapped = re.fullmatch(r"/\*\*/jQuery123_456\((.*)\);", answer.text, re.DOTALL)
        assert wrapped
        assert json.loads(wrapped[1])["objects"] == plain["objects"]
    hostile = hub.http.get(f"{REP}/representative-sets/", params={"callback": "alert(1)//<script>"})
    assert hostile.text.startswith("/**/alert1script(")
    assert hub.http.get(f"{REP}/representative-sets/", params={"callback": "();"}).json()["objects"]


def evidence(hub: Hub) -> None:
    """A meeting of a committee, what was said at it, and a sitting of the Senate on the same day."""
    parliament(hub)
    hub.load("membership", membership(1, area="Ottawa West—Nepean"))
    hub.load(
        "debate",
        {
            "key": "ca/house/committee/45-1/fina/evidence/7", "organization_key": "ca/house/committee/45-1/fina",
            "document_type": "evidence", "date": "2025-10-01", "session": "45-1", "number": "7", "sources": [source()],
        },
        {
            "key": "ca/senate/debate/45-1/3", "organization_key": "ca/senate", "date": "2025-10-01", "session": "45-1",
            "number": "3", "sources": [source()],
        },
    )  # fmt: skip
    hub.load(
        "speech",
        {
            "key": "ca/house/committee/45-1/fina/evidence/7/1", "debate_key": "ca/house/committee/45-1/fina/evidence/7",
            "sequence": 1, "slug": "anita-vandenbeld-1", "time": "2025-10-01T20:00:00Z", "person_key": "ca/house/person/1",
            "mentioned_identifiers": [{"scheme": "ourcommons.ca/person", "value": "2"}],
            "speaker_name": "Anita Vandenbeld", "paragraphs": [{"id": "1", "text_en": "Thanks."}], "sources": [source()],
        },
        {
            "key": "ca/senate/debate/45-1/3/1", "debate_key": "ca/senate/debate/45-1/3", "sequence": 1,
            "slug": "a-senator-1", "time": "2025-10-01T19:00:00Z", "speaker_name": "A Senator", "sources": [source()],
        },
    )  # fmt: skip


def test_openparliament_leads_from_a_committee_to_what_was_said_there_and_back(hub: Hub) -> None:
    evidence(hub)
    for name in ("45-1-fina", "finance", "FINA"):
        assert hub.get(f"{OP}/committees/{name}/")["name"]["en"] == "Finance"
    assert hub.get(f"{OP}/committees/finance/45-1/")["slug"] == "45-1-fina"
    hub.get(f"{OP}/committees/finance/44-1/", 404)
    [listed] = hub.get(f"{OP}/committees/meetings/", committee="finance", date__gte="2025-09-01")["objects"]
    meeting = hub.get(OP + listed["url"])
    assert meeting["has_evidence"] is True
    [said] = hub.get(OP + meeting["related"]["speeches_url"])["objects"]
    assert said["document_url"] == listed["url"] == "/committees/45-1-fina/45-1/7/"
    assert hub.get(OP + said["url"]) == said
    assert hub.get(OP + said["related"]["document_speeches_url"])["objects"] == [said]
    hub.get(f"{OP}/committees/finance/45-1/8/", 404)
    hub.get(f"{OP}/speeches/", 404, document="/committees/finance/45-1/8/")
    for document in ("/bills/45-1/C-2/", "x", "/debates/2013/6/"):
        hub.get(f"{OP}/speeches/", 400, document=document)
    hub.get(f"{OP}/speeches/", 404, document="/debates/2013/x/1/")
    of_the_senate = [s for s in hub.get(f"{OP}/speeches/")["objects"] if s["url"] is None]
    assert [s["attribution"]["en"] for s in of_the_senate] == ["A Senator"]
    assert [d["url"] for d in hub.get(f"{OP}/debates/")["objects"]] == ["/debates/2013/6/18/"]
    assert len(hub.get(f"{OP}/speeches/", mentioned_politician="judy-foote")["objects"]) == 1
    assert hub.get(f"{OP}/speeches/", mentioned_politician="anita-vandenbeld")["objects"] == []


def test_openparliament_names_the_seat_that_somebody_held_at_the_time(hub: Hub) -> None:
    evidence(hub)
    seat = hub.get(f"{OP}/politicians/anita-vandenbeld/")["memberships"][0]["url"]
    listed = hub.get(f"{OP}/politicians/memberships/", politician="anita-vandenbeld")["objects"]
    assert [m["url"] for m in listed] == [seat]
    ballots = hub.get(f"{OP}/votes/ballots/", vote="/votes/45-1/760/")["objects"]
    # She who left in 2017 held no seat at a vote of 2025.
    assert [b["politician_membership_url"] for b in ballots] == [seat, None, None]
    said = hub.get(f"{OP}/speeches/", politician="anita-vandenbeld")["objects"][0]
    assert said["politician_membership_url"] == seat
    speech = hub.get(f"{OP}/debates/2013/6/18/judy-foote-1/")
    assert (
        speech["politician_membership_url"]
        == hub.get(f"{OP}/politicians/judy-foote/")["memberships"][0]["url"]
    )
    assert hub.get(f"{OP}/bills/37-1/C-2/")["sponsor_politician_membership_url"] is None


def test_openparliament_passes_over_empty_filters_and_lost_slashes(hub: Hub) -> None:
    evidence(hub)
    votes = hub.get(f"{OP}/votes/", date="", session="45-1", format="json", limit=0)
    assert (len(votes["objects"]), votes["pagination"]["limit"]) == (1, 500)
    assert hub.get(f"{OP}/votes/ballots/", vote="/45-1/760", limit=500)["objects"]
    for path in (
        "/bills", "/bills/45-1", "/bills/45-1/C-3", "/votes", "/votes/45-1/760", "/votes/ballots", "/debates",
        "/debates/2013/6/18", "/debates/2013/6/18/judy-foote-1", "/speeches", "/politicians",
        "/politicians/judy-foote", "/politicians/memberships", "/committees", "/committees/finance",
        "/committees/meetings", "/committees/finance/45-1/7",
    ):  # fmt: skip
        assert hub.get(OP + path) == hub.get(f"{OP}{path}/"), path
    assert hub.http.get(f"{OP}/bills").headers["api-version"] == "v1"


def test_openparliament_tells_only_of_the_house(hub: Hub) -> None:
    evidence(hub)
    hub.load("person", person(9, "A Senator"))
    hub.load(
        "membership", {**membership(9, area="Ontario", role_en="Senator"), "organization_key": "ca/senate"}
    )
    hub.load(
        "vote_event",
        {**vote(760, [ballot(9)]), "key": "ca/senate/vote/45-1/760", "organization_key": "ca/senate"},
    )
    assert names(hub.get(f"{OP}/politicians/")) == ["Anita Vandenbeld"]
    assert len(hub.get(f"{OP}/votes/")["objects"]) == 1


def test_open_states_takes_names_of_jurisdictions_and_lists_all_that_hold_something(hub: Hub) -> None:
    legislatures(hub)
    hub.load("bill", bill("C-2"))
    listed = hub.get(f"{OS}/jurisdictions")
    assert (listed["pagination"]["per_page"], listed["pagination"]["total_items"]) == (52, 3)
    assert {j["id"] for j in listed["results"]} >= {ONTARIO, "ocd-jurisdiction/country:ca/legislature"}
    states = hub.get(f"{OS}/jurisdictions", classification="state")
    assert ([j["id"] for j in states["results"]], states["pagination"]["total_items"]) == ([ONTARIO], 1)
    for name in ("on", "Ontario", "ONTARIO", ONTARIO):
        assert names(hub.get(f"{OS}/people", jurisdiction=name)) == ["Joel Harden"], name
    assert names(hub.get(f"{OS}/bills", jurisdiction="Canada"), "identifier") == ["C-2"]
    assert hub.get(f"{OS}/bills/Canada/45-1/c 2")["identifier"] == "C-2"
    hub.get(f"{OS}/jurisdictions/Atlantis", 404)


def test_open_states_narrows_people_before_it_pages(hub: Hub) -> None:
    legislatures(hub)
    lower = hub.get(f"{OS}/people", jurisdiction="ca", org_classification="lower", per_page=1)
    assert names(lower) == ["Anita Vandenbeld"]
    assert lower["pagination"]["total_items"] == 1
    role = lower["results"][0]["current_role"]
    assert (role["title"], role["district"]) == ("Member of Parliament", "Ottawa West—Nepean")
    assert hub.get(f"{OS}/people", jurisdiction="ca", org_classification="upper")["results"] == []
    assert names(hub.get(f"{OS}/people", jurisdiction="on", org_classification="legislature")) == [
        "Joel Harden"
    ]
    assert names(hub.get(f"{OS}/people", jurisdiction="on", district="Ottawa Centre")) == ["Joel Harden"]
    # A name finds those who have left as well; they have no role today.
    [former] = hub.get(f"{OS}/people", name="old mem")["results"]
    assert "current_role" not in former
    hub.get(f"{OS}/people", 400, name="x", district="Ottawa Centre")
    hub.get(f"{OS}/people", 404, jurisdiction="ca", page=2)


def test_open_states_finds_bills_by_number_words_sponsor_and_moment(hub: Hub) -> None:
    members(hub)
    hub.load(
        "bill",
        bill("C-2", sponsors=[{"name": "Anita Vandenbeld", "person_key": "ca/house/person/1"}]),
        bill("C-21", title_en="An Act respecting border railways", title_fr="Loi sur les chemins de fer"),
    )

    def found(**params: Any) -> list[str]:
        return sorted(names(hub.get(f"{OS}/bills", **params), "identifier"))

    assert found(q="C 2") == found(q="c-2") == ["C-2"]
    assert found(q="railways border") == ["C-21"]
    assert found(q='"border railways"') == ["C-21"]
    assert found(q='"railways border"') == []
    assert found(q="chemins") == ["C-21"]
    assert found(jurisdiction="ca", sponsor="anita vandenbeld") == ["C-2"]
    person_id = hub.get(f"{OS}/people", name="Anita")["results"][0]["id"]
    assert found(jurisdiction="ca", sponsor=person_id, sponsor_classification="primary") == ["C-2"]
    assert found(jurisdiction="ca", sponsor=person_id, sponsor_classification="cosponsor") == []
    assert found(jurisdiction="ca", classification="resolution") == []
    assert found(jurisdiction="ca", subject="RAIL") == []
    assert found(jurisdiction="ca", updated_since="2020-01-01", identifier=["C-2", "C-3"]) == ["C-2"]
    assert found(jurisdiction="ca", updated_since="2999-01-01T00:00:00+00:00") == []
    one = hub.get(f"{OS}/bills", jurisdiction="ca", q="C-2", include="sponsorships")["results"][0]
    assert None not in one.values()
    for params in (
        {"q": "x", "session": "45-1"}, {"jurisdiction": "ca", "sponsor_classification": "primary"},
        {"jurisdiction": "ca", "updated_since": "soon"}, {"jurisdiction": "ca", "page": "0"},
        {"jurisdiction": "ca", "page": "x"}, {"q": "a\x00b"},
    ):  # fmt: skip
        hub.get(f"{OS}/bills", 400, **params)
    hub.get(f"{OS}/bills", 404, jurisdiction="ca", page=99)


def test_open_states_narrows_committees_and_wants_a_jurisdiction(hub: Hub) -> None:
    parliament(hub)
    hub.load("organization", {
        "key": "ca/house/committee/45-1/fina/sub", "name_en": "Subcommittee on Agenda", "classification": "subcommittee",
        "session": "45-1", "parent_key": "ca/house/committee/45-1/fina", "sources": [source()],
    })  # fmt: skip
    listed = hub.get(f"{OS}/committees", jurisdiction="ca")
    assert (listed["pagination"]["per_page"], len(listed["results"])) == (20, 2)
    assert names(hub.get(f"{OS}/committees", jurisdiction="ca", classification="subcommittee")) == [
        "Subcommittee on Agenda"
    ]
    finance = next(c["id"] for c in listed["results"] if c["name"] == "Finance")
    assert names(hub.get(f"{OS}/committees", jurisdiction="ca", parent=finance)) == ["Subcommittee on Agenda"]
    hub.get(f"{OS}/committees", 400)
    hub.get(f"{OS}/events", 400)
    hub.get(f"{OS}/events/ocd-event/x", 404)


def test_a_page_of_a_facade_costs_the_same_number_of_queries_however_long_it_is(hub: Hub) -> None:
    evidence(hub)
    load_places(hub)
    load_members(hub)
    hub.load("person", *[person(n, f"Member Number{n}") for n in range(20, 60)])
    hub.load("membership", *[membership(n, area=f"District {n}") for n in range(20, 60)])
    hub.load("vote_event", vote(761, [ballot(n) for n in range(20, 60)]))
    hub.load("bill", *[bill(f"C-{n}") for n in range(20, 60)])
    for path in (
        f"{REP}/representatives/", f"{REP}/boundaries/", f"{REP}/representative-sets/", f"{REP}/boundary-sets/",
        f"{OP}/bills/", f"{OP}/politicians/", f"{OP}/votes/ballots/", f"{OP}/speeches/", f"{OP}/politicians/memberships/",
        f"{OP}/committees/meetings/",
    ):  # fmt: skip
        counts = []
        for limit in (3, 40):
            with hub.queries() as seen:
                hub.get(path, limit=limit)
            counts.append(len(seen))
        assert counts[0] == counts[1] <= 16, (path, counts)
    for path in (f"{OS}/people?jurisdiction=ca", f"{OS}/bills?jurisdiction=ca"):
        counts = []
        for size in (1, 20):
            with hub.queries() as seen:
                hub.get(f"{path}&per_page={size}")
            counts.append(len(seen))
        assert counts[0] == counts[1] <= 12, (path, counts)
