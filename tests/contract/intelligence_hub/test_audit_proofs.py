"""An auditor's reading of the log over HTTP, with code written from RFC 6962, RFC 9162 and C2SP alone."""

from __future__ import annotations

import base64
import csv
import gzip
import hashlib
import io
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from hubs.intelligence_hub.audit.export import main
from hubs.intelligence_hub.audit.schemas import EntryCreate
from hubs.intelligence_hub.audit.writer import AuditWriter
from tests.contract.intelligence_hub.conftest import Hub


def h(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def leaf(document: bytes) -> bytes:
    return h(b"\x00" + document)


def tree(leaves: list[bytes]) -> bytes:
    """MTH of RFC 6962, section 2.1, over leaf hashes."""
    if len(leaves) < 2:
        return leaves[0] if leaves else h(b"")
    k = 1 << (len(leaves) - 1).bit_length() - 1
    return h(b"\x01" + tree(leaves[:k]) + tree(leaves[k:]))


def root_from_inclusion(index: int, size: int, value: bytes, path: list[bytes]) -> bytes:
    """RFC 9162, section 2.1.3.2."""
    fn, sn = index, size - 1
    for p in path:
        assert sn != 0
        if fn & 1 or fn == sn:
            value = h(b"\x01" + p + value)
            while not fn & 1 and fn != 0:
                fn, sn = fn >> 1, sn >> 1
        else:
            value = h(b"\x01" + value + p)
        fn, sn = fn >> 1, sn >> 1
    assert sn == 0
    return value


def roots_from_consistency(first: int, second: int, old: bytes, path: list[bytes]) -> tuple[bytes, bytes]:
    """RFC 9162, section 2.1.4.2."""
    if first & (first - 1) == 0:
        path = [old, *path]
    fn, sn = first - 1, second - 1
    while fn & 1:
        fn, sn = fn >> 1, sn >> 1
    fr = sr = path[0]
    for c in path[1:]:
        assert sn != 0
        if fn & 1 or fn == sn:
            fr, sr = h(b"\x01" + c + fr), h(b"\x01" + c + sr)
            while not fn & 1 and fn != 0:
                fn, sn = fn >> 1, sn >> 1
        else:
            sr = h(b"\x01" + sr + c)
        fn, sn = fn >> 1, sn >> 1
    assert sn == 0
    return fr, sr


def opened(note: str, verifier_key: str) -> tuple[str, int, bytes]:
    """A C2SP signed note with a checkpoint in it; raises when the signature is not the key's."""
    name, key_hash, encoded = re.fullmatch(r"([^+]+)\+([0-9a-f]{8})\+(.+)", verifier_key).groups()
    key = base64.b64decode(encoded)
    assert key[0] == 1
    assert h(name.encode() + b"\n" + key)[:4].hex() == key_hash
    text, _, signatures = note.rpartition("\n\n")
    signature = re.search(rf"^— {re.escape(name)} (\S+)$", signatures, re.MULTILINE).group(1)
    raw = base64.b64decode(signature)
    assert raw[:4].hex() == key_hash
    Ed25519PublicKey.from_public_bytes(key[1:]).verify(raw[4:], f"{text}\n".encode())
    origin, size, root = text.split("\n")[:3]
    return origin, int(size), base64.b64decode(root)


def append(hub: Hub, count: int, **more) -> None:
    given = {"actor": "user", "action": "bill.corrected", "reason": "a reason", **more}
    writer = hub.app.state.resources.get(AuditWriter)
    writer.append([EntryCreate(**{**given, "target": f"bill/{number}"}) for number in range(count)])


@pytest.fixture(scope="module")
def log(running: Hub) -> Hub:
    append(running, 280)
    return running


def checkpoint(hub: Hub) -> tuple[int, bytes]:
    key = hub.http.get("/api/v1/audit/key").json()["verifier_key"]
    _, size, root = opened(hub.http.get("/api/v1/audit/log/checkpoint").text, key)
    return size, root


def leaves_of(hub: Hub, size: int) -> list[bytes]:
    """Every entry out of the bundles of the tiles layout."""
    found: list[bytes] = []
    for index in range((size + 255) // 256):
        width = min(256, size - index * 256)
        name = f"{index:03}" + ("" if width == 256 else f".p/{width}")
        body = hub.http.get(f"/api/v1/audit/log/tile/entries/{name}").content
        while body:
            length = int.from_bytes(body[:2], "big")
            found.append(leaf(body[2 : 2 + length]))
            body = body[2 + length :]
    return found


def test_the_signed_root_is_that_of_the_entries(log: Hub) -> None:
    size, root = checkpoint(log)
    leaves = leaves_of(log, size)
    assert len(leaves) == size > 256
    assert tree(leaves) == root
    tile = log.http.get("/api/v1/audit/log/tile/0/000").content
    assert tile == b"".join(leaves[:256])
    assert log.http.get("/api/v1/audit/log/tile/1/000.p/1").content == tree(leaves[:256])


def test_inclusion_and_consistency_proofs_hold_and_altered_ones_do_not(log: Hub) -> None:
    size, root = checkpoint(log)
    leaves = leaves_of(log, size)
    for seq in (0, 1, 127, 255, 256, size - 1):
        proof = log.http.get("/api/v1/audit/proofs/inclusion", params={"seq": seq, "size": size}).json()
        path = [bytes.fromhex(p) for p in proof["path"]]
        assert root_from_inclusion(seq, size, leaves[seq], path) == root
        assert root_from_inclusion(seq, size, h(b"other"), path) != root
    for first in (1, 2, 100, 255, 256, 257, size - 1):
        proof = log.http.get(
            "/api/v1/audit/proofs/consistency", params={"first": first, "second": size}
        ).json()
        path = [bytes.fromhex(p) for p in proof["path"]]
        assert roots_from_consistency(first, size, tree(leaves[:first]), path) == (tree(leaves[:first]), root)


def test_a_checkpoint_of_another_key_is_not_believed(log: Hub) -> None:
    key = log.http.get("/api/v1/audit/key").json()["verifier_key"]
    note = log.http.get("/api/v1/audit/log/checkpoint").text
    size = opened(note, key)[1]
    with pytest.raises(InvalidSignature):
        opened(note.replace(f"\n{size}\n", f"\n{size + 1}\n"), key)


def test_the_command_verifies_an_export_alone(log: Hub, tmp_path: Path) -> None:
    path = tmp_path / "audit.ndjson"
    path.write_bytes(log.http.get("/api/v1/audit/export").content)
    key = log.http.get("/api/v1/audit/key").json()["verifier_key"]
    command = [sys.executable, "-m", "services.cli", "audit", "verify", str(path), "--key", key]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.partition(":")[0]) == (0, "intact"), done.stderr


def test_a_changed_export_is_broken_at_the_entry_that_was_changed(log: Hub, tmp_path: Path, capsys) -> None:
    body = log.http.get("/api/v1/audit/export").content
    path, packed = tmp_path / "audit.ndjson", tmp_path / "audit.ndjson.gz"
    packed.write_bytes(gzip.compress(body))
    assert main([str(packed)]) == 0
    assert "compare it with one that you trust" in capsys.readouterr().out
    lines = body.decode().splitlines()
    entry = json.loads(lines[41])
    entry["leaf"]["action"] = "bill.deleted"
    swapped = [*lines[:50], lines[51], lines[50], *lines[52:]]
    silent = json.loads(lines[61])
    del silent["values"]["actor"]
    for changed, seq in (
        ([*lines[:41], json.dumps(entry), *lines[42:]], ""),
        ([*lines[:41], *lines[42:]], " at entry 40"),
        (swapped, " at entry 49"),
        ([*lines[:61], json.dumps(silent), *lines[62:]], " at entry 60"),
        (lines[:-1], f" at entry {len(lines) - 2}"),
        (["{}", *lines[1:]], ":"),
    ):
        path.write_text("\n".join(changed) + "\n")
        assert main([str(path)]) == 1
        assert f"BROKEN{seq}" in capsys.readouterr().err
    assert main([str(tmp_path / "no such file")]) == 2
    assert main([]) == 2


def test_reading_the_log_is_itself_in_the_log(log: Hub) -> None:
    log.http.get("/api/v1/audit/entries?target=bill/7").raise_for_status()
    log.http.get("/api/v1/audit/export?format=csv&actor=user-1").raise_for_status()
    log.http.get("/api/v1/audit/verification").raise_for_status()
    read = log.http.get("/api/v1/audit/entries?action=audit.*&limit=3").json()["data"]
    assert [entry["target"] for entry in read] == ["verification", "export.csv", "entries"]
    assert read[1]["metadata"]["query"] == "format=csv&actor=user-1"
    assert all(entry["actor"] == "someone" for entry in read)


def test_a_search_finds_and_exports_as_a_table_and_as_lines(log: Hub) -> None:
    append(log, 2, actor="=HYPERLINK(1)", request_id="req-1", target_type="bill", producer="data_hub")
    found = log.http.get(
        "/api/v1/audit/entries", params={"request_id": "req-1", "producer": "data_hub"}
    ).json()["data"]
    assert len(found) == 2
    text = log.http.get("/api/v1/audit/export", params={"format": "csv", "target_type": "bill"}).text
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [row["actor"] for row in rows] == ["'=HYPERLINK(1)", "'=HYPERLINK(1)"]
    lines = log.http.get(
        "/api/v1/audit/export", params={"format": "entries", "target_type": "bill"}
    ).text.splitlines()
    assert [json.loads(line)["target"] for line in lines] == ["bill/1", "bill/0"]
    assert log.http.get("/api/v1/audit/export", params={"actor": "x"}).status_code == 422


def test_an_entry_says_whose_clock_it_was_read_from(log: Hub) -> None:
    made = log.http.post("/api/v1/audit/entries", json={"actor": "a", "action": "x.y"}).json()
    assert log.http.get(f"/api/v1/audit/entries/{made['seq']}").json()["clock_source"] == ""
    form = {"actor": "a", "action": "x.y", "occurred_at": "2026-01-01T00:00:00Z", "producer": "data_hub"}
    made = log.http.post("/api/v1/audit/entries", json=form).json()
    assert log.http.get(f"/api/v1/audit/entries/{made['seq']}").json()["clock_source"] == "data_hub"


def test_a_redaction_leaves_every_proof_standing(log: Hub) -> None:
    made = log.http.post("/api/v1/audit/entries", json={"actor": "a secret name", "action": "x.y"}).json()
    form = {"fields": ["actor"], "reason": "asked by the person"}
    log.http.post(f"/api/v1/audit/entries/{made['seq']}/redaction", json=form).raise_for_status()
    body = log.http.get("/api/v1/audit/export").text
    assert "a secret name" not in body
    assert log.http.get("/api/v1/audit/verification").json()["is_intact"]
    size, root = checkpoint(log)
    proof = log.http.get("/api/v1/audit/proofs/inclusion", params={"seq": made["seq"], "size": size}).json()
    path = [bytes.fromhex(p) for p in proof["path"]]
    assert root_from_inclusion(made["seq"], size, bytes.fromhex(made["leaf_hash"]), path) == root


def test_reading_needs_a_scope(log: Hub) -> None:
    nobody = {"Authorization": "Bearer nothing"}
    for path in ("entries", "entries/1", "export", "verification", "log/tile/0/000"):
        assert log.http.get(f"/api/v1/audit/{path}", headers=nobody).status_code == 403
