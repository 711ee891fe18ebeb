"""Every list takes the same number of queries however long it is: no query per row, on any of them."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi import FastAPI

from .conftest import Hub, ballot, bill, membership, person, source, vote
from .places import SET, load_places, load_postal, put
from .test_storage import store

ROWS, FEW = 12, 3
FEDERAL = "ocd-jurisdiction/country:ca/legislature"
CHOSEN: dict[str, dict[str, Any]] = {
    "/api/v1/source-counts": {"source_id": "test"},
    "/api/v1/source-keys": {"source_id": "test", "kind": "bill"},
    "/api/v1/search/suggest": {"q": "name"},
    "/api/v1/representatives": {"postal_code": "K1A0A6"},
    "/compat/openstates/people": {"jurisdiction": FEDERAL},
    "/compat/openstates/people.geo": {"lat": "45.05", "lng": "-75.95"},
    "/compat/openstates/bills": {"jurisdiction": FEDERAL, "include": ["sponsorships", "votes", "sources"]},
    "/compat/openstates/committees": {"jurisdiction": FEDERAL},
    "/compat/openstates/events": {"jurisdiction": FEDERAL},
    "/compat/openparliament/politicians/": {"include": "all"},
}
"""Parameters without which a list answers nothing."""
WITHIN = (
    "/compat/openparliament/bills/45-1/",
    "/compat/represent/representatives/house-of-commons/",
    f"/compat/represent/boundaries/{SET}/",
)
"""Lists under another resource."""
NO_LIST = {"/healthz", "/livez", "/readyz", "/metrics", "/version", "/api/v1/search/index"}
UNBOUNDED = {
    "/api/v1/coverage", "/api/v1/source-counts", "/api/v1/source-keys", "/api/v1/representatives", "/api/v1/cache",
    "/api/v1/search/index/check", "/api/v1/storage/usage", "/api/v1/search/saved", "/api/v1/boundary-sets",
    "/compat/openstates/people.geo",
}  # fmt: skip
"""Lists that are answered whole: they have no page size to vary."""
SMALL = {
    "/api/v1/search/suggest", "/api/v1/search/trending", "/api/v1/search/no-results", "/api/v1/unmatched", "/api/v1/exports",
    "/api/v1/boundaries", "/compat/represent/boundaries/", f"/compat/represent/boundaries/{SET}/",
    "/compat/represent/representative-sets/",
}  # fmt: skip
"""Lists that hold less than a dozen here, or rows of one table alone."""
MOST = 20


def fill(hub: Hub) -> None:
    """Load a dozen of everything, each record naming others of its own."""
    numbers = range(1, ROWS + 1)

    def load(kind: str, make: Any) -> None:
        hub.load(kind, *[{"sources": [source(f"https://x.test/{kind}/{n}")], **make(n)} for n in numbers])

    load_places(hub)
    load_postal(hub)
    load("jurisdiction", lambda n: {
        "key": f"j/{n}", "ocd_id": FEDERAL if n == 1 else f"ocd-jurisdiction/country:ca/place:{n}/council", "name_en": f"Place {n}",
        "level": "federal" if n == 1 else "municipal",
    })  # fmt: skip
    load(
        "division",
        lambda n: {"key": f"d/{n}", "ocd_id": f"ocd-division/country:ca/ed:{n}", "name_en": f"Name {n}"},
    )
    load("session", lambda n: {"key": f"ca/session/{n}-1", "identifier": f"{n}-1", "name_en": f"Session {n}"})
    hub.load(
        "organization",
        {
            "key": "ca/house",
            "name_en": "House of Commons",
            "classification": "chamber",
            "sources": [source()],
        },
    )
    load("organization", lambda n: {
        "key": f"ca/house/committee/45-1/c{n}", "name_en": f"Name {n}", "classification": "committee", "parent_key": "ca/house",
        "abbreviation": f"C{n}", "session": "45-1",
    })  # fmt: skip
    load("person", lambda n: person(n, f"Name {n}"))
    load("post", lambda n: {
        "key": f"ca/house/post/{n}", "organization_key": "ca/house", "label_en": f"Seat {n}", "division_name": f"Area {n}",
    })  # fmt: skip
    load(
        "membership",
        lambda n: membership(n, area=f"Area {n}", post_key=f"ca/house/post/{n}", on_behalf_of_key=None),
    )
    load("election", lambda n: {"key": f"e/{n}", "name_en": f"Election {n}", "date": f"2025-01-{n:02}"})
    load("candidacy", lambda n: {
        "key": f"e/{n}/c", "election_key": f"e/{n}", "person_key": f"ca/house/person/{n}", "name": f"Name {n}",
        "division_name_en": "x",
    })  # fmt: skip
    load("bill", lambda n: bill(
        f"C-{n}", sponsors=[{"name": f"Name {n}", "person_key": f"ca/house/person/{n}"}],
        related=[{"bill_key": f"ca/bill/45-1/c-{n % ROWS + 1}", "number": "x"}],
    ))  # fmt: skip
    load(
        "bill_text",
        lambda n: {
            "key": f"t/{n}",
            "bill_key": f"ca/bill/45-1/c-{n}",
            "version": "1",
            "language": "en",
            "text": "x",
        },
    )
    load(
        "vote_event",
        lambda n: vote(n, [ballot(n), ballot(n % ROWS + 1, "no")], bill_key=f"ca/bill/45-1/c-{n}"),
    )
    load("event", lambda n: {
        "key": f"ca/house/meeting/{n}", "name_en": f"Meeting {n}", "organization_key": f"ca/house/committee/45-1/c{n}",
        "start_date": f"2025-02-{n:02}", "session": "45-1", "number": str(n),
        "agenda": [{"order": 1, "title_en": "x", "motions": [{"ballots": [ballot(n)]}]}],
    })  # fmt: skip
    load("debate", lambda n: {
        "key": f"ca/house/debate/45-1/{n}", "organization_key": "ca/house", "date": f"2025-03-{n:02}", "session": "45-1", "number": str(n),
    })  # fmt: skip
    load("speech", lambda n: {
        "key": f"ca/house/debate/45-1/{n}/1", "debate_key": f"ca/house/debate/45-1/{n}", "sequence": 1, "slug": f"s-{n}",
        "person_key": f"ca/house/person/{n}", "speaker_name": f"Name {n}", "paragraphs": [{"id": "1", "text_en": "Farmers"}],
        "bill_keys": [f"ca/bill/45-1/c-{n}"],
    })  # fmt: skip
    load("document", lambda n: {
        "key": f"ca/house/meeting/{n}/minutes", "title_en": f"Minutes {n}", "url": f"https://x.test/{n}",
        "organization_key": f"ca/house/committee/45-1/c{n}", "event_key": f"ca/house/meeting/{n}",
    })  # fmt: skip
    for n in numbers:
        put(hub, f"/api/v1/boundary-sets/set-{n}", {"name_en": f"Set {n}"})
        store(hub, f"file {n}".encode(), f"{n}.txt", is_public=True)
        hub.post("/api/v1/corrections", {
            "collection": "bills", "item": f"45-1-c-{n}", "field": "status_en", "value": "Corrected", "reason": "test",
        })  # fmt: skip
        hub.load("person", person(100 + n, f"Twin {n}"))
        hub.post(f"/api/v1/people/twin-{n}/merge", {"into": f"name-{n}", "reason": "test"})


def lists(app: FastAPI) -> list[str]:
    """Return the paths of every list that the hub offers: what is read without naming one thing."""
    paths = [path for path, methods in app.openapi()["paths"].items() if "get" in methods and "{" not in path]
    return [*(path for path in paths if path not in NO_LIST), *WITHIN]


def length(body: Any) -> int:
    if isinstance(body, list):
        return len(body)
    return next(
        (len(body[name]) for name in ("data", "objects", "results") if isinstance(body.get(name), list)), 0
    )


@pytest.mark.filterwarnings("ignore")
def test_no_list_takes_a_query_per_row(hub: Hub) -> None:
    fill(hub)
    hub.search("farmers")
    headers = hub.headers("data:*")
    empty, uneven = [], []
    for path in lists(hub.http.app):  # type: ignore[arg-type]
        chosen = CHOSEN.get(path, {})
        size = "per_page" if path.startswith("/compat/openstates") else "limit"
        counts = []
        for rows in (FEW, ROWS):
            paged = {} if path in UNBOUNDED else {size: rows}
            with hub.queries() as seen:
                answer = hub.http.get(path, params=chosen | paged, headers=headers)
            assert answer.status_code == 200, (path, answer.text)
            counts.append(len(seen))
            found = length(answer.json())
            if path not in UNBOUNDED and path not in SMALL and found < rows:
                empty.append((path, rows, found))
        # The check goes through every kind of record, twice.
        if counts[0] != counts[1] or (counts[1] > MOST and not path.endswith("/check")):
            uneven.append((path, counts))
    assert empty == []
    assert uneven == []
