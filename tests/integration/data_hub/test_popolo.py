"""format=popolo: every class by Popolo's own schemas, in either language, with nothing lost that it has a place for."""

from __future__ import annotations

from typing import Any

import pytest

from .conftest import Hub, ballot, membership, person, source, vote
from .popolo import faults

SPEECH = {
    "key": "ca/house/debate/45-1/12/speech/1", "debate_key": "ca/house/debate/45-1/12", "sequence": 1, "slug": "ruby-sahota-1",
    "time": "2025-06-16T14:05:00-04:00", "speaker_name": "Ruby Sahota", "person_key": "ca/house/person/1",
    "h1_fr": "Affaires courantes",
    "paragraphs": [{"id": "1", "text_en": "Mr. Speaker,", "text_fr": "Monsieur le Président,"}, {"id": "2", "text_fr": "Merci."}],
}  # fmt: skip
RECORDS: dict[str, list[dict[str, Any]]] = {
    "person": [
        person(
            1, contacts=[{"type": "email", "value": "ruby@parl.gc.ca"}, {"type": "voice", "value": "613-555-0101", "note": "legislature"}],
            links=[{"url": "https://www.ourcommons.ca/1"}], birth_date="1970-01-31", image="https://www.ourcommons.ca/1.jpg",
            other_names=["Ruby S."], gender="F", biography_fr="Députée.",
        ),
        person(2, "Ève Péclet"),
    ],
    "organization": [
        {"key": "ca/house", "name_en": "House of Commons", "name_fr": "Chambre des communes", "classification": "chamber"},
        {"key": "ca-qc/legislature", "name_en": "Assemblée nationale", "classification": "legislature"},
        {
            "key": "ca/house/committee/45-1/fina", "name_en": "Finance", "name_fr": "Finances", "classification": "committee",
            "parent_key": "ca/house", "session": "45-1", "start_date": "2025-05-26", "identifiers": [{"scheme": "acronym", "value": "FINA"}],
        },
    ],
    "division": [
        {
            "key": "ca/division/35013", "ocd_id": "ocd-division/country:ca/ed:35013-2023", "name_en": "Brampton North—Caledon",
            "type": "ed", "parent_ocd_id": "ocd-division/country:ca", "valid_from": "2024-04-23",
        }
    ],
    "post": [
        {
            "key": "ca/house/post/35013", "organization_key": "ca/house", "label_en": "Member for Brampton North—Caledon",
            "label_fr": "Députée de Brampton-Nord—Caledon", "role_en": "Member", "division_id": "ocd-division/country:ca/ed:35013-2023",
            "division_name": "Brampton North—Caledon",
        },
        {"key": "ca/house/post/speaker", "organization_key": "ca/house", "label_en": "Speaker", "label_fr": "Présidence"},
    ],
    "membership": [
        membership(1, post_key="ca/house/post/35013"),
        membership(2, "", role_en="", role_fr="Députée", area="", province=""),
    ],
    "vote_event": [
        vote(1, [ballot(1), ballot(2, "paired", ""), ballot(9, "absent")], counts=[{"option": "abstain", "value": 2}]),
        vote(2, [], occurred_at="2025-06-16T15:30:00-04:00", subject_en="", motion_fr="Que la Chambre..."),
    ],
    "event": [
        {"key": "ca/house/meeting/fina/1", "name_en": "Meeting 1", "start_date": "2025-06-10", "organization_key": "ca/house/committee/45-1/fina"},
        {"key": "ca/house/meeting/fina/2", "name_en": "Meeting 2", "start_date": "2025-06-12", "starts_at": "2025-06-12T15:30:00-04:00", "location": "Room 035-B"},
    ],
    "debate": [{"key": "ca/house/debate/45-1/12", "organization_key": "ca/house", "date": "2025-06-16", "session": "45-1", "number": "12", "document_type": "debate"}],
    "speech": [SPEECH],
}  # fmt: skip
LISTS = {
    "people?include=memberships": "person",
    "organizations?include=memberships,posts": "organization",
    "committees": "organization",
    "divisions": "area",
    "posts?include=memberships": "post",
    "memberships": "membership",
    "votes?include=ballots": "vote_event",
    "events": "event",
    "speeches": "speech",
}


@pytest.fixture
def full(hub: Hub) -> Hub:
    """A hub that holds some of everything."""
    for kind, records in RECORDS.items():
        loaded = hub.load(kind, *({"sources": [source()], **record} for record in records))
        assert loaded["inserted"] == len(records), (kind, loaded)
    return hub


