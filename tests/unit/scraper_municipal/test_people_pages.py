"""Council members from JSON, GeoJSON and pages: by the registry's field maps and selectors, and without them."""

from __future__ import annotations

import json

import pytest

from services.scraper.parsers import contacts
from services.scraper.parsers.base import ParseFailed

PAGE = """<!doctype html><html><body><main>
<div class="card"><h3>Mayor Ana Li</h3><p><a href="mailto:ana.li@x.ca?subject=hi">e-mail</a> 613-555-0101</p></div>
<div class="card"><h3><a href="/council/bo">Councillor Bo Ek - Ward 1</a></h3>
  <p><a class="m" data-cfemail="{cf}">[email protected]</a> <a href="tel:+16135550102">call</a></p></div>
<div class="card"><h3>Councillor VACANT</h3><p>Ward 2</p></div>
<div class="card"><h3>Conseillère Noëlla Hébert</h3><p>Quartier 3 <span>noella [at] x [dot] ca</span></p></div>
<h2>Council Meetings</h2><h3>Contact your councillor</h3><a href="/c">Councillor expenses</a>
</main></body></html>"""
SELECTORS = {
    "item": "div.card",
    "name": {"select": "h3", "match": r"^(?:Mayor|Councillor|Conseillère)\s+(.*?)(?:\s+-.*)?$"},
    "role": {"select": "h3", "match": r"^(Mayor|Councillor|Conseillère)"},
    "area": {"select": ".", "match": r"(Ward \d+)"},
    "email": "p",
    "url": "h3 a",
}


def shielded(address: str, key: int = 0x5A) -> str:
    return bytes([key, *(byte ^ key for byte in address.encode())]).hex()


@pytest.fixture
def read_people(make_document, parse):
    def run(body, step, **parameters):
        document = make_document(
            "example-people", body, "https://www.x.ca/council", step=step, parameters=parameters
        )
        return parse(document)

    return run


def people(result):
    return {r.name: r for r in result.records if r.kind == "person"}


def test_a_page_is_read_by_its_habits_when_the_registry_has_no_selectors(read_people):
    result = read_people(PAGE.format(cf=shielded("bo.ek@x.ca")), "html")
    found = people(result)
    assert set(found) == {"Ana Li", "Bo Ek", "Noëlla Hébert"}
    mails = {name: [c.value for c in r.contacts if c.type == "email"] for name, r in found.items()}
    assert mails == {"Ana Li": ["ana.li@x.ca"], "Bo Ek": ["bo.ek@x.ca"], "Noëlla Hébert": ["noella@x.ca"]}
    assert ("voice", "613-555-0102") in {(c.type, c.value) for c in found["Bo Ek"].contacts}
    assert found["Bo Ek"].links[0].url == "https://www.x.ca/council/bo"
    roles = {
        r.person_key.rpartition("/")[2]: (r.role_en, r.area) for r in result.records if r.kind == "membership"
    }
    assert roles == {
        "ana-li": ("Mayor", ""), "bo-ek": ("Councillor", "Ward 1"), "noella-hebert": ("Councillor", "Quartier 3")
    }  # fmt: skip


def test_a_page_is_read_by_the_selectors_of_the_registry(read_people):
    result = read_people(PAGE.format(cf=shielded("bo.ek@x.ca")), "html", html=SELECTORS)
    assert set(people(result)) == {"Ana Li", "Bo Ek", "Noëlla Hébert"}
    assert [r.division_name for r in result.records if r.kind == "post" and r.is_vacant] == ["Ward 2"]


def test_a_profile_page_adds_what_the_list_does_not_say(read_people, make_document, parse):
    selectors = {**SELECTORS, "profile": True}
    result = read_people(PAGE.format(cf=""), "html", html=selectors)
    (fetch,) = [f for f in result.follow if "bo" in f.url]
    body = "<html><body><p class=tel>Tel: 613 555-0199 ext. 7</p><p>bo@x.ca</p></body></html>"
    profile = make_document(
        "example-people", body, fetch.url, step="html_profile", context=fetch.context,
        parameters={"profile_html": {"phone": "p.tel", "email": "body"}},
    )  # fmt: skip
    found = people(parse(profile))["Bo Ek"]
    assert {(c.type, c.value) for c in found.contacts} == {("voice", "613-555-0199 x7"), ("email", "bo@x.ca")}


def test_a_page_that_changed_is_empty_and_a_wrong_selector_is_named(read_people):
    for html, code in (
        ({"item": "li.gone", "name": "h3"}, "empty"),
        ({"item": "div[", "name": "h3"}, "wrong-shape"),
    ):
        with pytest.raises(ParseFailed) as failure:
            read_people(PAGE.format(cf=""), "html", html=html)
        assert failure.value.code == code
    with pytest.raises(ParseFailed) as failure:
        read_people("<html><body><h1>Welcome</h1></body></html>", "html")
    assert failure.value.code == "empty"


