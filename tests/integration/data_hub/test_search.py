"""Search: both languages, operators, facets, corrections; and an index that can always be made again."""

from __future__ import annotations

import time

import httpx
import pytest

from hubs.data_hub.search.asked import AskedTerms
from shared.core.ids import new_id

from .conftest import Hub, bill, both_servers, membership, person, source, vote

HOUSE = "ca/house/debate/45-1/10"


def debate(**changes: object) -> dict:
    return {
        "key": HOUSE,
        "organization_key": "ca/house",
        "date": "2025-06-05",
        "session": "45-1",
        "number": "10",
        "sources": [source("https://www.ourcommons.ca/han010.xml")],
        **changes,
    }


def speech(sequence: int, en: str, fr: str, **changes: object) -> dict:
    return {
        "key": f"{HOUSE}/{sequence}",
        "debate_key": HOUSE,
        "sequence": sequence,
        "speaker_name": "Ruby Sahota",
        "slug": f"ruby-sahota-{sequence}",
        "person_key": "ca/house/person/1",
        "paragraphs": [{"id": str(sequence), "text_en": en, "text_fr": fr}],
        "h2_en": "Climate",
        "h2_fr": "Climat",
        "sources": [source("https://www.ourcommons.ca/han010.xml")],
        **changes,
    }


def fill(hub: Hub) -> None:
    hub.load("person", person(1), person(2, "Élisabeth Brière"))
    hub.load(
        "membership", membership(1), membership(2, "Bloc Québécois", province="Quebec", area="Sherbrooke")
    )
    hub.load(
        "bill",
        bill(),
        bill("C-12", title_en="Strengthening Canada's Immigration Act", title_fr="Loi sur l'immigration"),
    )
    hub.load("vote_event", vote(12, bill_key="ca/bill/45-1/c-2"))
    hub.load("debate", debate())
    hub.load(
        "speech",
        speech(
            1,
            "Madam Speaker, farmers need carbon pricing relief.",
            "Madame la Présidente, les agriculteurs ont besoin d'aide.",
        ),
        speech(
            2,
            "The environment matters to every province.",
            "L'environnement compte pour chaque province.",
            bill_keys=["ca/bill/45-1/c-2"],
        ),
        speech(
            3,
            "Housing costs are rising.",
            "Le prix du logement augmente.",
            person_key="ca/house/person/2",
            speaker_name="Élisabeth Brière",
        ),
    )


def hits(answer: dict) -> list[str]:
    return [hit["key"] for hit in answer["data"]]


@both_servers
def test_words_are_found_in_both_languages_whatever_their_endings_and_accents(hub: Hub) -> None:
    fill(hub)
    assert hits(hub.search("farmer")) == [f"{HOUSE}/1"]
    assert hits(hub.search("agriculteur")) == [f"{HOUSE}/1"]
    assert hits(hub.search("environnements")) == [f"{HOUSE}/2"]
    assert hits(hub.search("elisabeth briere", type="person")) == ["ca/house/person/2"]
    assert hits(hub.search("ÉLISABETH", type="person")) == ["ca/house/person/2"]
    assert hub.search("zebra")["data"] == []


def test_a_hit_shows_the_paired_text_of_the_other_language(hub: Hub) -> None:
    fill(hub)
    [hit] = hub.search("agriculteurs", lang="en")["data"]
    assert hit["snippet_en"].startswith("Madam Speaker, farmers need carbon pricing")
    [hit] = hub.search("agriculteurs", lang="fr")["data"]
    assert "les <mark>agriculteurs</mark> ont" in hit["snippet_fr"]
    assert (hit["date"], hit["party"], hit["person"]["name"]) == ("2025-06-05", "Liberal", "Ruby Sahota")


@pytest.mark.parametrize("query", ["lighthouses", "lighth*", '"the lighthouse"', "lighthouse -zebra"])
def test_a_word_far_down_in_a_long_text_is_marked_and_the_other_language_shows_its_beginning(
    hub: Hub, query: str
) -> None:
    fill(hub)
    filler = "Nothing of note was said by anybody that day. " * 120
    english = f"{filler}They kept the lighthouse until 1999. {filler}"
    french = "Rien de notable n'a été dit ce jour-là. " * 120
    hub.load("speech", speech(9, english, french))
    [hit] = hub.search(query)["data"]
    assert "<mark>lighthouse</mark>" in hit["snippet_en"]
    assert hit["snippet_fr"] == french[:240]
    assert len(hit["snippet_en"]) < 400


