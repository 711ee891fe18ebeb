"""Where the files of exports lie: equal ones once, none that nobody needs, and every replica's if they share a place."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from hubs.data_hub.exports import service
from hubs.data_hub.exports.keeper import ExportKeeper
from hubs.data_hub.storage.backends.local import LocalStore
from shared.core.errors import Unavailable

from .conftest import Hub, bill
from .test_exports import export, fetch


def kept(hub: Hub) -> set[str]:
    """Return the names of the files on disk: their hashes."""
    root = hub.resources.get(ExportKeeper).root
    return {path.name for path in root.rglob("*") if path.is_file()}


def test_equal_files_are_kept_once_and_go_with_the_last_export_that_names_them(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "KEEP", 2)
    hub.load("bill", bill("C-1"))
    manifests = [export(hub)]
    for title in ("two", "three"):
        hub.load("bill", bill("C-1", title_en=title))
        manifests.append(export(hub))
    named = [{file["sha256"] for file in manifest["files"]} for manifest in manifests]
    assert kept(hub) == named[1] | named[2]
    # Bills are other bytes each time; a table of nothing and the licence are the same.
    assert named[0] & named[2]
    assert named[0] - named[1] - named[2]
    assert hub.http.get(manifests[0]["files"][0]["url"]).status_code == 404
    for file in manifests[1]["files"]:
        fetch(hub, manifests[1], file["name"])


def test_a_replica_says_that_it_has_not_what_another_built(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    manifest = export(hub)
    url = manifest["files"][0]["url"]
    keeper = hub.resources.get(ExportKeeper)
    shared_place = keeper.files
    monkeypatch.setattr(keeper, "files", LocalStore(tmp_path / "another replica"))
    answer = hub.http.get(url)
    assert (answer.status_code, answer.json()["type"]) == (503, "urn:openpolicy:problem:export-elsewhere")
    assert "OP_STORAGE__S3_ENDPOINT" in answer.json()["detail"]
    assert (
        hub.http.get(url, headers={"If-None-Match": f'"{manifest["files"][0]["sha256"]}"'}).status_code == 304
    )
    monkeypatch.setattr(keeper, "files", shared_place)
    assert hashlib.sha256(hub.http.get(url).content).hexdigest() == manifest["files"][0]["sha256"]


def test_parts_of_a_file_make_the_whole_and_none_beyond_it(hub: Hub) -> None:
    hub.load("bill", *[bill(f"C-{n}") for n in range(1, 30)])
    manifest = export(hub)
    [entry] = [file for file in manifest["files"] if file["name"] == "bills.ndjson.gz"]
    whole = fetch(hub, manifest, "bills.ndjson.gz")
    half = len(whole) // 2
    first = hub.http.get(entry["url"], headers={"Range": f"bytes=0-{half - 1}"})
    rest = hub.http.get(entry["url"], headers={"Range": f"bytes={half}-", "If-Range": first.headers["etag"]})
    assert (first.status_code, rest.status_code) == (206, 206)
    assert rest.headers["content-range"] == f"bytes {half}-{len(whole) - 1}/{len(whole)}"
    assert first.content + rest.content == whole
    # Of another export's file the rest would make nonsense: all of this one comes.
    other = hub.http.get(entry["url"], headers={"Range": f"bytes={half}-", "If-Range": '"another"'})
    assert (other.status_code, other.content) == (200, whole)
    assert hub.http.get(entry["url"], headers={"Range": f"bytes={len(whole)}-"}).status_code == 416
    head = hub.http.head(entry["url"])
    assert (head.headers["content-length"], head.content) == (str(len(whole)), b"")


class Refusing:
    """A store that takes one file and no more."""

    def __init__(self) -> None:
        self.taken = 0

    def put(self, sha256: str, source: Path) -> None:
        """Keep the first file."""
        self.taken += 1
        if self.taken > 1:
            raise Unavailable("the file store answered 507")

    def read(self, sha256: str, start: int, length: int) -> Iterator[bytes]:
        """Give nothing."""
        return iter(())

    def delete(self, sha256: str) -> None:
        """Forget nothing."""


def test_an_export_whose_files_found_no_place_is_failed_and_says_so(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = export(hub)
    keeper = hub.resources.get(ExportKeeper)
    monkeypatch.setattr(keeper, "files", Refusing())
    with pytest.raises(AssertionError, match="failed"):
        export(hub)
    assert hub.get("/api/v1/exports")["data"][0]["problem"] == "the file store answered 507"
    assert hub.get("/api/v1/exports/latest/manifest")["manifest"]["position"] == before["position"]
    assert [path.name for path in keeper.root.iterdir() if len(path.name) == 36] == []