def popolo(hub: Hub, path: str) -> list[dict[str, Any]]:
    name, _, query = path.partition("?")
    found: list[dict[str, Any]] = hub.get(f"/api/v1/{name}?format=popolo&{query}")["data"]
    return found


def test_every_class_is_what_popolos_schemas_say(full: Hub) -> None:
    for path, name in LISTS.items():
        found = popolo(full, path)
        assert found, path
        for one in found:
            assert not faults(name, one), (path, one)
            # One record alone carries more than in a list: what its class has a place for must be sound too.
            url = f"/api/v1/{path.partition('?')[0]}/{one['id']}"
            if name != "area":
                assert not faults(name, full.get(url, format="popolo")), url


def test_the_schemas_find_faults() -> None:
    assert faults("person", {"name": 3})
    assert faults("person", {"nmae": "x"})
    assert faults("person", {"image": "x y"})
    assert faults("count", {"option": "yes"})
    assert faults("membership", {"start_date": "May"})
    assert faults("person", {"memberships": [{"area": {"nam": "x"}}]})
    assert faults("vote_event", {"created_at": "2025-06-16"})
    assert not faults("vote_event", {"start_date": "2025-06-16"})


def test_what_popolo_has_a_place_for_is_in_it(full: Hub) -> None:
    people = {one["name"]: one for one in popolo(full, "people?include=memberships")}
    [seat] = people["Ruby Sahota"]["memberships"]
    assert seat["on_behalf_of"] == {"name": "Liberal", "classification": "party"}
    assert people["Ruby Sahota"]["biography"] == "Députée."
    assert people["Ruby Sahota"]["links"] == [{"url": "https://www.ourcommons.ca/1"}]
    [other] = people["Ève Péclet"]["memberships"]
    assert (other["role"], "on_behalf_of" in other, "area" in other) == ("Députée", False, False)
    listed = next(one for one in popolo(full, "memberships") if one["id"] == seat["id"])
    assert listed["sources"] == [{"url": source()["url"]}]
    bodies = {one["name"]: one for one in popolo(full, "organizations?include=memberships,posts")}
    house = bodies["House of Commons"]
    assert house["other_names"] == [{"name": "Chambre des communes", "note": "fr"}]
    assert {post["label"] for post in house["posts"]} == {"Member for Brampton North—Caledon", "Speaker"}
    assert len(house["memberships"]) == 2
    assert bodies["Finance"]["parent_id"] == house["id"]
    [area] = popolo(full, "divisions")
    posts = {one["label"]: one for one in popolo(full, "posts?include=memberships")}
    mine = posts["Member for Brampton North—Caledon"]
    assert mine["area"]["id"] == area["id"] == "ocd-division/country:ca/ed:35013-2023"
    assert mine["memberships"][0]["person_id"] == people["Ruby Sahota"]["id"]
    assert "area" not in posts["Speaker"]


def test_a_vote_is_told_to_the_day_or_to_the_second_as_its_source_told_it(full: Hub) -> None:
    votes = {one["identifier"]: one for one in popolo(full, "votes?include=ballots")}
    first, second = votes["45-1-1"], votes["45-1-2"]
    assert (first["start_date"], second["start_date"]) == ("2025-06-16", "2025-06-16T15:30:00-04:00")
    assert {c["option"]: c["value"] for c in first["counts"]} == {
        "abstain": 2,
        "yes": 1,
        "no": 0,
        "paired": 1,
    }
    assert [(v["option"], v["voter"]["name"]) for v in first["votes"]] == [
        ("yes", "Member 1"),
        ("paired", "Member 2"),
        ("absent", "Member 9"),
    ]
    assert second["motion"]["text"] == "Que la Chambre..."
    [speech] = popolo(full, "speeches")
    assert (speech["text"], speech["title"]) == ("Mr. Speaker,\nMerci.", "Affaires courantes")


def test_a_single_record_refuses_and_tells_as_a_list_does(full: Hub) -> None:
    full.get("/api/v1/people/ruby-sahota", 422, format="popolo", fields="name")
    full.get("/api/v1/people/ruby-sahota", 422, format="popolo", lang="fr")
    full.close("01a20966-cd8e-7457-95fc-1d48cf98307c", ("person", "ca/house/person/2"))
    gone = full.get("/api/v1/people/ca/house/person/2", 410, format="popolo")
    assert not faults("person", gone)
