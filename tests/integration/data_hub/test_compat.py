"""Clients of Represent, openparliament and Open States work by changing the base URL."""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from hubs.data_hub.app import create_app
from shared.testing.serving import Served

from .conftest import Hub, ballot, bill, membership, person, source, vote
from .places import SET, load_members, load_places, load_postal

REP = "/compat/represent"
OP = "/compat/openparliament"
OS = "/compat/openstates"


def shape(value: Any, path: str = "") -> set[str]:
    """Return the paths of a JSON document with the types at their ends; numbers are one type, null fits all."""
    if isinstance(value, dict):
        return {f"{path}.{k}" for k in value} | {p for k, v in value.items() for p in shape(v, f"{path}.{k}")}
    if isinstance(value, list):
        return {p for item in value[:1] for p in shape(item, f"{path}[]")}
    return set()


def members(hub: Hub) -> None:
    contacts = [
        {"type": "email", "value": "Anita.Vandenbeld@parl.gc.ca"},
        {"type": "voice", "value": "1 613 996-0984", "note": "legislature"},
        {"type": "fax", "value": "1 613 996-9880", "note": "legislature"},
        {"type": "address", "value": "House of Commons\nOttawa ON  K1A 0A6", "note": "legislature"},
        {"type": "voice", "value": "1 613 990-7720", "note": "constituency"},
    ]
    links = [
        {"url": "https://www.ourcommons.ca/members/en/71738"},
        {"url": "http://www.anitamp.ca", "note": "personal"},
    ]
    hub.load(
        "person",
        person(1, "Anita Vandenbeld", contacts=contacts, links=links, gender="F", image="https://x/1.jpg"),
    )


def test_represent_answers_in_the_shapes_of_its_own_documents(hub: Hub, samples: Path) -> None:
    load_places(hub)
    load_members(hub)
    members(hub)
    theirs = json.loads((samples / "represent/api/representatives_house-of-commons_page1.json").read_text())
    ours = hub.get(f"{REP}/representatives/house-of-commons/")
    assert ours["meta"]["total_count"] == 1
    assert set(ours["meta"]) == set(theirs["meta"])
    assert set(ours["objects"][0]) == set(theirs["objects"][1])
    [found] = ours["objects"]
    assert set(found["related"]) == set(theirs["objects"][1]["related"])
    assert found["name"] == "Anita Vandenbeld"
    assert found["elected_office"] == "MP"
    assert found["email"] == "Anita.Vandenbeld@parl.gc.ca"
    assert found["related"]["boundary_url"] == f"/boundaries/{SET}/ottawa-west-nepean/"
    assert found["offices"][0] == {
        "tel": "1 613 996-0984",
        "fax": "1 613 996-9880",
        "postal": "House of Commons\nOttawa ON  K1A 0A6",
        "type": "legislature",
    }
    theirs = json.loads((samples / "represent/api/boundaries_ottawa-wards_page1.json").read_text())
    ours = hub.get(f"{REP}/boundaries/", sets=SET)
    assert shape(ours) == shape(theirs)
    assert ours["meta"]["related"]["shapes_url"] == f"/boundaries/shape?sets={SET}"


