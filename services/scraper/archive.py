"""The archive of a run: every raw response in one gzipped WARC file, with an index beside it.

``<archive>/<source>/<run id>.warc.gz`` holds a gzip member per record, as other tools expect;
``<run id>.index.jsonl`` has one line per response, written after the bytes it points at, so that
after a crash everything the index names can be read.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO
from uuid import UUID

from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from shared.contracts.events.scraping import ArchiveRef
from shared.core.clock import utc_now

Headers = Iterable[tuple[str, str]]
_LEVEL = 6
_DROPPED = {"transfer-encoding", "connection", "keep-alive"}


def request_key(method: str, url: str, body: bytes = b"") -> str:
    """Return what identifies a request: its address, and for other methods than GET what was sent."""
    if method == "GET":
        return url
    return f"{method} {url} {hashlib.sha256(body).hexdigest()}"


@dataclass(frozen=True, slots=True)
class IndexEntry:
    """Where a response is in the archive, and what it was."""

    key: str
    url: str
    status: int
    file: str
    """Name of the WARC file, relative to the folder of the index."""
    offset: int
    length: int
    retrieved_at: str
    etag: str = ""
    last_modified: str = ""
    first_seen: str = ""
    """When an earlier run first had an answer to this request; empty: ``retrieved_at``."""


class _MemberWriter:
    """Writes each record as a gzip member of its own, at a level that costs half of warcio's."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._plain = io.BytesIO()
        self.builder = WARCWriter(self._plain, gzip=False)

    def write_record(self, record: Any) -> None:
        """Append a record that ``builder`` made."""
        self.builder.write_record(record)
        self._file.write(gzip.compress(self._plain.getvalue(), _LEVEL, mtime=0))
        self._plain.seek(0)
        self._plain.truncate()


