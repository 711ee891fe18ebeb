"""Reading archived responses out of the scraper's WARC files (ISO 28500), by the index beside each.

``<archive>/<source>/<run>.index.jsonl`` names the gzip member that holds a response; a member is small, so
finding one document never reads the file it is in.
"""

from __future__ import annotations

import hashlib
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import orjson

from hubs.data_hub.storage.schemas import Part
from hubs.data_hub.storage.service import StorageService

MAX_DOCUMENT_BYTES = 256 * 2**20
_SOURCE = re.compile(r"^[a-z0-9][a-z0-9._-]{0,99}$")
_FILE = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._-]{0,199}$")


@dataclass(frozen=True)
class Archived:
    """A response body as it is archived, content coding undone, and what it says it is."""

    body: bytes
    media_type: str

    @property
    def sha256(self) -> str:
        """Return the hash of the body."""
        return hashlib.sha256(self.body).hexdigest()


class ArchiveReader:
    """Finds responses in the local archive folder, else among the stored files of ``archive/<source>``."""

    def __init__(self, root: Path, files: StorageService) -> None:
        self._root = root
        self._files = files

    def find(self, source_id: str, run_id: UUID, url: str, sha256: str) -> Archived | None:
        """Return the archived answer of a URL in a run; of several, the one with the hash if there is one."""
        if not _SOURCE.match(source_id):
            return None
        last: Archived | None = None
        for entry in self._entries(source_id, run_id, url):
            found = self._read(source_id, entry)
            if found is None:
                continue
            if found.sha256 == sha256:
                return found
            last = found
        return last

    def _entries(self, source_id: str, run_id: UUID, url: str) -> Iterator[dict[str, object]]:
        index = self._index(source_id, run_id)
        wanted = orjson.dumps(url)[1:-1]
        for line in index.splitlines():
            # Most lines are about other URLs: only those that can match are parsed.
            if wanted in line or b"\\" in line:
                try:
                    entry = orjson.loads(line)
                except orjson.JSONDecodeError:
                    continue
                if isinstance(entry, dict) and entry.get("url") == url:
                    yield entry

    def _index(self, source_id: str, run_id: UUID) -> bytes:
        path = self._root / source_id / f"{run_id}.index.jsonl"
        if path.is_file():
            return path.read_bytes()
        row = self._files.newest(f"archive/{source_id}", f"{run_id}.index.jsonl")
        if row is None:
            return b""
        return b"".join(self._files.content(row, Part(0, row["size_bytes"])))

    def _read(self, source_id: str, entry: dict[str, object]) -> Archived | None:
        name, offset, length = str(entry.get("file", "")), entry.get("offset"), entry.get("length")
        if not _FILE.match(name) or not isinstance(offset, int) or not isinstance(length, int):
            return None
        if offset < 0 or not 0 < length <= MAX_DOCUMENT_BYTES:
            return None
        member = self._member(source_id, name, offset, length)
        return read_member(member) if member else None

    def _member(self, source_id: str, name: str, offset: int, length: int) -> bytes:
        path = self._root / source_id / name
        if path.is_file():
            with path.open("rb") as file:
                file.seek(offset)
                return file.read(length)
        row = self._files.newest(f"archive/{source_id}", name)
        if row is None or offset + length > row["size_bytes"]:
            return b""
        return b"".join(self._files.content(row, Part(offset, length)))


def read_member(member: bytes) -> Archived | None:
    """Return the response in one gzip member of a WARC file, None when it is damaged or no response."""
    try:
        record = _inflate(member, 16 + zlib.MAX_WBITS)
        head, _, rest = record.partition(b"\r\n\r\n")
        fields = _fields(head)
        if fields.get("warc-type") != "response":
            return None
        block = rest[: int(fields["content-length"])]
        http, _, body = block.partition(b"\r\n\r\n")
        answer = _fields(http)
    except (zlib.error, ValueError, KeyError):
        return None
    try:
        match answer.get("content-encoding", "").lower():
            case "gzip" | "x-gzip":
                body = _inflate(body, 16 + zlib.MAX_WBITS)
            case "deflate":
                body = _inflate(body, zlib.MAX_WBITS)
    except (zlib.error, ValueError):
        return None
    return Archived(body, answer.get("content-type", "application/octet-stream"))


def _inflate(data: bytes, window: int) -> bytes:
    machine = zlib.decompressobj(window)
    out = machine.decompress(data, MAX_DOCUMENT_BYTES)
    if machine.unconsumed_tail:
        raise ValueError("it unpacks to too much")
    return out


def _fields(head: bytes) -> dict[str, str]:
    found = {}
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.decode("utf-8", "replace").partition(":")
        found[name.strip().lower()] = value.strip()
    return found