def test_operators_narrow_a_search(hub: Hub) -> None:
    fill(hub)
    assert hits(hub.search('"carbon pricing"')) == [f"{HOUSE}/1"]
    assert hub.search('"pricing carbon"')["data"] == []
    assert set(hits(hub.search("farmers OR housing"))) == {f"{HOUSE}/1", f"{HOUSE}/3"}
    assert hits(hub.search("type:speech -farmers -housing")) == [f"{HOUSE}/2"]
    assert hits(hub.search("environ* type:speech")) == [f"{HOUSE}/2"]
    assert hits(hub.search("party:bloc type:speech")) == [f"{HOUSE}/3"]
    assert hits(hub.search("mp:sahota type:speech date:2025-06")) == hits(hub.search("mp:sahota type:speech"))
    assert hub.search("mp:sahota date:2024")["data"] == []
    assert set(hits(hub.search("bill:C-2"))) == {"ca/bill/45-1/c-2", f"{HOUSE}/2", "ca/house/vote/45-1/12"}
    assert hits(hub.search("province:qc type:person")) == ["ca/house/person/2"]
    assert hits(hub.search("housing", date_from="2025-06-05", date_to="2025-06-05")) == [f"{HOUSE}/3"]
    assert hub.search("housing", date_from="2025-06-06")["data"] == []


def test_committees_are_found_by_acronym_and_either_name_with_all_that_they_did(hub: Hub) -> None:
    fina, meeting = "ca/house/committee/45-1/fina", "ca/house/meeting/45-1/fina/7"
    evidence = "ca/house/evidence/45-1/fina/7"
    hub.load("organization", {
        "key": fina, "name_en": "Standing Committee on Finance", "name_fr": "Comité permanent des finances",
        "classification": "committee", "abbreviation": "FINA", "session": "45-1", "sources": [source()],
    })  # fmt: skip
    hub.load("event", {
        "key": meeting, "name_en": "Meeting 7", "organization_key": fina, "start_date": "2025-10-01", "sources": [source()],
    })  # fmt: skip
    hub.load("debate", debate(key=evidence, organization_key=fina, document_type="evidence"), debate())
    hub.load(
        "speech",
        speech(1, "Interest rates fell.", "", key=f"{evidence}/1", debate_key=evidence, slug="witness-1"),
        speech(2, "Interest rates rose.", ""),
    )
    for name in ("FINA", "finance", "finances"):
        assert set(hits(hub.search(f"committee:{name}"))) == {fina, meeting, f"{evidence}/1"}, name
    assert hits(hub.search("interest committee:fina")) == [f"{evidence}/1"]


def test_a_bill_is_first_by_its_number_and_a_member_by_the_name(hub: Hub) -> None:
    fill(hub)
    assert hits(hub.search("C-12"))[0] == "ca/bill/45-1/c-12"
    assert hits(hub.search("c12"))[0] == "ca/bill/45-1/c-12"
    assert hits(hub.search("Ruby Sahota"))[0] == "ca/house/person/1"


def test_facets_count_every_hit(hub: Hub) -> None:
    fill(hub)
    answer = hub.search("", limit=1)
    facets = {f["value"]: f["count"] for f in answer["meta"]["facets"]["type"]}
    assert facets == {"speech": 3, "person": 2, "bill": 2, "vote": 1}
    assert answer["meta"]["total"] == 8
    assert {f["value"]: f["count"] for f in answer["meta"]["facets"]["year"]} == {2025: 6}
    assert {f["value"]: f["count"] for f in answer["meta"]["facets"]["party"]} == {
        "Liberal": 3,
        "Bloc Québécois": 2,
    }


def test_pages_do_not_overlap_and_the_order_by_date_is_exact(hub: Hub) -> None:
    hub.load("bill", *[bill(f"C-{n}", latest_activity_on=f"2025-06-{n:02}") for n in range(1, 29)])
    seen: list[str] = []
    for offset in range(0, 28, 7):
        seen += hits(hub.search("border", sort="-date", limit=7, offset=offset))
    assert seen == [f"ca/bill/45-1/c-{n}" for n in range(28, 0, -1)]
    relevance = hits(hub.search("border", limit=14)) + hits(hub.search("border", limit=14, offset=14))
    assert len(set(relevance)) == 28