def test_represent_pages_filters_points_and_postal_codes(hub: Hub) -> None:
    load_places(hub)
    load_members(hub)
    load_postal(hub)
    first = hub.get(f"{REP}/boundaries/", limit=1)
    assert (first["meta"]["next"], first["meta"]["previous"]) == ("/boundaries/?limit=1&offset=1", None)
    second = hub.get(REP + first["meta"]["next"])
    assert second["meta"]["previous"] == "/boundaries/?limit=1&offset=0"
    assert second["objects"] != first["objects"]
    names = [r["name"] for r in hub.get(f"{REP}/representatives/", point="45.05,-75.95")["objects"]]
    assert names == ["Anita Vandenbeld"]
    assert hub.get(f"{REP}/representatives/", point="44,-75")["objects"] == []
    assert hub.get(f"{REP}/representatives/", last_name__iexact="vandenbeld")["meta"]["total_count"] == 1
    assert hub.get(f"{REP}/representatives/", party_name="NDP")["objects"] == []
    assert hub.get(f"{REP}/boundaries/{SET}/ottawa-west-nepean/representatives/")["meta"]["total_count"] == 1
    code = hub.get(f"{REP}/postcodes/K2B7Y4/")
    assert [r["name"] for r in code["representatives_concordance"]] == ["Anita Vandenbeld"]
    assert [b["external_id"] for b in code["boundaries_concordance"]] == ["35075"]
    middle = hub.get(f"{REP}/postcodes/k1p5m7/")
    assert (middle["city"], middle["centroid"]["coordinates"]) == ("Ottawa", [-75.2, 45.4])
    assert [b["name"] for b in middle["boundaries_centroid"]] == ["Ottawa Centre"]
    hub.get(f"{REP}/postcodes/90210/", 404)
    hub.get(f"{REP}/postcodes/V6B1A1/", 404)
    assert hub.get(f"{REP}/boundaries/{SET}/ottawa-centre/simple_shape")["type"] == "MultiPolygon"
    assert hub.get(f"{REP}/boundaries/{SET}/ottawa-centre/centroid") == {
        "type": "Point",
        "coordinates": [-75.25, 45.25],
    }
    assert hub.get(f"{REP}/boundary-sets/{SET}/")["authority"] == "Elections Canada"
    assert [s["url"] for s in hub.get(f"{REP}/boundary-sets/")["objects"]][1] == f"/boundary-sets/{SET}/"
    shapes_url = hub.get(f"{REP}/boundaries/", sets=SET)["meta"]["related"]["shapes_url"]
    shapes = hub.get(REP + shapes_url)["objects"]
    assert [(s["name"], s["shape"]["type"]) for s in shapes] == [
        ("Ottawa Centre", "MultiPolygon"),
        ("Ottawa West—Nepean", "MultiPolygon"),
    ]
    [middle] = hub.get(f"{REP}/boundaries/{SET}/centroid", name__iendswith="CENTRE")["objects"]
    assert middle == {"name": "Ottawa Centre", "centroid": {"type": "Point", "coordinates": [-75.25, 45.25]}}
    hub.get(f"{REP}/boundaries/{SET}/colour", 404)
    hub.get(f"{REP}/boundaries/nothing/shape", 404)
    for suffix, value, found in (
        ("", "Ottawa Centre", 1), ("", "ottawa centre", 0), ("__iexact", "ottawa centre", 1), ("__contains", "Centre", 1),
        ("__icontains", "CENTRE", 1), ("__startswith", "ottawa", 0), ("__istartswith", "ottawa c", 1), ("__endswith", "Ottawa", 1),
        ("__iendswith", "nepean", 1), ("__in", "Ottawa Centre,Ottawa", 2), ("__isnull", "true", 0),
    ):  # fmt: skip
        answer = hub.get(f"{REP}/boundaries/", **{f"name{suffix}": value})
        assert answer["meta"]["total_count"] == found, (suffix, value)
    assert [b["name"] for b in hub.get(f"{REP}/boundaries/", external_id="35077")["objects"]] == [
        "Ottawa Centre"
    ]
    for suffix, value, found in (
        ("__istartswith", "vanden", 1), ("__endswith", "beld", 1), ("__endswith", "vanden", 0), ("__iendswith", "BELD", 1),
    ):  # fmt: skip
        answer = hub.get(f"{REP}/representatives/", **{f"last_name{suffix}": value})
        assert answer["meta"]["total_count"] == found, (suffix, value)
    sets = hub.get(f"{REP}/representative-sets/")["objects"]
    assert sets[0]["related"] == {
        "boundary_set_url": f"/boundary-sets/{SET}/",
        "representatives_url": "/representatives/house-of-commons/",
    }
    assert hub.get(f"{REP}/representative-sets/house-of-commons/") == sets[0]
    hub.get(f"{REP}/representatives/nobody/", 404)
    hub.get(f"{REP}/boundaries/", 400, limit="x")


