"""Exports hold what the policies in force allow: by the licence of each source, and by field."""

from __future__ import annotations

import csv
import gzip
import io
import json
import sqlite3
import threading
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from hubs.data_hub.exports.keeper import ExportKeeper
from shared.core.errors import Unavailable
from shared.testing.databases import FreshDatabase

from .conftest import Hub, ballot, bill, person, running, source, vote
from .test_exports import export, fetch, lines

FREE, CLOSED = "https://example.org/free", "CC-BY-NC-4.0"


class DecisionPoint:
    """intelligence_hub as far as exports need it; ``says`` is what the document says of each licence."""

    def __init__(self) -> None:
        self.says: dict[str, Any] = {}
        self.asked: list[Any] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                text = self.rfile.read(int(self.headers["content-length"]))
                if not self.path.startswith("/api/v1/decisions/batch/openpolicy/records"):
                    return self.answer({"access_token": "x", "token_type": "Bearer", "expires_in": 600})
                body = json.loads(text)
                outer.asked += body["inputs"].values()
                allowed = {"may_export": True, "hidden_fields": []}
                results = {
                    name: outer.says.get(given["record"]["licence"], allowed)
                    for name, given in body["inputs"].items()
                }
                responses = {
                    name: {"decision_id": name} | ({} if result is None else {"result": result})
                    for name, result in results.items()
                }
                return self.answer({"responses": responses})

            def answer(self, said: Any) -> None:
                body = json.dumps(said).encode()
                self.send_response(200)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def point() -> Iterator[DecisionPoint]:
    found = DecisionPoint()
    yield found
    found.close()


@pytest.fixture
def asking(database: FreshDatabase, tmp_path: Path, point: DecisionPoint) -> Iterator[Hub]:
    hubs = {"intelligence": point.url, "security": point.url}
    with running(database, tmp_path / "hub", exports_policy="openpolicy/records", hubs=hubs) as found:
        yield found


def test_records_whose_licence_forbids_it_are_in_no_file_and_counted(
    asking: Hub, point: DecisionPoint, tmp_path: Path
) -> None:
    point.says = {
        CLOSED: {"may_export": False, "export_reason": "licence CC-BY-NC-4.0 forbids commercial use"},
        "": None,
    }
    asking.load("person", person(1, sources=[source(licence=FREE)]), person(2, sources=[source(licence="")]))
    asking.load("bill", bill("C-1", sources=[source(licence=FREE)]))
    asking.load("bill", bill("C-2", sources=[source(licence=FREE), source("https://b.org", licence=CLOSED)]))
    asking.load("vote_event", vote(1, [ballot(1)], sources=[source(licence=FREE)]))
    asking.load("vote_event", vote(2, [ballot(1), ballot(2)], sources=[source(licence=CLOSED)]))
    manifest = export(asking)
    assert {given["record"]["licence"] for given in point.asked} == {"", FREE, CLOSED}
    assert point.asked[0]["subject"]["scopes"] == []
    assert [(w["licence"], w["reason"], w["records"]) for w in manifest["withheld"]] == [
        ("", "no policy allows it", 1),
        (CLOSED, "licence CC-BY-NC-4.0 forbids commercial use", 2),
    ]
    assert CLOSED not in manifest["licences"]
    (tmp_path / "o.sqlite").write_bytes(fetch(asking, manifest, "openpolicy.sqlite"))
    database = sqlite3.connect(tmp_path / "o.sqlite")
    for table, count in (("people", 1), ("bills", 1), ("votes", 1), ("ballots", 1)):
        assert len(lines(fetch(asking, manifest, f"{table}.ndjson.gz"))) == count, table
        text = gzip.decompress(fetch(asking, manifest, f"{table}.csv.gz")).decode("utf-8-sig")
        assert len(list(csv.DictReader(io.StringIO(text)))) == count
        (tmp_path / "t.parquet").write_bytes(fetch(asking, manifest, f"{table}.parquet"))
        assert pq.read_table(tmp_path / "t.parquet").num_rows == count
        assert database.execute(f"SELECT count(*) FROM {table}").fetchone() == (count,)
    database.close()


def test_a_change_of_what_may_not_be_exported_comes_without_the_record(
    asking: Hub, point: DecisionPoint
) -> None:
    asking.load("bill", bill("C-1", sources=[source(licence=FREE)]))
    export(asking)
    point.says = {CLOSED: {"may_export": False}}
    asking.load(
        "bill", bill("C-2", sources=[source(licence=CLOSED)]), bill("C-3", sources=[source(licence=FREE)])
    )
    changes = lines(fetch(asking, export(asking), "delta.ndjson.gz"))
    assert [(c["key"], c["record"] is None) for c in changes] == [
        ("ca/bill/45-1/c-2", True),
        ("ca/bill/45-1/c-3", False),
    ]


def test_fields_that_the_policy_hides_are_empty_in_every_format(
    asking: Hub, point: DecisionPoint, tmp_path: Path
) -> None:
    point.says = {FREE: {"may_export": True, "hidden_fields": ["birth_date", "key", "no_such_field"]}}
    asking.load("person", person(1, birth_date="1970-01-01", sources=[source(licence=FREE)]))
    asking.load("person", person(2, birth_date="1970-01-01", sources=[source(licence="")]))
    manifest = export(asking)
    assert (manifest["withheld"], manifest["hidden_fields"]) == ([], ["birth_date"])
    said = {
        record["key"]: record["birth_date"] for record in lines(fetch(asking, manifest, "people.ndjson.gz"))
    }
    assert said == {"ca/house/person/1": None, "ca/house/person/2": "1970-01-01"}
    (tmp_path / "p.parquet").write_bytes(fetch(asking, manifest, "people.parquet"))
    dates = {row["key"]: row["birth_date"] for row in pq.read_table(tmp_path / "p.parquet").to_pylist()}
    assert dates["ca/house/person/1"] is None
    assert dates["ca/house/person/2"] is not None


def test_without_a_decision_nothing_is_exported_and_what_was_exported_before_stays(
    asking: Hub, point: DecisionPoint
) -> None:
    asking.load("bill", bill("C-1"))
    good = export(asking)
    point.close()
    asking.load("bill", bill("C-2"))
    keeper = asking.resources.get(ExportKeeper)
    keeper._every = timedelta(0)
    with pytest.raises(Unavailable):
        keeper._build_if_due()
    assert [row["state"] for row in asking.get("/api/v1/exports")["data"]] == ["done"]
    with pytest.raises(AssertionError, match="failed"):
        export(asking)
    rows = asking.get("/api/v1/exports")["data"]
    assert [row["state"] for row in rows] == ["failed", "done"]
    assert rows[0]["problem"].startswith("the policy that says what may be exported cannot be asked: ")
    assert asking.get("/api/v1/exports/latest/manifest")["manifest"]["position"] == good["position"]