def test_a_misspelt_word_gets_a_suggestion(hub: Hub) -> None:
    fill(hub)
    assert hub.search("sahotta")["meta"]["did_you_mean"] == "sahota"
    assert hub.search("enviroment")["meta"]["did_you_mean"] == "environment"
    assert hub.search("qqqqqqqq")["meta"]["did_you_mean"] is None


def test_updates_tombstones_and_revivals_reach_the_index_at_once(hub: Hub) -> None:
    hub.load("bill", bill(), bill("C-3", title_en="An Act about salmon"))
    assert hits(hub.search("salmon")) == ["ca/bill/45-1/c-3"]
    began = time.monotonic()
    hub.load("bill", bill("C-3", title_en="An Act about herring"))
    assert hits(hub.search("herring")) == ["ca/bill/45-1/c-3"]
    assert time.monotonic() - began < 5
    assert hub.search("salmon")["data"] == []
    run = new_id()
    hub.load("bill", bill(), run_id=run)
    hub.close(run, ("bill", "ca/bill/45-1/"))
    assert hub.search("herring")["data"] == []
    hub.load("bill", bill("C-3", title_en="An Act about herring"))
    assert hits(hub.search("herring")) == ["ca/bill/45-1/c-3"]


def test_a_new_membership_shows_on_the_member(hub: Hub) -> None:
    hub.load("person", person(1))
    assert hub.search("party:ndp")["data"] == []
    hub.load("membership", membership(1, "NDP"))
    assert hits(hub.search("party:ndp")) == ["ca/house/person/1"]


def test_who_holds_an_answer_is_told_that_it_still_stands_until_the_record_changes(hub: Hub) -> None:
    fill(hub)
    hub.search("farmers")

    def ask(tag: str = "", **params: object) -> httpx.Response:
        return hub.http.get("/api/v1/search", params=params, headers={"If-None-Match": tag} if tag else {})

    first = ask(q="farmers")
    tag = first.headers["etag"]
    again = ask(tag, q="farmers")
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    assert ask(tag, q="farmer").status_code == 200
    assert ask(tag, q="farmers", facets=False).status_code == 200
    hub.load("bill", bill("C-91", title_en="An Act about farmers"))
    hub.search("farmers")
    changed = ask(tag, q="farmers")
    assert changed.status_code == 200
    assert "ca/bill/45-1/c-91" in hits(changed.json())
    assert changed.headers["etag"] != tag


def test_hostile_queries_are_a_clear_4xx(hub: Hub) -> None:
    hub.search("")
    for bad in (
        "x " * 400,
        "word " * 10_000,
        "a\x00b",
        "date:never",
        "date:2025-13",
        "date:2025..2024",
        f'"{"w " * 21}"',
    ):
        answer = hub.http.get("/api/v1/search", params={"q": bad})
        assert answer.status_code == 422, bad[:20]
        assert answer.headers["content-type"] == "application/problem+json"
    # A lone surrogate, and bytes that are no UTF-8.
    for path in (
        "/api/v1/search?q=%ED%A0%80",
        "/api/v1/bills?number=%FF",
        "/compat/openparliament/bills/?session=%FF",
    ):
        answer = hub.http.get(path)
        assert (answer.status_code, answer.json()["detail"]) == (422, "the query string is not valid UTF-8")
    for odd in (
        '"',
        "-",
        "*",
        ":",
        "OR",
        "OR OR",
        "-OR",
        '""',
        "a:b:c",
        "(((",
        "\\",
        "+",
        "[1 TO 2]",
        "party:",
        "~" * 999,
        ".*",
        "[a-",
        "a*",
    ):
        assert hub.http.get("/api/v1/search", params={"q": odd}).status_code == 200, odd
    for params in (
        {"limit": 101},
        {"offset": 10_001},
        {"sort": "best"},
        {"lang": "de"},
        {"date_from": "2025-02-01", "date_to": "2025-01-01"},
        {"colour": 1},
    ):
        assert hub.http.get("/api/v1/search", params=params).status_code == 422