def parliament(hub: Hub) -> None:
    members(hub)
    hub.load("person", person(2, "Judy Foote"))
    hub.load(
        "membership",
        membership(1, area="Ottawa West—Nepean"),
        membership(2, start="2008-11-18", end_date="2017-09-30", area="Random—Burin—St. George's"),
    )
    hub.load(
        "bill",
        bill(
            "C-2",
            "37-1",
            introduced_on="2001-02-02",
            identifiers=[{"scheme": "legisinfo", "value": "9992"}],
            title_en="An Act to amend the Employment Insurance Act",
            title_fr="Loi modifiant la Loi sur l'assurance-emploi",
            sponsors=[{"name": "Judy Foote", "person_key": "ca/house/person/2"}],
        ),
        bill("C-3"),
    )
    hub.load(
        "vote_event",
        vote(760, [ballot(1), ballot(2, "no"), ballot(3, "absent")], bill_key="ca/bill/45-1/c-3"),
    )
    hub.load("debate", {
        "key": "ca/house/debate/41-1/271", "organization_key": "ca/house", "date": "2013-06-18", "session": "41-1",
        "number": "271", "url_en": "https://x/HAN271-E.XML", "sources": [source()],
    })  # fmt: skip
    hub.load("speech", {
        "key": "ca/house/debate/41-1/271/8088172", "debate_key": "ca/house/debate/41-1/271", "sequence": 1,
        "source_id": "8088172", "slug": "judy-foote-1", "time": "2013-06-18T14:20:00Z", "person_key": "ca/house/person/2",
        "speaker_name": "Judy Foote", "attribution_en": "Ms. Judy Foote (Random, Lib.)", "h1_en": "Government Orders",
        "floor_language": "en", "paragraphs": [{"id": "3310734", "text_en": "Fish & chips <now>.", "text_fr": "Poisson."}],
        "sources": [source()],
    })  # fmt: skip
    hub.load("organization", {
        "key": "ca/house/committee/45-1/fina", "name_en": "Finance", "name_fr": "Finances", "classification": "committee",
        "abbreviation": "FINA", "session": "45-1", "sources": [source()],
    })  # fmt: skip
    hub.load("event", {
        "key": "ca/house/meeting/45-1/fina/7", "name_en": "Meeting 7", "organization_key": "ca/house/committee/45-1/fina",
        "start_date": "2025-10-01", "session": "45-1", "number": "7", "sources": [source()],
    })  # fmt: skip


def test_openparliament_answers_in_the_shapes_of_its_own_documents(hub: Hub, samples: Path) -> None:
    parliament(hub)

    def theirs(name: str) -> Any:
        return json.loads((samples / "openparliament" / name).read_text())

    bills = hub.get(f"{OP}/bills/", limit=1, session="37-1")
    recorded = theirs("api_2014/bills-p1.json")
    assert shape(bills) == shape(recorded)
    assert bills["objects"][0] == {
        "name": {
            "en": "An Act to amend the Employment Insurance Act",
            "fr": "Loi modifiant la Loi sur l'assurance-emploi",
        },
        "url": "/bills/37-1/C-2/",
        "number": "C-2",
        "session": "37-1",
        "introduced": "2001-02-02",
        "legisinfo_id": 9992,
    }
    votes = hub.get(f"{OP}/votes/")
    assert shape(votes) == shape(theirs("api_2013/votes/alice-wong.json"))
    assert votes["objects"][0]["bill_url"] == "/bills/45-1/C-3/"
    ballots = hub.get(f"{OP}/votes/ballots/", vote="/votes/45-1/760/")
    assert shape(ballots) == shape(theirs("api_2013/votes_ballots/alice-wong.json"))
    assert [b["ballot"] for b in ballots["objects"]] == ["Yes", "No", "Didn't vote"]
    assert ballots["objects"][1]["politician_url"] == "/politicians/judy-foote/"
    member = hub.get(f"{OP}/politicians/judy-foote/")
    recorded = theirs("api_2013/politicians/judy-foote.json")
    assert {p for p in shape(recorded) if not p.startswith(".other_info.")} == {
        p for p in shape({**member, "links": [{"url": "", "note": ""}]}) if not p.startswith(".other_info.")
    }
    speech = hub.get(f"{OP}/debates/2013/6/18/judy-foote-1/")
    assert shape(speech) == shape(theirs("api_2013/speeches/2013-6-18-bob-dechert-1.json"))
    assert speech["time"] == "2013-06-18 10:20:00"
    assert (
        speech["content"]["en"]
        == '<p data-HoCid="3310734" data-originallang="en">Fish &amp; chips &lt;now&gt;.</p>'
    )


