"""What a file is, by its content and not by what it is called; only known types are stored."""

from __future__ import annotations

import zipfile
from pathlib import Path

from hubs.data_hub.storage.errors import TypeRefused

HEAD_BYTES = 8_192
_MAGIC: tuple[tuple[int, bytes, str], ...] = (
    (0, b"%PDF-", "application/pdf"),
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"GIF87a", "image/gif"),
    (0, b"GIF89a", "image/gif"),
    (8, b"WEBP", "image/webp"),
    (0, b"PK\x03\x04", "application/zip"),
    (0, b"PK\x05\x06", "application/zip"),
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/x-ole-storage"),
    (0, b"Rar!\x1a\x07", "application/vnd.rar"),
    (0, b"\x1f\x8b", "application/gzip"),
    (0, b"PAR1", "application/vnd.apache.parquet"),
    (0, b"SQLite format 3\x00", "application/vnd.sqlite3"),
    (0, b"{\\rtf", "application/rtf"),
)
_CONTROLS = tuple(bytes([n]) for n in (*range(9), *range(14, 27), *range(28, 32), 127))
"""Bytes that stand in no text."""
_OFFICE = {
    "word/": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xl/": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "ppt/": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
}
_OLE = ("application/msword", "application/vnd.ms-excel", "application/vnd.ms-powerpoint")
_TEXTS = (
    "text/plain", "text/csv", "text/html", "application/json", "application/xml", "text/xml",
    "application/x-ndjson",
)  # fmt: skip
ALLOWED: frozenset[str] = frozenset(
    {mark for _, _, mark in _MAGIC if not mark.startswith("application/x-ole")}
    | set(_OFFICE.values())
    | set(_OLE)
    | {"text/plain", "text/csv", "text/html", "application/json", "application/xml", "application/warc"}
    | {"application/x-ndjson"}
)  # fmt: skip


def sniff(path: Path, claimed: str, name: str) -> str:
    """Return the media type of a file by its content; ``claimed`` decides only between types that look alike.

    Raises: TypeRefused when it is of no known type, or plainly not what it claims to be.
    """
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    claim = claimed.partition(";")[0].strip().lower()
    found = _by_magic(path, head, claim, name) or _by_text(head, claim, name)
    if found is None or found not in ALLOWED:
        raise TypeRefused("the content is of no type that is stored here", allowed=sorted(ALLOWED))
    if claim not in ("", "application/octet-stream", "binary/octet-stream") and not _agree(claim, found):
        raise TypeRefused(f"it claims to be {claim[:100]} and is {found}")
    return found


def _by_magic(path: Path, head: bytes, claim: str, name: str) -> str | None:
    for offset, magic, found in _MAGIC:
        if head[offset : offset + len(magic)] == magic:
            if found == "application/zip":
                return _in_zip(path)
            if found == "application/x-ole-storage":
                return claim if claim in _OLE else "application/msword"
            if found == "application/gzip" and name.endswith(".warc.gz"):
                return "application/warc"
            return found
    if head.startswith(b"WARC/"):
        return "application/warc"
    return None


def _in_zip(path: Path) -> str:
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()[:500]
    except (zipfile.BadZipFile, OSError, ValueError):
        raise TypeRefused("it begins like a zip archive and is none") from None
    if "[Content_Types].xml" in names:
        for folder, found in _OFFICE.items():
            if any(entry.startswith(folder) for entry in names):
                return found
    return "application/zip"


def _by_text(head: bytes, claim: str, name: str) -> str | None:
    if any(byte in head for byte in _CONTROLS):
        return None
    try:
        # A cut in the middle of a letter at the end of the head is no sign of another encoding.
        text = (
            head.decode("utf-8", "strict") if len(head) < HEAD_BYTES else head[:-4].decode("utf-8", "strict")
        )
    except UnicodeDecodeError:
        if claim not in ("text/plain", "text/csv", "text/html", "application/xml", "text/xml"):
            return None
        text = head.decode("latin-1")
    start = text.lstrip("\ufeff \t\r\n")[:1_000].lower()
    if start.startswith("<?xml"):
        return "text/html" if "<html" in start else "application/xml"
    if start.startswith(("<!doctype html", "<html", "<head", "<body")):
        return "text/html"
    if start.startswith(("{", "[")) and claim in ("", "application/json", "application/octet-stream"):
        return "application/json"
    if claim in _TEXTS:
        return "application/xml" if claim == "text/xml" else claim
    return "text/csv" if name.lower().endswith(".csv") else "text/plain"


def _agree(claim: str, found: str) -> bool:
    alike = {
        frozenset(("application/xml", "text/xml")),
        frozenset(("application/zip", "application/x-zip-compressed")),
    }
    if claim == found or frozenset((claim, found)) in alike:
        return True
    return claim in ("text/plain", "text/csv", "application/x-ndjson") and found in _TEXTS