def test_html_in_a_text_stays_text(hub: Hub) -> None:
    hub.load("person", person(1))
    hub.load("debate", debate())
    hub.load("speech", speech(1, "<script>alert(1)</script> farmers & <b>bold</b>", ""))
    [hit] = hub.search("farmers")["data"]
    assert "<script>" not in hit["snippet_en"]
    assert "<mark>farmers</mark> &amp;" in hit["snippet_en"]
    [hit] = hub.search("mp:sahota type:speech bold")["data"]
    assert "<b>" not in hit["snippet_en"]


def test_suggestions_complete_what_is_typed(hub: Hub) -> None:
    fill(hub)
    hub.search("")
    [found] = hub.get("/api/v1/search/suggest", q="Élis")["data"]
    assert (found["type"], found["title_en"]) == ("person", "Élisabeth Brière")
    assert found["url"] == hub.get("/api/v1/people/elisabeth-briere")["url"]


def test_a_postal_code_a_bill_number_and_a_full_name_are_shortcuts(hub: Hub) -> None:
    fill(hub)
    hub.load("bill", bill("C-2", "44-1", latest_activity_on="2021-12-01"))

    def shortcut(q: str) -> str | None:
        found = hub.search(q)["meta"]["shortcut"]
        return found and found["url"]

    assert shortcut("k1a 0a6") == "/api/v1/representatives?postal_code=K1A0A6"
    assert shortcut("c-2") == shortcut("Bill C2") == hub.get("/api/v1/bills/45-1-c-2")["url"]
    assert shortcut("C-2 44-1") == hub.get("/api/v1/bills/44-1-c-2")["url"]
    assert shortcut("elisabeth briere") == hub.get("/api/v1/people/elisabeth-briere")["url"]
    assert shortcut("briere") is None
    assert shortcut("farmers need relief") is None
    assert shortcut("C-999") is None


def test_what_is_searched_for_is_counted_without_who_asked(hub: Hub) -> None:
    fill(hub)
    for q in ("Farmers", "farmers", "salmon", "someone@example.org", "6135551234567"):
        hub.search(q)
    hub.resources.get(AskedTerms).write_down()
    assert hub.get("/api/v1/search/trending")["data"] == [{"query": "farmers", "count": 2}]
    in_vain = hub.http.get("/api/v1/search/no-results", headers=hub.headers("data:read")).json()["data"]
    assert in_vain == [{"query": "salmon", "count": 1}]
    assert hub.http.get("/api/v1/search/no-results").status_code == 401


def test_a_search_can_be_kept_run_and_forgotten_by_its_owner_alone(hub: Hub) -> None:
    fill(hub)
    mine = {"Authorization": f"Bearer {hub.token('openid', 'user:1')}"}
    other = {"Authorization": f"Bearer {hub.token('openid', 'user:2')}"}
    body = {"name": "Farm talk", "params": {"q": "farmers", "type": "speech"}}
    made = hub.http.post("/api/v1/search/saved", json=body, headers=mine).json()
    hub.search("")
    assert hits(hub.get(made["url"])) == [f"{HOUSE}/1"]
    assert [s["name"] for s in hub.http.get("/api/v1/search/saved", headers=mine).json()["data"]] == [
        "Farm talk"
    ]
    assert hub.http.get("/api/v1/search/saved", headers=other).json()["data"] == []
    assert hub.http.delete(f"/api/v1/search/saved/{made['id']}", headers=other).status_code == 404
    assert hub.http.delete(f"/api/v1/search/saved/{made['id']}", headers=mine).status_code == 204
    turned = {"date_from": "2025-01-02", "date_to": "2025-01-01"}
    bad_one_by_one: tuple[dict[str, str], ...] = (
        {"q": "date:never"}, {"colour": "red"}, {"q": "x" * 1_001}, {"date_from": "soon"}, {"sort": "size"},
        {"lang": "de"}, {"person": "x" * 101}, turned,
    )  # fmt: skip
    for bad in bad_one_by_one:
        answer = hub.http.post("/api/v1/search/saved", json={"name": "x", "params": bad}, headers=mine)
        assert answer.status_code == 422, bad
        # What is refused here is what a search refuses, and nothing else.
        assert hub.http.get("/api/v1/search", params=bad).status_code == 422, bad
    assert hub.http.post("/api/v1/search/saved", json=body).status_code == 401
