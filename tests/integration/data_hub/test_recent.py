"""What a person did lately comes along with the person: newest first, bounded, merged names followed."""

from __future__ import annotations

from typing import Any

from hubs.data_hub.database.service.including import RECENT

from .conftest import Hub, ballot, bill, both_servers, person, source, vote


def speech(number: int, who: int, day: str) -> dict[str, Any]:
    return {
        "key": f"ca/house/debate/45-1/{day}/{number}",
        "debate_key": f"ca/house/debate/45-1/{day}",
        "sequence": number,
        "time": f"{day}T15:00:00Z",
        "person_key": f"ca/house/person/{who}",
        "speaker_name": "Ruby Sahota",
        "paragraphs": [{"text_en": "First.", "text_fr": "Un."}, {"text_en": "Second.", "text_fr": "Deux."}],
        "sources": [source()],
    }


def fill(hub: Hub, who: int = 1) -> None:
    """Load more of everything than comes along."""
    days = [f"2025-{1 + n // 28:02}-{1 + n % 28:02}" for n in range(RECENT + 3)]
    hub.load("person", person(who))
    sponsor = {"person_key": f"ca/house/person/{who}", "name": "Ruby Sahota"}
    hub.load(
        "bill", *[bill(f"C-{n + 1}", sponsors=[sponsor], latest_activity_on=d) for n, d in enumerate(days)]
    )
    hub.load("speech", *[speech(n + 1, who, day) for n, day in enumerate(days)])
    hub.load("vote_event", *[vote(n + 1, [ballot(who)], date=day) for n, day in enumerate(days)])


@both_servers
def test_the_newest_bills_speeches_and_ballots_are_those_of_the_lists(hub: Hub) -> None:
    fill(hub)
    one = hub.get("/api/v1/people/ruby-sahota", include="recent")
    recent = one["recent"]
    assert {name: len(rows) for name, rows in recent.items()} == dict.fromkeys(
        ("bills", "speeches", "ballots"), RECENT
    )
    for path, asked in (("bills", "sponsor"), ("speeches", "person"), ("ballots", "person")):
        listed = hub.get(f"/api/v1/{path}", limit=RECENT, **{asked: one["id"]})["data"]
        shown = recent[path]
        if path == "ballots":
            assert shown == listed
            continue
        # Lists say where each row was read; what comes along does not.
        apart = {"sources", "licence", "last_seen_at", "paragraphs"}
        assert [{k: v for k, v in row.items() if k not in apart} for row in listed] == [
            {k: v for k, v in row.items() if k not in apart} for row in shown
        ]
    assert [p["text_en"] for p in recent["speeches"][0]["paragraphs"]] == ["First."]
    assert recent["ballots"][0]["person_id"] == one["id"]


def test_what_was_done_under_a_merged_name_is_there(hub: Hub) -> None:
    hub.load("person", person(1), person(2, "Ruby Sahota Singh"))
    hub.load("speech", speech(1, 1, "2025-05-01"), speech(2, 2, "2025-05-02"))
    answer = hub.http.post(
        "/api/v1/people/ruby-sahota-singh/merge",
        json={"into": "ruby-sahota", "reason": "the same woman"},
        headers=hub.headers(**{"Idempotency-Key": "k1"}),
    )
    assert answer.status_code == 200, answer.text
    recent = hub.get("/api/v1/people/ruby-sahota", include="recent")["recent"]
    assert [row["sequence"] for row in recent["speeches"]] == [2, 1]
    listed = hub.get("/api/v1/speeches", person="ruby-sahota-singh")["data"]
    assert [row["sequence"] for row in listed] == [2, 1]


def test_a_listing_does_not_carry_it_and_one_language_is_one_language(hub: Hub) -> None:
    fill(hub)
    refused = hub.get("/api/v1/people", 422, include="recent")
    assert "memberships, merged" in refused["detail"]
    assert "recent" not in refused["detail"].partition("can include")[2]
    french = hub.get("/api/v1/people/ruby-sahota", include="recent", lang="fr")["recent"]
    assert french["speeches"][0]["paragraphs"][0]["text"] == "Un."
    assert "vote" in french["ballots"][0]


def test_the_number_of_queries_does_not_depend_on_how_much_was_done(hub: Hub) -> None:
    hub.load("person", person(1))
    with hub.queries() as few:
        hub.get("/api/v1/people/ruby-sahota", include="memberships,recent")
    fill(hub)
    with hub.queries() as many:
        hub.get("/api/v1/people/ruby-sahota", include="memberships,recent")
    # Links of what was found: one query more, whatever their number.
    assert len(many) <= len(few) + 1 <= 11