def test_openparliament_pages_filters_and_links_lead_on(hub: Hub) -> None:
    parliament(hub)
    first = hub.get(f"{OP}/bills/", limit=1)
    assert first["pagination"]["next_url"] == "/bills/?limit=1&offset=1"
    assert (
        hub.get(OP + first["pagination"]["next_url"])["pagination"]["previous_url"]
        == "/bills/?limit=1&offset=0"
    )
    assert [b["number"] for b in hub.get(f"{OP}/bills/", introduced__lt="2010-01-01")["objects"]] == ["C-2"]
    assert [b["number"] for b in hub.get(f"{OP}/bills/", sponsor_politician="judy-foote")["objects"]] == [
        "C-2"
    ]
    assert [b["number"] for b in hub.get(f"{OP}/bills/45-1/")["objects"]] == ["C-3"]
    detail = hub.get(f"{OP}/bills/45-1/C-3/")
    assert detail["vote_urls"] == ["/votes/45-1/760/"]
    assert hub.get(f"{OP}/bills/37-1/C-2/")["sponsor_politician_url"] == "/politicians/judy-foote/"
    one = hub.get(f"{OP}/votes/45-1/760/")
    assert (
        hub.get(OP + "/votes/ballots/", vote="45-1/760", politician="judy-foote")["objects"][0]["ballot"]
        == "No"
    )
    assert one["party_votes"][0]["party"]["short_name"] == {"en": "Liberal"}
    assert [p["name"] for p in hub.get(f"{OP}/politicians/")["objects"]] == ["Anita Vandenbeld"]
    assert [p["name"] for p in hub.get(f"{OP}/politicians/", include="former")["objects"]] == ["Judy Foote"]
    assert len(hub.get(f"{OP}/politicians/", include="all")["objects"]) == 2
    # Former members fill their own pages, wherever those who sit stand among them.
    page = hub.get(f"{OP}/politicians/", include="former", limit=1)
    assert ([p["name"] for p in page["objects"]], page["pagination"]["next_url"]) == (["Judy Foote"], None)
    assert [
        p["name"] for p in hub.get(f"{OP}/politicians/", include="all", name__iendswith="FOOTE")["objects"]
    ] == ["Judy Foote"]
    seat = hub.get(f"{OP}/politicians/judy-foote/")["memberships"][0]
    assert hub.get(OP + seat["url"])["politician_url"] == "/politicians/judy-foote/"
    debate = hub.get(f"{OP}/debates/")["objects"][0]
    assert debate["url"] == "/debates/2013/6/18/"
    speeches = hub.get(OP + hub.get(OP + debate["url"])["related"]["speeches_url"])
    assert [s["politician_url"] for s in speeches["objects"]] == ["/politicians/judy-foote/"]
    assert hub.get(OP + speeches["objects"][0]["url"])["source_id"] == "8088172"
    before = hub.get(f"{OP}/debates/2013/6/18/judy-foote-1/")
    hub.load("speech", {
        "key": "ca/house/debate/41-1/271/8088172", "debate_key": "ca/house/debate/41-1/271", "sequence": 2, "slug": "judy-foote-2",
        "speaker_name": "Judy Foote", "sources": [source()],
    })  # fmt: skip
    assert before["url"] == "/debates/2013/6/18/judy-foote-1/"
    for name in ("judy-foote-1", "judy-foote-2"):
        found = hub.get(f"{OP}/debates/2013/6/18/{name}/")
        assert found["url"] == "/debates/2013/6/18/judy-foote-2/"
    committee = hub.get(f"{OP}/committees/")["objects"][0]
    meetings = hub.get(OP + hub.get(OP + committee["url"])["related"]["meetings_url"])
    assert [m["number"] for m in meetings["objects"]] == [7]
    hub.get(f"{OP}/bills/", 400, introduced__gte="never")
    hub.get(f"{OP}/bills/", 400, number__like="C")
    hub.get(f"{OP}/debates/2013/13/45/", 404)
    hub.get(f"{OP}/debates/4675233087/566/58519/", 404)
    hub.get(f"{OP}/politicians/nobody/", 404)
    hub.get(f"{OP}/bills/", 406, format="xml")
    assert hub.get(f"{OP}/bills/", politican="typo")["objects"]


