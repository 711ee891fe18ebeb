"""An export beside the API, its delta on top of the one before, and builds that are killed."""

from __future__ import annotations

import os
import re
import signal
import sqlite3
import threading
from pathlib import Path
from typing import Any
from uuid import UUID

import pyarrow.parquet as pq
import pytest
from sqlalchemy import text
from starlette.routing import Match

from hubs.data_hub.database.service.collections import COLLECTIONS
from hubs.data_hub.exports.keeper import ExportKeeper
from hubs.data_hub.exports.repository import BUILD_LOCK_SPACE
from hubs.data_hub.exports.service import Begun
from shared.core.ids import new_id
from shared.testing.processes import wait_until

from .conftest import Hub, ballot, bill, membership, person, source, vote
from .test_curation import post
from .test_exports import export, fetch, lines

Tables = dict[str, dict[Any, dict[str, Any]]]
_MOVES_WITHOUT_A_CHANGE = ("last_seen_at", "sources")


def record(hub: Hub) -> None:
    hub.load(
        "organization",
        {"key": "ca/house", "name_en": "House", "classification": "chamber", "sources": [source()]},
    )
    hub.load(
        "person",
        person(1),
        person(2, "Élisabeth Brière"),
        person(3, "Elisabeth Briere"),
        person(4, "Gone Soon"),
    )
    hub.load("membership", membership(1), membership(2, "Liberal", area="Sherbrooke"))
    hub.load("bill", bill("C-2"), bill("C-3", title_en="=1+1", royal_assent_on="2025-06-26"), bill("C-4"))
    hub.load("vote_event", vote(1, [ballot(1), ballot(2, "no")]), vote(2, [ballot(1)]), vote(3, [ballot(2)]))


def tables(hub: Hub, manifest: dict[str, Any]) -> Tables:
    found: Tables = {}
    for entry in manifest["files"]:
        if entry["format"] == "ndjson" and entry["table"] != "delta":
            rows = lines(fetch(hub, manifest, entry["name"]))
            key = (
                (lambda r: (r["vote_key"], r["position"]))
                if entry["table"] == "ballots"
                else (lambda r: r["id"])
            )
            found[entry["table"]] = {key(row): row for row in rows}
            assert len(found[entry["table"]]) == len(rows) == entry["rows"]
    return found


@pytest.fixture(scope="module")
def page() -> dict[str, Any]:
    """The program that docs/record.md gives to those who keep a copy."""
    text = (Path(__file__).parents[3] / "docs" / "record.md").read_text()
    [program] = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    made: dict[str, Any] = {}
    exec(program, made)
    return made


def test_the_page_knows_the_table_of_every_kind(page: dict[str, Any]) -> None:
    for collection in COLLECTIONS:
        if not collection.where:
            assert page["table_of"](collection.kind) == collection.path


def steady(held: Tables) -> Tables:
    return {
        name: {
            key: {field: value for field, value in row.items() if field not in _MOVES_WITHOUT_A_CHANGE}
            for key, row in rows.items()
        }
        for name, rows in held.items()
    }


def test_the_delta_on_top_of_one_export_makes_the_next(hub: Hub, page: dict[str, Any]) -> None:
    record(hub)
    held = tables(hub, export(hub))
    ids = {n: hub.get(f"/api/v1/people/ca/house/person/{n}")["id"] for n in (1, 2, 3)}
    hub.load("bill", bill("C-2", status_code="RoyalAssent"), bill("C-5"))
    hub.load(
        "bill", bill("C-2", status_code="Dead"), bill("C-3", title_en="=1+1", royal_assent_on="2025-06-26")
    )
    hub.load("vote_event", vote(1, [ballot(1, "no"), ballot(3)]), vote(2, [ballot(1)]), vote(4, [ballot(2)]))
    run = new_id()
    hub.load("person", person(1), person(2, "Élisabeth Brière"), person(3, "Elisabeth Briere"), run_id=run)
    hub.close(run, ("person", "ca/house/person/"))
    gone = new_id()
    hub.load(
        "vote_event",
        vote(1, [ballot(1, "no"), ballot(3)]),
        vote(2, [ballot(1)]),
        vote(4, [ballot(2)]),
        run_id=gone,
    )
    assert hub.close(gone, ("vote_event", "ca/house/vote/")) == {"vote_event": 1}
    post(hub, f"/api/v1/people/{ids[3]}/merge", {"into": ids[2], "reason": "one and the same"})
    by_hand = {"collection": "people", "item": ids[1], "field": "gender", "value": "F", "reason": "asked her"}
    post(hub, "/api/v1/corrections", by_hand, 201)
    second = export(hub)
    page["apply_delta"](held, fetch(hub, second, "delta.ndjson.gz"))
    assert steady(held) == steady(tables(hub, second))
    # And once more, after the merge was taken back.
    held = tables(hub, second)
    post(hub, f"/api/v1/people/{ids[3]}/unmerge", {"reason": "sisters"})
    third = export(hub)
    page["apply_delta"](held, fetch(hub, third, "delta.ndjson.gz"))
    assert steady(held) == steady(tables(hub, third))
    assert {row["name"] for row in held["people"].values()} >= {"Élisabeth Brière", "Elisabeth Briere"}


