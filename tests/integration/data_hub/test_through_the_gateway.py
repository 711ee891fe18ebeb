"""Long answers through the gateway, from a replica: whole listings pass as they come, a cut is a cut, exports say where they lie."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from hubs.data_hub.database.router import whole
from hubs.data_hub.database.service import asking
from shared.core.errors import Unavailable

from . import test_compat_gateway
from .conftest import Hub, bill
from .test_exports import export

front = test_compat_gateway.front
"""The gateway before another replica of the hub on the same database, with a disk of its own."""


@pytest.fixture(autouse=True)
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a page hold two rows."""
    monkeypatch.setattr(asking, "MAX_LIMIT", 2)


def test_a_whole_listing_comes_through_and_a_cut_one_has_no_end(
    hub: Hub, front: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.load("bill", *[bill(f"C-{n}") for n in range(1, 8)])
    address = f"{front}/api/v1/bills?sort=number&format=csv&limit=all"
    answer = httpx.get(address)
    assert answer.headers["content-disposition"] == 'attachment; filename="bills.csv"'
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert [row["number"] for row in rows] == [f"C-{n}" for n in range(1, 8)]

    def broken(first: Any, _read: Any, writer: Any) -> Iterator[bytes]:
        yield writer.write(first.records)
        raise Unavailable("the database is away")

    monkeypatch.setattr(whole, "_written", broken)
    with httpx.stream("GET", address) as cut:
        assert cut.status_code == 200
        with pytest.raises(httpx.RemoteProtocolError):
            cut.read()
    refused = httpx.get(f"{front}/api/v1/bills?limit=all")
    assert (refused.status_code, refused.headers["content-type"]) == (422, "application/problem+json")


def test_a_replica_knows_an_export_that_it_did_not_build_and_says_who_has_it(hub: Hub, front: str) -> None:
    manifest = export(hub)
    seen = httpx.get(f"{front}/api/v1/exports/latest/manifest").json()["manifest"]
    assert seen["files"] == manifest["files"]
    answer = httpx.get(front + manifest["files"][0]["url"])
    assert (answer.status_code, answer.json()["type"]) == (503, "urn:openpolicy:problem:export-elsewhere")
