"""Bulk exports: the same rows in four formats, a manifest that can be checked, and what changed since the last."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import json
import sqlite3
import time
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

import pyarrow.parquet as pq
import pytest

from hubs.data_hub.exports import writers
from hubs.data_hub.exports.columns import BALLOT_COLUMNS, columns_of
from hubs.data_hub.exports.keeper import ExportKeeper
from hubs.data_hub.exports.service import Begun
from hubs.data_hub.exports.writers import ParquetWriter

from .conftest import Hub, ballot, bill, both_servers, person, vote


def export(hub: Hub) -> dict[str, Any]:
    answer = hub.http.post("/api/v1/exports", headers=hub.headers())
    assert answer.status_code == 202, answer.text
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        newest = hub.get("/api/v1/exports")["data"][0]
        if newest["state"] != "running":
            assert newest["state"] == "done", newest
            return hub.get("/api/v1/exports/latest/manifest")["manifest"]
        time.sleep(0.2)
    raise AssertionError("no export in two minutes")


def fetch(hub: Hub, manifest: dict[str, Any], name: str) -> bytes:
    [entry] = [f for f in manifest["files"] if f["name"] == name]
    body = hub.http.get(entry["url"]).content
    assert hashlib.sha256(body).hexdigest() == entry["sha256"]
    assert len(body) == entry["size_bytes"]
    return body


def lines(body: bytes) -> list[dict[str, Any]]:
    return [json.loads(line) for line in gzip.decompress(body).splitlines()]


@both_servers
def test_an_export_tells_the_same_in_every_format(hub: Hub, tmp_path: Path) -> None:
    hub.load("person", person(1), person(2, "Élisabeth Brière"))
    hub.load("bill", bill(royal_assent_on="2025-06-26"), bill("C-3", title_en="=1+1"))
    hub.load("vote_event", vote(1, [ballot(1), ballot(2, "no")]))
    manifest = export(hub)
    assert manifest["position"] == hub.position()
    assert manifest["licences"] == ["https://www.ourcommons.ca/en/important-notices"]
    rows = {(f["table"], f["format"]): f["rows"] for f in manifest["files"]}
    assert rows["bills", "parquet"] == rows["bills", "csv"] == rows["bills", "ndjson"] == 2
    assert rows["ballots", "ndjson"] == 2
    assert rows["all", "sqlite"] == 7
    said = lines(fetch(hub, manifest, "bills.ndjson.gz"))
    table = {
        row["number"]: row
        for row in csv.DictReader(
            io.StringIO(gzip.decompress(fetch(hub, manifest, "bills.csv.gz")).decode("utf-8-sig"))
        )
    }
    (tmp_path / "b.parquet").write_bytes(fetch(hub, manifest, "bills.parquet"))
    columns = pq.read_table(tmp_path / "b.parquet").to_pylist()
    (tmp_path / "o.sqlite").write_bytes(fetch(hub, manifest, "openpolicy.sqlite"))
    with sqlite3.connect(tmp_path / "o.sqlite") as database:
        stored = dict(database.execute("SELECT number, title_fr FROM bills").fetchall())
        assert database.execute("SELECT count(*) FROM ballots WHERE is_dissent = 0").fetchone() == (2,)
    database.close()
    for record in said:
        number = record["number"]
        assert table[number]["title_fr"] == stored[number] == record["title_fr"]
        [typed] = [row for row in columns if row["number"] == number]
        assert typed["introduced_on"].isoformat() == record["introduced_on"]
        assert typed["is_law"] is record["is_law"]
        assert json.loads(typed["sources"])[0]["url"] == record["sources"][0]["url"]
    assert table["C-3"]["title_en"] == "'=1+1"
    assert b"licences of the sources" in fetch(hub, manifest, "LICENCE.txt")


def test_the_next_export_holds_what_changed_since(hub: Hub) -> None:
    hub.load("bill", bill("C-1"), bill("C-2"))
    first = export(hub)
    assert first["previous_position"] is None
    assert "delta" not in [f["table"] for f in first["files"]]
    hub.load("bill", bill("C-1", status_code="X"))
    hub.close("01a20966-cd8e-7457-95fc-1d48cf98307c", ("bill", "ca/bill/45-1/c-2"))
    second = export(hub)
    assert second["previous_position"] == first["position"]
    changes = lines(fetch(hub, second, "delta.ndjson.gz"))
    assert [(c["change"], c["key"], (c["record"] or {}).get("status_code")) for c in changes] == [
        ("update", "ca/bill/45-1/c-1", "X"),
        ("tombstone", "ca/bill/45-1/c-2", None),
    ]
    assert [f["rows"] for f in second["files"] if f["name"] == "bills.ndjson.gz"] == [1]
    assert len(hub.get("/api/v1/exports")["data"]) == 2


def test_files_are_served_in_parts_and_only_those_of_the_manifest(hub: Hub) -> None:
    manifest = export(hub)
    url = next(f["url"] for f in manifest["files"] if f["name"] == "LICENCE.txt")
    part = hub.http.get(url, headers={"Range": "bytes=0-3"})
    assert (part.status_code, part.content) == (206, b"This")
    base = url.rpartition("/")[0]
    for name in ("manifest.json", "..%2f..%2fsecret", "x", "%2e%2e"):
        assert hub.http.get(f"{base}/{name}").status_code == 404, name
    hub.get("/api/v1/exports/nothing/manifest", 404)
    assert hub.http.post("/api/v1/exports").status_code == 401


def test_one_export_is_built_at_a_time_and_a_failed_one_says_why(hub: Hub) -> None:
    keeper = hub.resources.get(ExportKeeper)
    keeper.ask, asked = (lambda _: None), keeper.ask  # type: ignore[method-assign]
    assert hub.http.post("/api/v1/exports", headers=hub.headers()).status_code == 202
    second = hub.http.post("/api/v1/exports", headers=hub.headers())
    assert (second.status_code, second.json()["type"]) == (409, "urn:openpolicy:problem:export-running")
    keeper.ask = asked  # type: ignore[method-assign]
    running = hub.get("/api/v1/exports")["data"][0]["id"]
    blocked = keeper.root / running
    blocked.parent.mkdir(exist_ok=True)
    blocked.write_text("a file where the folder should be")
    keeper._build(Begun(UUID(running), None))
    # Nothing of ours stands there otherwise, and other tests count what does.
    blocked.unlink()
    failed = hub.get("/api/v1/exports")["data"][0]
    assert failed["state"] == "failed"
    assert failed["problem"]


def test_every_collection_has_typed_columns() -> None:
    types = {column.name: column.type for column in columns_of("votes")}
    assert (
        types["date"],
        types["number"],
        types["counts"],
        types["is_consistent"],
        types["occurred_at"],
    ) == (
        "date",
        "int",
        "json",
        "bool",
        "time",
    )
    assert {c.type for c in columns_of("candidacies") if c.name in ("votes", "vote_share", "is_elected")} == {
        "int",
        "float",
        "bool",
    }


def test_the_sqlite_file_has_keys_references_and_indexes(hub: Hub, tmp_path: Path) -> None:
    hub.load("person", person(1))
    hub.load("vote_event", vote(1, [ballot(1), ballot(2)]), vote(2, [ballot(1, "no")]))
    (tmp_path / "o.sqlite").write_bytes(fetch(hub, export(hub), "openpolicy.sqlite"))
    with closing(sqlite3.connect(tmp_path / "o.sqlite")) as database:
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert database.execute("PRAGMA foreign_key_check").fetchall() == []
        [reference] = database.execute("PRAGMA foreign_key_list(ballots)").fetchall()
        assert reference[2:5] == ("votes", "vote_key", "key")

        def plan(query: str) -> str:
            return " ".join(row[3] for row in database.execute(f"EXPLAIN QUERY PLAN {query}"))

        assert "SCAN" not in plan("SELECT * FROM votes JOIN ballots ON vote_key = key WHERE votes.id = 'x'")
        assert "SCAN" not in plan("SELECT * FROM ballots WHERE person_key = 'x'")
        assert "SCAN" not in plan("SELECT * FROM bill_texts WHERE bill_key = 'x'")
        of_one = "SELECT count(*) FROM people JOIN ballots ON person_key = people.key"
        assert database.execute(of_one).fetchone() == (2,)


def test_parquet_is_written_in_groups_so_that_a_table_never_stands_in_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writers, "_GROUP_ROWS", 6)
    writer = ParquetWriter(tmp_path / "b.parquet", BALLOT_COLUMNS)
    for start in range(0, 16, 4):
        writer.write(
            [{"vote_key": "v", "position": n, "date": "0001-01-01"} for n in range(start, start + 4)]
        )
    writer.close()
    file = pq.ParquetFile(tmp_path / "b.parquet")
    assert [file.metadata.row_group(n).num_rows for n in range(file.num_row_groups)] == [8, 8]
    assert file.read().column("position").to_pylist() == list(range(16))
    assert file.read().column("date")[0].as_py() == date(1, 1, 1)
    assert file.read().column("party").null_count == 16


def test_a_table_of_nothing_is_a_file_with_its_columns(tmp_path: Path) -> None:
    ParquetWriter(tmp_path / "e.parquet", BALLOT_COLUMNS).close()
    empty = pq.read_table(tmp_path / "e.parquet")
    assert (empty.num_rows, empty.column_names) == (0, [column.name for column in BALLOT_COLUMNS])