def test_an_xpath_selector_works_like_a_css_one(read_people):
    selectors = {"item": "//div[@class='card'][1]", "name": {"select": ".//h3", "match": "Mayor (.*)"}}
    assert set(people(read_people(PAGE.format(cf=""), "html", html=selectors))) == {"Ana Li"}


def test_geojson_and_arcgis_features_are_people(read_people):
    properties = {
        "Name": "Ana Li",
        "WARD": 3.0,
        "Email": "ANA@x.ca",
        "Telephone": "(613) 555.0101",
        "Title": "Councillor",
    }
    for features in (
        [{"type": "Feature", "properties": properties, "geometry": None}],
        [{"attributes": properties, "geometry": {}}],
    ):
        result = read_people(json.dumps({"type": "FeatureCollection", "features": features}), "geojson")
        (person,) = people(result).values()
        assert {(c.type, c.value) for c in person.contacts} == {
            ("email", "ANA@x.ca"),
            ("voice", "613-555-0101"),
        }
        assert next(r for r in result.records if r.kind == "membership").area == "3"


def test_a_service_that_answers_an_error_or_a_part_says_so(read_people):
    with pytest.raises(ParseFailed) as failure:
        read_people('{"error": {"code": 400, "message": "Invalid URL"}}', "geojson")
    assert "Invalid URL" in failure.value.detail
    body = {"features": [{"attributes": {"name": "Ana Li"}}], "exceededTransferLimit": True}
    result = read_people(json.dumps(body), "geojson")
    assert result.complete == []
    assert result.problems[0].code == "wrong-shape"


def test_a_field_map_finds_people_in_any_json(read_people):
    body = {"data": {"all": {"nodes": [
        {"member": {"firstName": "Ana", "lastName": "Li"}, "seat": {"name": "North–West"}, "offices": [{"tel": "6135550101"}]},
        {"member": {"firstName": "", "lastName": ""}},
    ]}}}  # fmt: skip
    result = read_people(
        json.dumps(body), "json", items="data.all.nodes",
        fields={"first_name": "member.firstName", "last_name": "member.lastName", "area": "seat.name",
                "phone": "offices.0.tel", "role": "=MLA"},
    )  # fmt: skip
    membership = next(r for r in result.records if r.kind == "membership")
    assert (membership.role_en, membership.area) == ("MLA", "North—West")
    assert result.skipped == {"without a name": 1}


def test_the_members_of_british_columbia_are_asked_for_and_read_by_the_registry_alone(make_document, parse):
    from services.scraper.registry import parser_of
    from services.scraper.sources import registry

    source = registry().get("ca-bc-members")
    (fetch,) = parser_of(source).start(source)
    asked = json.loads(fetch.body)
    assert fetch.method == "POST"
    assert asked["variables"] == {"parliamentId": 43}
    assert "condition: {parliamentId: $parliamentId, active: true}" in asked["query"]
    node = {"constituency": {"name": "Oak Bay-Gordon Head"}, "member": {"firstName": "Ana", "lastName": "Li"},
            "party": {"name": "BC Green Party"}}  # fmt: skip
    body = json.dumps({"data": {"allMemberParliaments": {"nodes": [node]}}})
    result = parse(make_document("ca-bc-members", body, step=fetch.step))
    membership = next(r for r in result.records if r.kind == "membership")
    assert (membership.role_en, membership.area, membership.party) == (
        "MLA",
        "Oak Bay-Gordon Head",
        "BC Green Party",
    )


def test_albertas_columns_are_mapped_by_the_registry_alone(make_document, parse):
    body = (
        "Riding Number,Riding Name,MLA First Name,MLA Middle Names,MLA Last Name,Caucus,Phone Number,Fax Number,MLA Email\n"
        "1,Calgary-Acadia,Ana,,Li,NDP,403-555-0101,,ana.li@assembly.ab.ca\n"
    )
    result = parse(make_document("ca-ab-members", body, step="represent_csv"))
    membership = next(r for r in result.records if r.kind == "membership")
    assert (membership.area, membership.party, membership.role_en) == ("Calgary-Acadia", "NDP", "MLA")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("613.580.2424", "613-580-2424"), ("1 (866) 471-3800", "866-471-3800"), ("Phone: 519-255-6315", "519-255-6315"),
        ("613-580-2424 ext. 16875", "613-580-2424 x16875"), ("514 872-0311, poste 5", "514-872-0311 x5"),
        ("(312) 744-6841 / 5684", "(312) 744-6841 / 5684"), ("3-1-1", "3-1-1"), ("", ""),
        ("tel:+16135550101", "613-555-0101"),
    ],
)  # fmt: skip
def test_telephone_numbers_have_one_form(text, told):
    assert contacts.phone(text) == told


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("mailto:a@x.ca", "a@x.ca"), ("a%40x.ca", "a@x.ca"), ("a (at) x (dot) ca", "a@x.ca"), ("none", ""),
        ("a [arobase] x [point] ca", "a@x.ca"), ("write to a@x.ca.", "a@x.ca"),
    ],
)  # fmt: skip
def test_obfuscated_addresses_are_read(text, told):
    assert contacts.email(text) == told
