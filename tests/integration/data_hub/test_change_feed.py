"""The change feed while others write: no gap, no repeat, nothing for a load that changes nothing."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from shared.core.ids import new_id

from .conftest import Hub, bill, both_servers, membership, person, vote
from .test_curation import post


@both_servers
def test_a_reader_beside_four_writers_sees_every_change_once_and_in_order(hub: Hub) -> None:
    rounds = 8
    makers = {
        "bill": lambda n: [bill(f"C-{n}", status_code=str(n)), bill("C-999", status_code=str(n))],
        "person": lambda n: [person(n), person(999, gender=f"x{n}")],
        "membership": lambda n: [membership(n)],
        "vote_event": lambda n: [vote(n), vote(999, subject_en=f"Round {n}")],
    }
    is_over = threading.Event()
    seen: list[dict[str, Any]] = []

    def follow() -> None:
        position, last_look = 0, False
        while True:
            page = hub.get("/api/v1/changes", after=position, limit=3)
            seen.extend(page["data"])
            position = page["meta"]["position"]
            if not page["data"]:
                if last_look:
                    return
                last_look = is_over.is_set()

    def write(kind: str) -> None:
        for number in range(1, rounds + 1):
            hub.load(kind, *makers[kind](number))

    with ThreadPoolExecutor(5) as pool:
        reader = pool.submit(follow)
        for writer in [pool.submit(write, kind) for kind in makers]:
            writer.result(120)
        is_over.set()
        reader.result(120)
    assert [entry["seq"] for entry in seen] == sorted({entry["seq"] for entry in seen})
    assert seen == hub.get("/api/v1/changes", after=0, limit=1000)["data"]
    # Each round made one record of its kind, and changed the other but in the first, which made it.
    assert len(seen) == rounds * 7


def test_what_changes_nothing_is_no_entry_and_what_comes_and_goes_is_two(hub: Hub) -> None:
    run = new_id()
    hub.load("person", person(1, "A One"), person(2, "B Two"), run_id=run)
    position = hub.position()
    hub.load("person", person(1, "A One"), person(2, "B Two"))
    assert (hub.changes(position), hub.position()) == ([], position)
    again = new_id()
    hub.load("person", person(1, "A One"), run_id=again)
    hub.close(again, ("person", "ca/house/person/"))
    hub.close(again, ("person", "ca/house/person/"))
    hub.load("person", person(2, "B Two"))
    kinds = [(c["change"], c["key"]) for c in hub.changes(position)]
    assert kinds == [("tombstone", "ca/house/person/2"), ("revive", "ca/house/person/2")]


def test_merges_and_their_reversal_are_told_and_loads_of_the_merged_are_not_lost(hub: Hub) -> None:
    hub.load("person", person(1, "A One"), person(2, "B Two"))
    loser = hub.get("/api/v1/people/a-one")["id"]
    position = hub.position()
    post(hub, "/api/v1/people/a-one/merge", {"into": "b-two", "reason": "one"})
    hub.load("person", person(1, "A One"), person(2, "B Two"))
    told = hub.changes(position)
    assert {c["id"] for c in told} >= {loser}
    after = hub.position()
    hub.load("person", person(1, "A One", gender="F"))
    post(hub, f"/api/v1/people/{loser}/unmerge", {"reason": "two"})
    assert hub.get(f"/api/v1/people/{loser}")["gender"] == "F"
    assert [c["id"] for c in hub.changes(after) if c["change"] == "revive"] == [loser]
    seqs = [c["seq"] for c in hub.changes()]
    assert seqs == sorted(set(seqs))
