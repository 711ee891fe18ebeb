"""The members list in both layouts, and its CSV export."""

from __future__ import annotations

import re
from datetime import date

import pytest

from services.scraper.parsers.base import ParseFailed

MPS = "ca-federal-mps"
LIST_URL = "https://www.ourcommons.ca/Members/en/search/XML"
EMPTY = b'<ArrayOfMemberOfParliament xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" />'


def by_kind(result, kind):
    """Records of the list itself, and those that stand until a member's profile is read."""
    records = [*result.records, *(record for fetch in result.follow for record in fetch.otherwise)]
    return [record for record in records if record.kind == kind]


@pytest.mark.parametrize(
    ("path", "count"),
    [
        ("ourcommons/members/members_search_2021-03.xml", 338),
        ("ourcommons/members/members_search_45-1_with_PersonId_EXCERPT.xml", 33),
        ("ourcommons/members/members_search_2022.csv", 338),
    ],
)
def test_every_member_becomes_a_person_a_seat_and_a_membership(sample, parse, path, count):
    result = parse(sample(MPS, path))
    for kind in ("person", "post", "membership"):
        assert len({record.key for record in by_kind(result, kind)}) == count
    assert not result.skipped


def test_a_person_with_an_id_is_keyed_by_it_and_dated(sample, parse):
    result = parse(sample(MPS, "ourcommons/members/members_search_45-1_with_PersonId_EXCERPT.xml"))
    person = by_kind(result, "person")[0]
    assert (person.key, person.name) == ("ca/house/person/89156", "Ziad Aboultaif")
    assert person.identifiers[0].value == "89156"
    membership = by_kind(result, "membership")[0]
    assert membership.person_key == person.key
    assert (membership.area, membership.province, membership.party) == (
        "Edmonton Manning",
        "Alberta",
        "Conservative",
    )
    assert (membership.start_date, membership.end_date) == (date(2025, 4, 28), None)
    assert membership.on_behalf_of_key == "ca/party/conservative"
    assert membership.post_key == "ca/house/post/edmonton-manning"


def test_a_person_without_an_id_is_keyed_by_name(sample, parse):
    result = parse(sample(MPS, "ourcommons/members/members_search_2021-03.xml"))
    assert by_kind(result, "person")[0].key == "ca/house/person/name:ziad-aboultaif"
    assert by_kind(result, "membership")[0].start_date == date(2019, 10, 21)


def test_names_keep_their_dashes_and_apostrophes(samples, sample, parse):
    path = "ourcommons/members/members_search_2021-03.xml"
    result = parse(sample(MPS, path))
    text = (samples / path).read_text(encoding="utf-8")
    for membership in by_kind(result, "membership"):
        assert f"<ConstituencyName>{membership.area}</ConstituencyName>" in text
    areas = {membership.area for membership in by_kind(result, "membership")}
    assert "Parry Sound—Muskoka" in areas
    names = {person.name for person in by_kind(result, "person")}
    assert {"Marie-France Lalonde", "Seamus O'Regan", "Alexandre Boulerice", "Élisabeth Brière"} <= names


def test_an_independent_member_sits_for_no_party(sample, parse):
    result = parse(sample(MPS, "ourcommons/members/members_search_2021-03.xml"))
    independents = [m for m in by_kind(result, "membership") if m.party == "Independent"]
    assert independents
    assert all(m.on_behalf_of_key is None for m in independents)
    assert {o.key for o in by_kind(result, "organization") if o.classification == "party"} == {
        "ca/party/bloc-quebecois",
        "ca/party/conservative",
        "ca/party/green-party",
        "ca/party/liberal",
        "ca/party/ndp",
    }


def test_the_list_proves_which_memberships_ended_but_forgets_no_person(sample, parse):
    result = parse(sample(MPS, "ourcommons/members/members_search_2021-03.xml"))
    assert [(c.kind, c.prefix) for c in result.complete] == [("membership", "ca/house/membership/")]


def test_the_miniature_list_is_read_whole(rendered, crawl):
    document = rendered(MPS, LIST_URL)
    people = crawl(MPS).of("person")
    assert len(people) == document.body.count(b"<MemberOfParliament>") > 30
    for person in people:
        number = person.identifiers[0].value
        profile = f"https://www.ourcommons.ca/Members/en/{number}"
        assert [source.url for source in person.sources] == [profile, LIST_URL]


def test_a_profile_gives_contacts_by_place_and_a_photo(crawl):
    people = {person.name: person for person in crawl(MPS).of("person")}
    person = people["Ziad Aboultaif"]
    assert person.image.startswith("https://www.ourcommons.ca/Content/Parliamentarians/Images/")
    found = {(detail.type, detail.note) for detail in person.contacts}
    assert {("email", ""), ("address", "legislature"), ("voice", "legislature")} <= found
    assert ("address", "constituency") in found
    numbers = [detail.value for detail in person.contacts if detail.type == "voice"]
    assert all(re.fullmatch(r"\d{3}-\d{3}-\d{4}", number) for number in numbers)


def test_without_its_profile_a_member_is_known_from_the_list(sample, parse):
    result = parse(sample(MPS, "ourcommons/members/members_search_45-1_with_PersonId_EXCERPT.xml"))
    assert len(result.follow) == 33
    for fetch in result.follow:
        assert {record.kind for record in fetch.otherwise} == {"person", "post", "membership"}
        assert not fetch.is_required


def test_the_page_of_addresses_gives_every_member_both_offices(sample, parse):
    result = parse(sample(MPS, "ourcommons/members/addresses_2023.html"))
    people = by_kind(result, "person")
    assert len(people) == 337
    assert all(any(detail.note == "legislature" for detail in person.contacts) for person in people)
    with_office = [p for p in people if any(detail.note == "constituency" for detail in p.contacts)]
    assert len(with_office) > 320


def test_the_page_of_constituencies_keeps_a_vacant_seat(sample, parse):
    result = parse(sample(MPS, "ourcommons/members/constituencies_2023.html"))
    assert len(by_kind(result, "post")) == 338
    held = {membership.post_key for membership in by_kind(result, "membership")}
    vacant = [post.division_name for post in by_kind(result, "post") if post.key not in held]
    assert vacant == ["Durham"]


def test_xml_and_csv_of_a_member_state_the_same_facts(sample, parse):
    xml = parse(sample(MPS, "ourcommons/members/members_search_2021-03.xml"))
    csv = parse(sample(MPS, "ourcommons/members/members_search_2022.csv"))
    one = {p.key: (p.name, p.given_name, p.family_name) for p in by_kind(xml, "person")}
    other = {p.key: (p.name, p.given_name, p.family_name) for p in by_kind(csv, "person")}
    both = one.keys() & other.keys()
    assert len(both) > 200
    assert all(one[key] == other[key] for key in both)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (EMPTY, "empty"),
        (b"", "empty-body"),
        (b"<!DOCTYPE html><html><body>We are sorry</body></html>", "html-error-page"),
        (b"<ArrayOfVote />", "wrong-shape"),
        (EMPTY[:-3], "truncated"),
        (b'{"error": 1}', "not-xml"),
    ],
)
def test_what_is_not_a_members_list_is_refused_with_a_reason(make_document, parse, body, code):
    with pytest.raises(ParseFailed) as failure:
        parse(make_document(MPS, body, LIST_URL, step="members"))
    assert failure.value.code == code
    assert failure.value.problem().url == LIST_URL
