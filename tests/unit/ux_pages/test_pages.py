"""Every page, in both languages, from a record in memory: it parses, it is sound, it asks little."""

from __future__ import annotations

import json
from typing import Any

import pytest
from starlette.testclient import TestClient

from hubs.data_hub.database.service.asking import MAX_VALUE_CHARS
from hubs.ux_hub.web.service.record import MAX_CALLS
from shared.core.errors import Gone, Invalid, Unavailable
from tests.unit.ux_pages.conftest import PAGES, Open
from tests.unit.ux_pages.fake_record import FakeHubs, post, uuid
from tests.unit.ux_pages.soundness import active, elements, faults, parse, words

MOST_CALLS = 6


@pytest.mark.parametrize("lang", ["en", "fr"])
@pytest.mark.parametrize("path", PAGES)
def test_a_page_parses_and_is_sound(site: TestClient, hubs: FakeHubs, path: str, lang: str) -> None:
    answer = site.get(f"/{lang}{path}")
    assert answer.status_code == 200
    tree = parse(answer.text)
    assert faults(tree, lang) == []
    assert active(tree) == []
    assert len(hubs.asked) <= MOST_CALLS <= MAX_CALLS, hubs.asked


@pytest.mark.parametrize("lang", ["en", "fr"])
@pytest.mark.parametrize("path", [p for p in PAGES if "-1" not in p and "tran" not in p])
def test_a_page_is_sound_when_nothing_is_on_record(open_with: Open, path: str, lang: str) -> None:
    answer = open_with(FakeHubs(is_empty=True)).get(f"/{lang}{path}")
    assert answer.status_code == 200
    assert faults(parse(answer.text), lang) == []


@pytest.mark.parametrize("path", [p for p in PAGES if "/widgets/" not in p and not p.startswith("/history")])
def test_a_page_names_its_twin_and_switches_to_it_in_place(site: TestClient, path: str) -> None:
    tree = parse(site.get(f"/fr{path}").text)
    links = {
        e.get("hreflang"): e.get("href") for tag, e in elements(tree) if tag == "link" and e.get("hreflang")
    }
    twin = next(e.get("href") for tag, e in elements(tree) if e.get("class") == "twin")
    assert twin is not None
    assert twin.startswith("/en")
    bare = path.partition("?")[0]
    assert twin.partition("?")[0] == f"/en{bare}"
    if links:
        assert links["en-CA"] == f"https://openpolicy.example{twin}"
        assert links["fr-CA"].startswith(f"https://openpolicy.example/fr{bare}")
    assert site.get(twin).status_code == 200


def test_the_two_languages_say_different_things(site: TestClient) -> None:
    for path in PAGES:
        en, fr = (parse(site.get(f"/{lang}{path}").text) for lang in ("en", "fr"))
        titles = [next(words(e) for tag, e in elements(tree) if tag == "title") for tree in (en, fr)]
        if "/votes/" not in path and path.rpartition("/")[2] not in ("votes", "elise-member-1"):
            assert words(en) != words(fr), path
        assert all(titles), path


def test_text_that_exists_in_the_other_language_only_is_marked_as_such(site: TestClient) -> None:
    html = site.get("/fr/debates/house-45-1-100").text
    assert '<div lang="en"><p>' in html.replace("\n", "") or 'lang="en">Only in English.' in html
    assert '<span lang="en">Third reading</span>' in site.get("/fr/bills/45-1-c-11").text


def test_structured_data_is_json_and_cannot_end_its_element(open_with: Open) -> None:
    hostile = open_with(FakeHubs(hostile="</script><script>alert(1)</script>"))
    for path in (
        "/en",
        "/en/bills/45-1-c-11",
        "/en/votes/45-1-123",
        "/en/members/elise-member-1",
        "/en/meetings/tran-1",
    ):
        tree = parse_loosely(hostile.get(path).text)
        blocks = [e.text or "" for tag, e in elements(tree) if e.get("type") == "application/ld+json"]
        assert [json.loads(block)["@context"] for block in blocks] == ["https://schema.org"], path


def parse_loosely(html: str):  # type: ignore[no-untyped-def]
    return parse(html)


@pytest.mark.parametrize(
    ("path", "slug"),
    [("/bills/01a20971-0000-7000-8000-000100000011", "/bills/45-1-c-11"),
     ("/votes/01a20971-0000-7000-8000-000200000123", "/votes/45-1-123"),
     ("/members/01a20971-0000-7000-8000-000300000001", "/members/elise-member-1"),
     ("/debates/01a20971-0000-7000-8000-000700000000?speech=3", "/debates/house-45-1-100?speech=3")],
)  # fmt: skip
def test_an_id_leads_to_the_address_with_the_name(site: TestClient, path: str, slug: str) -> None:
    answer = site.get(f"/fr{path}")
    assert (answer.status_code, answer.headers["location"]) == (308, f"/fr{slug}")