@pytest.fixture
def client(hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """pyopenstates itself, pointed at the facade over real HTTP: another replica on the same database."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pyopenstates import core
    settings = hub.resources.settings.model_copy(
        update={"data_dir": tmp_path / "replica", "secret": SecretStr("s" * 40)}
    )
    with Served(create_app(settings)) as served:
        monkeypatch.setattr(core, "API_ROOT", f"{served.url}{OS}")
        monkeypatch.setattr(core, "sleep", lambda _: None)
        yield core


@pytest.mark.filterwarnings("ignore")
def test_pyopenstates_works_unmodified(hub: Hub, client: Any) -> None:
    load_places(hub)
    load_members(hub)
    members(hub)
    hub.load(
        "bill",
        *[
            bill(f"C-{n}", sponsors=[{"name": "Anita Vandenbeld", "person_key": "ca/house/person/1"}])
            for n in range(1, 26)
        ],
        bill("S-1", chamber="senate", title_en="An Act about railways"),
    )
    federal = "ocd-jurisdiction/country:ca/legislature"
    found = client.search_bills(jurisdiction="ca", session="45-1")
    assert len({b["identifier"] for b in found}) == 26
    assert [b["identifier"] for b in client.search_bills(jurisdiction=federal, q="railway")] == ["S-1"]
    assert [b["identifier"] for b in client.search_bills(jurisdiction="ca", chamber="upper")] == ["S-1"]
    one = client.get_bill(
        state="ca", session="45-1", bill_id="C-2", include=["sponsorships", "votes", "sources"]
    )
    assert one["jurisdiction"]["id"] == federal
    assert one["sponsorships"][0]["person"]["name"] == "Anita Vandenbeld"
    assert one["updated_at"].year >= 2025
    again = client.get_bill(one["id"])
    assert again["id"] == one["id"]
    [legislator] = client.search_legislators(jurisdiction=federal)
    assert legislator["current_role"]["district"] == "Ottawa West—Nepean"
    assert client.get_legislator(legislator["id"])["name"] == "Anita Vandenbeld"
    assert [p["name"] for p in client.locate_legislators(45.05, -75.95)] == ["Anita Vandenbeld"]
    assert client.get_metadata(state=federal)["name"] == "Canada"
    hub.load("jurisdiction", {
        "key": "ca/jurisdiction/federal", "ocd_id": federal, "name_en": "Canada", "level": "federal", "sources": [source()],
    })  # fmt: skip
    hub.load(
        "organization",
        {
            "key": "ca/house",
            "name_en": "House of Commons",
            "classification": "chamber",
            "sources": [source()],
        },
    )
    assert [j["id"] for j in client.get_metadata()] == [federal]
    districts = client.search_districts(state=federal, chamber="lower")
    assert {d["label"] for d in districts} == {"Ottawa West—Nepean", "Ottawa Centre"}
    with pytest.raises(client.NotFound):
        client.get_bill(state="ca", session="45-1", bill_id="C-999")
    with pytest.raises(client.APIError):
        client.search_bills(session="45-1")


def test_open_states_lists_committees_and_events(hub: Hub) -> None:
    parliament(hub)
    [committee] = hub.get(f"{OS}/committees", jurisdiction="ca")["results"]
    assert hub.get(f"{OS}/committees/{committee['id']}", include="memberships")["memberships"] == []
    [event] = hub.get(f"{OS}/events", jurisdiction="ca", after="2025-09-01")["results"]
    assert event["start_date"] == "2025-10-01"
    assert hub.get(f"{OS}/events/{event['id']}/", include="agenda")["agenda"] == []
    assert hub.get(f"{OS}/events", jurisdiction="ca", before="2025-09-01")["results"] == []
    hub.get(f"{OS}/people", 400)
    hub.get(f"{OS}/people.geo", 400, lat="x", lng="1")
    hub.get(f"{OS}/bills", 400, jurisdiction="ca", per_page=21)
    hub.get(f"{OS}/bills", 400, jurisdiction="ca", sort="best")
