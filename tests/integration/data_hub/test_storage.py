"""Files: stored once, served in parts, refused where they are not what they claim, gone when they may go."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import time
import zipfile
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from hubs.data_hub.storage.backends.local import LocalStore
from hubs.data_hub.storage.dependencies import StorageParts
from hubs.data_hub.storage.extract import extract
from hubs.data_hub.storage.service import Signer
from shared.core.clock import utc_now
from shared.core.ids import new_id

from .conftest import Hub, both_servers, person, running, source


def pdf(words: str = "Minutes of the council") -> bytes:
    content = f"BT /F1 12 Tf 72 720 Td ({words}) Tj ET".encode()
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length " + str(len(content)).encode() + b" >>\nstream\n" + content + b"\nendstream",
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    out, places = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += f"{number} 0 obj\n".encode() + body + b"\nendobj\n"
    table = f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n" + "".join(
        f"{at:010} 00000 n \n" for at in places
    )
    return (
        out
        + table.encode()
        + f"trailer << /Size {len(objects) + 1} /Root 1 0 R >>\nstartxref\n{len(out)}\n%%EOF".encode()
    )


def store(
    hub: Hub, body: bytes, name: str = "a.txt", status: int = 201, media: str = "", **params: Any
) -> Any:
    headers = hub.headers(**({"Content-Type": media} if media else {}))
    answer = hub.http.post(
        "/api/v1/storage/uploads", content=body, params={"name": name, **params}, headers=headers
    )
    assert answer.status_code == status, answer.text
    return answer.json()


@both_servers
def test_equal_bytes_are_kept_once_and_names_have_versions(hub: Hub) -> None:
    first = store(hub, b"hello", "a.txt")
    second = store(hub, b"hello", "b.txt")
    third = store(hub, b"hello again", "a.txt")
    assert first["sha256"] == second["sha256"] == hashlib.sha256(b"hello").hexdigest()
    assert (first["is_duplicate"], second["is_duplicate"]) == (False, True)
    assert (first["version"], third["version"]) == (1, 2)
    usage = hub.http.get("/api/v1/storage/usage", headers=hub.headers()).json()
    assert (usage["files"], usage["blobs"], usage["size_bytes"]) == (3, 2, 16)
    listed = hub.http.get("/api/v1/storage/files", params={"name": "a.txt"}, headers=hub.headers()).json()[
        "data"
    ]
    assert [f["version"] for f in listed] == [2, 1]


def test_bytes_are_served_whole_in_parts_and_conditionally(hub: Hub) -> None:
    body = bytes(range(32, 127)) * 50
    url = store(hub, body, "chars.txt", is_public=True)["content_url"]
    whole = hub.http.get(url)
    assert (whole.content, whole.headers["content-length"], whole.headers["accept-ranges"]) == (
        body,
        str(len(body)),
        "bytes",
    )
    assert whole.headers["x-content-type-options"] == "nosniff"
    for asked, expected in (
        ("bytes=0-9", body[:10]),
        ("bytes=-5", body[-5:]),
        ("bytes=4740-", body[4740:]),
        ("bytes=10-99999", body[10:]),
    ):
        part = hub.http.get(url, headers={"Range": asked})
        assert (part.status_code, part.content) == (206, expected)
    assert part.headers["content-range"] == f"bytes 10-{len(body) - 1}/{len(body)}"
    beyond = hub.http.get(url, headers={"Range": "bytes=999999-"})
    assert (beyond.status_code, beyond.headers["content-range"]) == (416, f"bytes */{len(body)}")
    for ignored in ("bytes=0-1,4-5", "lines=1-2", "bytes=-", "bytes=5-1" * 20, "bytes=5-1"):
        assert hub.http.get(url, headers={"Range": ignored}).status_code == 200
    etag = whole.headers["etag"]
    assert hub.http.get(url, headers={"If-None-Match": etag}).status_code == 304
    assert hub.http.get(url, headers={"Range": "bytes=0-1", "If-Range": '"other"'}).status_code == 200
    assert hub.http.get(url, headers={"Range": "bytes=0-1", "If-Range": etag}).status_code == 206
    head = hub.http.head(url)
    assert (head.status_code, head.content, head.headers["content-length"]) == (200, b"", str(len(body)))


def test_a_private_file_is_read_by_scope_or_by_a_signed_address(hub: Hub) -> None:
    made = store(hub, b"private words", "p.txt")
    assert hub.http.get(made["content_url"]).status_code == 403
    assert hub.http.get(made["content_url"], headers=hub.headers("data:read")).status_code == 200
    assert hub.http.get("/api/v1/storage/files").json()["data"] == []
    signed = hub.http.post(f"{made['url']}/sign", json={"ttl_s": 60}, headers=hub.headers()).json()["url"]
    assert hub.http.get(signed).content == b"private words"
    token = signed.rpartition("/")[2]
    others = [
        token[:-1] + letter for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    ]
    for other in {*others, token[:9] + "!" + token[9:], token + "=", token[::-1]} - {token}:
        assert hub.http.get(f"/api/v1/storage/signed/{other}").status_code == 403, other
    for bad in (
        signed[:-3] + "AAA",
        signed + "x",
        "/api/v1/storage/signed/abc",
        "/api/v1/storage/signed/%2e%2e%2f",
    ):
        assert hub.http.get(bad).status_code in (403, 404), bad
    signer: Signer = hub.resources.get(StorageParts).signer
    late = signer.sign(UUID(made["id"]), utc_now() - timedelta(seconds=1))
    assert hub.http.get(f"/api/v1/storage/signed/{late}").json()["detail"] == "this address has run out"


def zipped(**files: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in files.items():
            archive.writestr(name.replace("__", "/"), data)
    return out.getvalue()


@pytest.mark.parametrize(
    ("body", "name", "claimed", "found"),
    [
        (pdf(), "a.pdf", "application/pdf", "application/pdf"),
        (b"\xef\xbb\xbfNom,Parti\r\n", "a.csv", "text/csv", "text/csv"),
        (b"<!doctype html><p>x", "a.html", "text/html", "text/html"),
        (b"<?xml version='1.0'?><x/>", "a.xml", "text/xml", "application/xml"),
        (b'{"a": 1}', "a.json", "", "application/json"),
        ("Québec".encode("latin-1"), "a.txt", "text/plain", "text/plain"),
        (zipped(a=b"x"), "a.zip", "application/zip", "application/zip"),
        (
            zipped(word__document=b"x", **{"[Content_Types].xml": b"x"}),
            "a.docx",
            "application/octet-stream",
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        ),
        (gzip.compress(b"WARC/1.1", mtime=0), "run.warc.gz", "application/gzip", None),
        (gzip.compress(b"WARC/1.1", mtime=0), "run.warc.gz", "", "application/warc"),
        (b"\x89PNG\r\n\x1a\nxxxx", "a.png", "image/png", "image/png"),
        (b"MZ\x90\x00\x03 This program", "a.exe", "", None),
        (b"\x7fELF\x02\x01", "a.bin", "application/octet-stream", None),
        (b"MZ\x90\x00 evil", "a.pdf", "application/pdf", None),
        (b"<html>", "a.pdf", "application/pdf", None),
        (pdf(), "a.png", "image/png", None),
        (b"#!/bin/sh\n\x00", "a.txt", "text/plain", None),
    ],
)
def test_a_type_is_what_the_content_says(
    tmp_path: Path, body: bytes, name: str, claimed: str, found: str | None
) -> None:
    from hubs.data_hub.storage.errors import TypeRefused
    from hubs.data_hub.storage.sniffing import sniff

    path = tmp_path / "x"
    path.write_bytes(body)
    if found is None:
        with pytest.raises(TypeRefused):
            sniff(path, claimed, name)
    else:
        assert sniff(path, claimed, name) == found


def test_hostile_names_types_and_sizes_are_refused_and_nothing_is_stored(
    database: Any, tmp_path: Path
) -> None:
    small = {"storage": {"quota_bytes": 1_000, "max_file_bytes": 600}}
    with running(database, tmp_path, **small) as hub:
        for name in ("../etc/passwd", "..", ".", "a/b", "a\\b", "C:x", "", " a", "a\nb", "x" * 256):
            store(hub, b"x", name, 422)
        for namespace in ("../x", "a//b", "/a", "A", "a/../b", ".hidden", "a/b/c/d/e"):
            store(hub, b"x", "a.txt", 422, namespace=namespace)
        store(hub, b"MZ\x90\x00", "a.txt", 415)
        store(hub, b"", "a.txt", 422)
        store(hub, b"x" * 601, "a.txt", 413)
        lying = hub.headers(**{"Transfer-Encoding": "chunked"})
        answer = hub.http.post(
            "/api/v1/storage/uploads",
            params={"name": "a.txt"},
            content=(b"y" * 100 for _ in range(10)),
            headers=lying,
        )
        assert answer.status_code == 413
        store(hub, b"a" * 600)
        full = store(hub, b"b" * 600, "b.txt", 413)
        assert full["type"] == "urn:openpolicy:problem:quota-exceeded"
        assert (
            hub.http.post("/api/v1/storage/uploads", params={"name": "a.txt"}, content=b"x").status_code
            == 401
        )
        usage = hub.http.get("/api/v1/storage/usage", headers=hub.headers()).json()
        assert (usage["files"], usage["size_bytes"]) == (1, 600)
        assert list((tmp_path / "storage" / "incoming").iterdir()) == []


def test_a_hold_outlives_deletion_and_retention(hub: Hub) -> None:
    kept = store(hub, b"kept", "k.txt", retention_days=1)
    hold = {"is_held": True, "reason": "access request 7"}
    assert hub.http.put(f"{kept['url']}/hold", json=hold, headers=hub.headers()).json()["is_held"]
    refused = hub.http.delete(kept["url"], headers=hub.headers())
    assert (refused.status_code, refused.json()["type"]) == (409, "urn:openpolicy:problem:legal-hold")
    hub.http.put(f"{kept['url']}/hold", json={"is_held": False}, headers=hub.headers())
    assert hub.http.delete(kept["url"], headers=hub.headers()).status_code == 204
    assert hub.http.get(kept["url"], headers=hub.headers()).status_code == 404


def test_a_scrub_finds_damage_ends_retention_and_removes_what_nobody_names(hub: Hub) -> None:
    from sqlalchemy import text

    sound, broken = store(hub, b"sound", "s.txt"), store(hub, b"broken", "b.txt")
    gone, expired = store(hub, b"gone", "g.txt"), store(hub, b"expired", "e.txt", retention_days=1)
    hub.http.delete(gone["url"], headers=hub.headers())
    with hub.resources.engine.begin() as connection:
        connection.execute(
            text("UPDATE data.stored_file SET expires_at = now() - interval '1 day' WHERE name = 'e.txt'")
        )
        connection.execute(text("UPDATE data.blob SET created_at = now() - interval '1 day'"))
    store_: LocalStore = hub.resources.get(StorageParts).store  # type: ignore[assignment]
    path = store_._path(broken["sha256"])
    path.chmod(0o640)
    path.write_bytes(b"brokem")
    report = hub.http.post("/api/v1/storage/scrub", headers=hub.headers()).json()
    assert (report["damaged"], report["expired"], report["removed"]) == ([broken["sha256"]], 1, 2)
    assert hub.http.get(expired["url"], headers=hub.headers()).status_code == 404
    assert not store_.exists(gone["sha256"])
    assert hub.http.get(sound["content_url"], headers=hub.headers()).content == b"sound"
    assert hub.http.get("/api/v1/storage/usage", headers=hub.headers()).json()["damaged"] == 1
    refused = hub.http.get(broken["content_url"], headers=hub.headers())
    assert (refused.status_code, "damaged" in refused.json()["detail"]) == (404, True)
    path.write_bytes(b"broken")
    assert hub.http.post("/api/v1/storage/scrub", headers=hub.headers()).json()["damaged"] == []
    assert hub.http.get(broken["content_url"], headers=hub.headers()).content == b"broken"


def wait_for_text(hub: Hub, made: dict[str, Any]) -> dict[str, Any]:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        found = hub.http.get(f"{made['url']}/text", headers=hub.headers()).json()
        if found["state"] != "pending":
            return found
        time.sleep(0.1)
    raise AssertionError("no text in a minute")


def test_text_is_taken_out_of_pdf_and_html_in_a_process_of_its_own(hub: Hub) -> None:
    minutes = store(hub, pdf(), "minutes.pdf")
    page = store(
        hub,
        "<html><head><title>x</title><script>alert(1)</script></head><p>Procès-verbal <b>du conseil</b>".encode(),
        "p.html",
    )
    damaged = store(hub, b"%PDF-1.4\nnonsense", "bad.pdf")
    assert wait_for_text(hub, minutes) == {"state": "done", "text": "Minutes of the council", "problem": ""}
    assert wait_for_text(hub, page)["text"] == "Procès-verbal du conseil"
    failed = wait_for_text(hub, damaged)
    assert (failed["state"], failed["text"]) == ("failed", None)
    assert failed["problem"]


def test_a_file_whose_bytes_are_gone_keeps_no_other_from_its_text(hub: Hub) -> None:
    parts = hub.resources.get(StorageParts)
    wake, parts.keeper.wake = parts.keeper.wake, lambda: None  # type: ignore[method-assign]
    try:
        lost, kept = store(hub, b"<p>lost", "l.html"), store(hub, b"<p>kept", "k.html")
        parts.store.delete(lost["sha256"])
    finally:
        parts.keeper.wake = wake  # type: ignore[method-assign]
    parts.keeper.wake()
    assert wait_for_text(hub, kept)["text"] == "<p>kept"
    gone = wait_for_text(hub, lost)
    assert (gone["state"], gone["problem"]) == ("failed", "the bytes of this file are gone")
    assert hub.http.get(lost["content_url"], headers=hub.headers()).status_code == 404


def test_extraction_that_eats_memory_or_time_is_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import subprocess
    import sys

    path = tmp_path / "x.html"
    path.write_bytes(b"<p>" + b"a" * 1_000_000)
    assert len(extract(path, "text/html")) == 1_000_000
    code = (
        "import hubs.data_hub.storage.extract as e, sys\n"
        "def hungry(*_): return bytearray(2 * e.MAX_MEMORY_BYTES)\n"
        "e.html_text = hungry\n"
        "sys.exit(e.main(sys.argv[1:]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(path), "text/html"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert "memory" in done.stderr


def archived(folder: Path, source_id: str, run_id: Any, url: str, body: bytes, *, coding: str = "") -> None:
    """Write a WARC with one response and its index, as the scraper does."""
    from warcio.statusandheaders import StatusAndHeaders
    from warcio.warcwriter import WARCWriter

    place = folder / source_id
    place.mkdir(parents=True, exist_ok=True)
    sent = gzip.compress(body) if coding else body
    headers = [("Content-Type", "text/xml")] + ([("Content-Encoding", coding)] if coding else [])
    with (place / f"{run_id}.warc.gz").open("wb") as file:
        writer = WARCWriter(file, gzip=True)
        writer.write_record(writer.create_warcinfo_record("x", {"software": "test"}))
        offset = file.tell()
        http = StatusAndHeaders("200 OK", headers, protocol="HTTP/1.1")
        writer.write_record(
            writer.create_warc_record(url, "response", payload=io.BytesIO(sent), http_headers=http)
        )
        length = file.tell() - offset
    line = f'{{"key": "{url}", "url": "{url}", "status": 200, "file": "{run_id}.warc.gz", "offset": {offset}, "length": {length}}}\n'
    (place / f"{run_id}.index.jsonl").write_text(line)


@pytest.mark.parametrize("coding", ["", "gzip"])
def test_provenance_returns_the_archived_bytes_and_verifies_them(hub: Hub, coding: str) -> None:
    body, url, run = b"<Members><Member/></Members>", "https://www.ourcommons.ca/members/xml", new_id()
    digest = hashlib.sha256(body).hexdigest()
    archived(hub.folder / "archive", "test", run, url, body, coding=coding)
    hub.load("person", person(1, sources=[source(url, sha256=digest)]), run_id=run)
    record = hub.get("/api/v1/people/ruby-sahota")
    found = hub.get(f"/api/v1/provenance/{record['id']}")
    [document] = found["documents"]
    assert (found["type"], found["key"], found["url"]) == ("person", record["key"], record["url"])
    assert (document["is_archived"], document["is_verified"], document["size_bytes"]) == (
        True,
        True,
        len(body),
    )
    answer = hub.http.get(document["content_url"])
    assert (answer.content, answer.headers["x-source-url"]) == (body, url)
    assert answer.headers["content-security-policy"].endswith("sandbox")


def test_provenance_admits_bytes_that_are_gone_or_altered(hub: Hub) -> None:
    url, run = "https://www.ourcommons.ca/members/xml", new_id()
    archived(hub.folder / "archive", "test", run, url, b"other bytes")
    hub.load(
        "person",
        person(1, sources=[source(url)]),
        person(2, "No Archive", sources=[source("https://x/y")]),
        run_id=run,
    )
    altered = hub.get("/api/v1/people/ruby-sahota")["id"]
    [document] = hub.get(f"/api/v1/provenance/{altered}")["documents"]
    assert (document["is_archived"], document["is_verified"]) == (True, False)
    assert "no longer have the hash" in hub.get(document["content_url"], 404)["detail"]
    [document] = hub.get(f"/api/v1/provenance/{hub.get('/api/v1/people/no-archive')['id']}")["documents"]
    assert (document["is_archived"], document["content_url"]) == (False, None)
    index = hub.folder / "archive" / "test" / f"{run}.index.jsonl"
    sound = index.read_bytes()
    outside = [
        json.dumps({"url": url, "file": f"../{place}", "offset": 0, "length": 9}) for place in ("x", "../x")
    ]
    for garbage in ("", "\x00 not json\n", f'["{url}"]\n{{"url": "{url}"}}\n', *outside):
        index.write_text(garbage)
        assert hub.get(f"/api/v1/provenance/{altered}")["documents"][0]["is_archived"] is False, garbage
    index.write_bytes(sound)
    (hub.folder / "archive" / "test" / f"{run}.warc.gz").write_bytes(os.urandom(500))
    assert hub.get(f"/api/v1/provenance/{altered}")["documents"][0]["is_archived"] is False
    hub.get(f"/api/v1/provenance/{new_id()}", 404)
    hub.get(f"/api/v1/provenance/{altered}/{'0' * 64}", 404)


def test_an_archive_that_was_uploaded_serves_as_well(hub: Hub, tmp_path: Path) -> None:
    body, url, run = b"{}", "https://www.parl.ca/legisinfo/en/bills/json", new_id()
    archived(tmp_path / "elsewhere", "test", run, url, body)
    for name in (f"{run}.warc.gz", f"{run}.index.jsonl"):
        store(hub, (tmp_path / "elsewhere" / "test" / name).read_bytes(), name, namespace="archive/test")
    hub.load("person", person(1, sources=[source(url, sha256=hashlib.sha256(body).hexdigest())]), run_id=run)
    found = hub.get(f"/api/v1/provenance/{hub.get('/api/v1/people/ruby-sahota')['id']}")
    assert found["documents"][0]["is_verified"] is True