class ArchiveWriter:
    """Appends responses to the WARC of one run; continues after what an earlier process left whole."""

    def __init__(self, folder: Path, run_id: UUID, source_id: str, software: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / f"{run_id}.warc.gz"
        self.index_path = folder / f"{run_id}.index.jsonl"
        self.entries = _whole_entries(self.path, self.index_path)
        self._end = max((entry.offset + entry.length for entry in self.entries), default=0)
        self._file = self.path.open("r+b" if self.path.exists() else "w+b")
        self._file.truncate(self._end)
        self._file.seek(self._end)
        self._writer = _MemberWriter(self._file)
        self._index = self.index_path.open("w", encoding="utf-8")
        for entry in self.entries:
            self._write_line(entry)
        if self._end == 0:
            self._start(source_id, run_id, software)
        self._documents = len(self.entries)

    def _start(self, source_id: str, run_id: UUID, software: str) -> None:
        about = {"software": software, "format": "WARC File Format 1.1", "isPartOf": f"{source_id}/{run_id}"}
        self._writer.write_record(self._writer.builder.create_warcinfo_record(self.path.name, about))

    def response(
        self,
        url: str,
        status: int,
        reason: str,
        headers: Headers,
        body: bytes,
        method: str = "GET",
        request_body: bytes = b"",
        first_seen: str = "",
    ) -> IndexEntry:
        """Store a response as it came over the wire (content coding kept) and return where it is."""
        retrieved_at = utc_now()
        pairs = [(name, value) for name, value in headers if name.lower() not in _DROPPED]
        record = self._writer.builder.create_warc_record(
            url,
            "response",
            payload=io.BytesIO(body),
            http_headers=StatusAndHeaders(f"{status} {reason}".strip(), pairs, protocol="HTTP/1.1"),
            warc_headers_dict={"WARC-Date": _warc_date(retrieved_at)},
        )
        if method != "GET":
            self._request(url, method, request_body, record)
        offset = self._file.tell()
        self._writer.write_record(record)
        named = {name.lower(): value for name, value in pairs}
        key = request_key(method, url, request_body)
        return self._noted(key, url, status, offset, retrieved_at, named, first_seen)

    def revisit(self, entry: IndexEntry, headers: Headers) -> IndexEntry:
        """Store that the server said 304 to a request for an archived response."""
        retrieved_at = utc_now()
        pairs = [(name, value) for name, value in headers if name.lower() not in _DROPPED]
        record = self._writer.builder.create_warc_record(
            entry.url,
            "revisit",
            payload=io.BytesIO(b""),
            http_headers=StatusAndHeaders("304 Not Modified", pairs, protocol="HTTP/1.1"),
            warc_headers_dict={
                "WARC-Date": _warc_date(retrieved_at),
                "WARC-Profile": "http://netpreserve.org/warc/1.1/revisit/server-not-modified",
                "WARC-Refers-To-Target-URI": entry.url,
                "WARC-Refers-To-Date": entry.retrieved_at,
                "OpenPolicy-Refers-To": f"{entry.file} {entry.offset} {entry.length}",
            },
        )
        self._writer.write_record(record)
        self._file.flush()
        # The index of this run points straight at the stored body, in whichever file it is.
        first_seen = entry.first_seen or entry.retrieved_at
        again = replace(entry, retrieved_at=_warc_date(retrieved_at), first_seen=first_seen)
        self._write_line(again)
        self._documents += 1
        return again

    def refer(self, entry: IndexEntry) -> None:
        """Note in the index that this run uses a response that an earlier run archived."""
        self._write_line(entry)

    def _request(self, url: str, method: str, body: bytes, response: Any) -> None:
        headers = StatusAndHeaders(
            f"{method} {url} HTTP/1.1", [("Content-Length", str(len(body)))], is_http_request=True
        )
        request = self._writer.builder.create_warc_record(
            url,
            "request",
            payload=io.BytesIO(body),
            http_headers=headers,
            warc_headers_dict={"WARC-Concurrent-To": response.rec_headers.get_header("WARC-Record-ID")},
        )
        self._writer.write_record(request)

    def _noted(
        self,
        key: str,
        url: str,
        status: int,
        offset: int,
        at: datetime,
        headers: Mapping[str, str],
        first_seen: str,
    ) -> IndexEntry:
        self._file.flush()
        entry = IndexEntry(
            key=key,
            url=url,
            status=status,
            file=self.path.name,
            offset=offset,
            length=self._file.tell() - offset,
            retrieved_at=_warc_date(at),
            etag=headers.get("etag", ""),
            last_modified=headers.get("last-modified", ""),
            first_seen=first_seen or _warc_date(at),
        )
        self._write_line(entry)
        self._documents += 1
        return entry

    def _write_line(self, entry: IndexEntry) -> None:
        self._index.write(json.dumps(asdict(entry)) + "\n")
        self._index.flush()

    def close(self, data_dir: Path) -> ArchiveRef:
        """Finish the file and return its reference, the path relative to ``data_dir``."""
        self._file.close()
        self._index.close()
        digest = hashlib.sha256()
        with self.path.open("rb") as file:
            while chunk := file.read(1 << 20):
                digest.update(chunk)
        path = self.path.resolve()
        base = data_dir.resolve()
        return ArchiveRef(
            path=str(path.relative_to(base)) if path.is_relative_to(base) else str(path),
            sha256=digest.hexdigest(),
            size_bytes=path.stat().st_size,
            documents=self._documents,
        )


def read_index(index_path: Path) -> list[IndexEntry]:
    """Return the entries of an index; a last line that was cut off is left out."""
    entries = []
    if index_path.exists():
        for line in index_path.read_text(encoding="utf-8", errors="replace").splitlines():
            try:
                entries.append(IndexEntry(**json.loads(line)))
            except (ValueError, TypeError):
                break
    return entries


def _whole_entries(path: Path, index_path: Path) -> list[IndexEntry]:
    size = path.stat().st_size if path.exists() else 0
    return [
        entry
        for entry in read_index(index_path)
        if entry.file != path.name or entry.offset + entry.length <= size
    ]


def _warc_date(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