@pytest.mark.parametrize("lang", ["en", "fr"])
def test_failures_are_pages_in_the_language_of_the_address(open_with: Open, lang: str) -> None:
    for hubs, path, status in (
        (FakeHubs(), "/nothing/here", 404),
        (FakeHubs(), "/bills/45-1-c-999", 404),
        (FakeHubs(failing=Unavailable("the database is away at 10.0.0.7")), "/bills", 503),
        (FakeHubs(failing=Gone("")), "/bills/45-1-c-11", 410),
        (FakeHubs(failing=ZeroDivisionError("inside")), "/bills", 500),  # type: ignore[arg-type]
        (FakeHubs(), "/bills?type=strange", 422),
        (FakeHubs(), "/search?offset=minus", 422),
        (FakeHubs(), "/bills/..%2f..%2fv1%2fkeys", 404),
    ):
        answer = open_with(hubs).get(f"/{lang}{path}")
        assert answer.status_code == status, path
        assert faults(parse(answer.text), lang) == []
        assert answer.headers["cache-control"] == "no-store"
        assert "10.0.0.7" not in answer.text
        assert "inside" not in answer.text
    assert answer.headers["content-type"].startswith("text/html")


def test_a_method_that_a_page_does_not_take_is_refused_with_a_page(site: TestClient) -> None:
    answer = site.post("/en/bills")
    assert answer.status_code == 405
    assert "<h1>" in answer.text


def test_the_service_page_is_shown_when_the_watch_itself_is_away(open_with: Open) -> None:
    answer = open_with(FakeHubs(failing=Unavailable("away"))).get("/en/status")
    assert answer.status_code == 200
    assert "cannot be reached" in answer.text


def test_a_vote_shows_every_ballot_and_a_party_filter_narrows_them(site: TestClient) -> None:
    def rows(path: str) -> int:
        tree = parse(site.get(path).text)
        table = next(e for _, e in elements(tree) if e.get("id") == "ballot-table")
        return sum(tag == "tr" for tag, _ in elements(table)) - 1

    assert rows("/en/votes/45-1-123") == 40
    assert rows("/en/votes/45-1-123?party=Liberal") == 7


def test_a_postal_code_that_is_none_is_said_to_be_none_without_asking(
    site: TestClient, hubs: FakeHubs
) -> None:
    assert "aria-invalid" in site.get("/en/my-representatives?postcode=D1O1U1").text
    assert not [path for path, _ in hubs.asked if "representatives" in path]


def test_a_postal_code_is_asked_for_in_its_plain_form_and_stays_out_of_other_addresses(
    site: TestClient, hubs: FakeHubs
) -> None:
    html = site.get("/en/my-representatives?postcode=k1a-0a6").text
    assert ("/api/v1/representatives", {"postal_code": "K1A0A6"}) in hubs.asked
    assert "postcode=" not in html
    assert "nothing is on record" in site.get("/en/my-representatives?postcode=X0X0X0").text.casefold()


def test_the_sitemap_lists_both_languages_of_each_page(site: TestClient) -> None:
    index = site.get("/sitemap.xml").text
    assert "https://openpolicy.example/sitemap-bills.xml" in index
    part = site.get("/sitemap-bills.xml").text
    assert "<loc>https://openpolicy.example/en/bills/45-1-c-11</loc>" in part
    assert 'hreflang="fr-CA" href="https://openpolicy.example/fr/bills/45-1-c-11"' in part
    assert site.get("/sitemap-secrets.xml").status_code == 404
    assert "Sitemap: https://openpolicy.example/sitemap.xml" in site.get("/robots.txt").text


def test_an_old_link_to_changes_of_another_record_leads_to_the_newest(open_with: Open) -> None:
    class Anew(FakeHubs):
        def _answer(self, path: str, params: dict[str, Any]) -> Any:
            if path == "changes" and params["after"] != "now" and int(params["after"]) > 5:
                raise Invalid("after: beyond the newest change; start over", position=5)
            return super()._answer(path, params)

    answer = open_with(Anew()).get("/fr/changes?before=900000")
    assert (answer.status_code, answer.headers["location"]) == (307, "/fr/changes")
    assert answer.headers["cache-control"] == "no-cache"
    assert open_with(Anew()).get("/fr/changes").status_code == 200
    refused = open_with(FakeHubs(failing=Invalid("limit: no"))).get("/fr/changes?before=900000")
    assert refused.status_code == 422


def test_a_full_page_of_seats_asks_for_its_holders_within_what_a_parameter_may_hold(open_with: Open) -> None:
    class Full(FakeHubs):
        def _rows(self, head: str) -> list[Any]:
            if head != "posts":
                return super()._rows(head)
            made = [post(1) for _ in range(self.asked[-1][1]["limit"])]
            for n, seat in enumerate(made):
                seat["memberships"][0]["person_id"] = uuid("person", n)
            return made

    hubs = Full()
    assert open_with(hubs).get("/en/my-representatives").status_code == 200
    [ids] = [params["id__in"] for path, params in hubs.asked if path.endswith("/people")]
    assert len(set(ids.split(","))) > 40
    assert len(ids) <= MAX_VALUE_CHARS