def test_an_export_says_what_the_api_says(hub: Hub, tmp_path: Path) -> None:
    record(hub)
    manifest = export(hub)
    held = tables(hub, manifest)
    (tmp_path / "all.sqlite").write_bytes(fetch(hub, manifest, "openpolicy.sqlite"))
    database = sqlite3.connect(tmp_path / "all.sqlite")
    assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    for collection in COLLECTIONS:
        if collection.where:
            continue
        shown = {one["id"]: one for one in hub.get(f"/api/v1/{collection.path}", limit=500)["data"]}
        rows = held[collection.path]
        assert set(rows) == set(shown)
        for key, row in rows.items():
            # The API adds where references lead; the rest is the same.
            assert {name: shown[key][name] for name in row} == row, collection.path
        table = collection.path.replace("-", "_")
        assert database.execute(f'SELECT count(*) FROM "{table}"').fetchone() == (len(rows),)
        (tmp_path / "t.parquet").write_bytes(fetch(hub, manifest, f"{collection.path}.parquet"))
        typed = pq.read_table(tmp_path / "t.parquet").to_pylist()
        assert {one["id"]: one["slug"] for one in typed} == {key: row["slug"] for key, row in rows.items()}
    assert {(r["vote_key"], r["person_key"], r["option"]) for r in held["ballots"].values()} == {
        (f"ca/house/vote/45-1/{b['vote']['number']}", b["person_key"], b["option"])
        for b in hub.get("/api/v1/ballots", limit=500)["data"]
    }
    database.close()


def test_whoever_holds_a_file_of_an_export_is_told_so(hub: Hub) -> None:
    url = next(f["url"] for f in export(hub)["files"] if f["name"] == "bills.csv.gz")
    first = hub.http.get(url)
    again = hub.http.get(url, headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", first.headers["etag"])
    assert hub.http.get(url, headers={"If-None-Match": '"other"'}).content == first.content


def begin(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> UUID:
    """Begin an export that nobody builds, as when the hub dies just then."""
    keeper = hub.resources.get(ExportKeeper)
    monkeypatch.setattr(keeper, "ask", lambda _: None)
    answer = hub.http.post("/api/v1/exports", headers=hub.headers())
    assert answer.status_code == 202
    return UUID(answer.json()["id"])


def age(hub: Hub, export_id: UUID) -> None:
    with hub.resources.engine.begin() as connection:
        connection.execute(
            text("UPDATE data.export SET started_at = started_at - interval '2 minutes' WHERE id = :id"),
            {"id": export_id},
        )


def test_a_build_whose_process_ended_makes_way_for_the_next_and_leaves_nothing(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    lost = begin(hub, monkeypatch)
    root = hub.resources.get(ExportKeeper).root
    (root / str(lost)).mkdir(parents=True)
    (root / str(lost) / "bills.ndjson.gz").write_bytes(b"half")
    assert hub.http.post("/api/v1/exports", headers=hub.headers()).status_code == 409
    age(hub, lost)
    with hub.resources.engine.begin() as alive:
        alive.execute(
            text("SELECT pg_advisory_xact_lock(:space, hashtext(:id))"),
            {"space": BUILD_LOCK_SPACE, "id": str(lost)},
        )
        assert hub.http.post("/api/v1/exports", headers=hub.headers()).status_code == 409
    assert hub.http.post("/api/v1/exports", headers=hub.headers()).status_code == 202
    ended = next(e for e in hub.get("/api/v1/exports")["data"] if e["id"] == str(lost))
    assert (ended["state"], ended["problem"]) == ("failed", "the process that built it ended")
    assert not (root / str(lost)).exists()
    hub.get(f"/api/v1/exports/{lost}/manifest", 404)


def test_a_killed_build_is_failed_and_leaves_nothing_half(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    hub.load("bill", *[bill(f"C-{n}") for n in range(2, 300)])
    before = export(hub)
    doomed = begin(hub, monkeypatch)
    keeper = hub.resources.get(ExportKeeper)
    folder = keeper.root / str(doomed)
    building = threading.Thread(target=keeper._build, args=(Begun(doomed, before["position"]),))
    building.start()
    wait_until(lambda: folder.is_dir() and any(folder.iterdir()), timeout=60, what="the first file")
    assert keeper._process is not None
    os.kill(keeper._process.pid, signal.SIGKILL)
    building.join(60)
    newest = hub.get("/api/v1/exports")["data"][0]
    assert (newest["id"], newest["state"]) == (str(doomed), "failed")
    assert not folder.exists()
    assert hub.get("/api/v1/exports/latest/manifest")["manifest"]["position"] == before["position"]


def test_every_address_on_the_page_is_one_of_the_hub(hub: Hub) -> None:
    text = (Path(__file__).parents[3] / "docs" / "record.md").read_text()
    named = re.findall(r"^(GET|POST|PUT|DELETE)\s+(/api/\S+)", text, re.MULTILINE)
    assert len(named) >= 10
    for method, address in named:
        path = address.partition("?")[0].replace("{id}", str(new_id()))
        scope = {"type": "http", "method": method, "path": path, "root_path": "", "headers": []}
        matched = [route.matches(scope)[0] for route in hub.http.app.routes]  # type: ignore[attr-defined]
        assert Match.FULL in matched, (method, address)
