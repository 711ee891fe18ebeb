"""Reading archives back: one response by its index entry, or everything in files and folders."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from warcio.archiveiterator import ArchiveIterator
from warcio.exceptions import ArchiveLoadFailed

from services.scraper.archive import IndexEntry, read_index, request_key
from services.scraper.parsers.base import MAX_DOCUMENT_BYTES, ParseFailed
from shared.core.clock import utc_now
from shared.core.errors import NotFound

WARC_SUFFIXES = (".warc", ".warc.gz")


@dataclass(frozen=True, slots=True)
class ArchivedResponse:
    """A response as the server gave it, its body decoded from gzip or deflate."""

    key: str
    url: str
    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)
    retrieved_at: datetime = field(default_factory=utc_now)

    @property
    def location(self) -> str:
        """Return where a redirect points, or ``""``."""
        return self.headers.get("location", "") if 300 <= self.status < 400 else ""


def read_entry(folder: Path, entry: IndexEntry) -> ArchivedResponse | None:
    """Return the response that an index entry points at, or None when its file is gone or damaged."""
    try:
        with (folder / entry.file).open("rb") as file:
            file.seek(entry.offset)
            for record in ArchiveIterator(file):
                return _response(record, entry.key)
    except (OSError, ArchiveLoadFailed, EOFError):
        return None
    return None


class Archive:
    """The responses of one or many WARC files, by request; the last usable one of a request wins."""

    def __init__(self, path: Path) -> None:
        """Index ``path``: a WARC file or a folder that holds some.

        Raises: NotFound when there is no WARC.
        """
        self._places: dict[str, tuple[Path, IndexEntry]] = {}
        files = sorted(warc_files(path))
        if not files:
            raise NotFound(f"no WARC file at {path}")
        for file in files:
            for entry in _entries(file):
                known = self._places.get(entry.key)
                if known is None or entry.status < 400 or known[1].status >= 400:
                    self._places[entry.key] = (file.parent, entry)

    def find(self, key: str) -> ArchivedResponse | None:
        """Return the archived answer to a request, or None."""
        place = self._places.get(key)
        return None if place is None else read_entry(*place)

    def requests(self) -> list[str]:
        """Return the requests that the archive answers."""
        return list(self._places)

    def __len__(self) -> int:
        return len(self._places)


def warc_files(path: Path) -> list[Path]:
    """Return the WARC files at ``path``: itself, or all below a folder."""
    if path.is_file():
        return [path] if path.name.endswith(WARC_SUFFIXES) else []
    return [file for file in path.rglob("*") if file.is_file() and file.name.endswith(WARC_SUFFIXES)]


def _entries(path: Path) -> Iterator[IndexEntry]:
    index = path.with_name(path.name.removesuffix(".gz").removesuffix(".warc") + ".index.jsonl")
    if index.exists():
        yield from read_index(index)
    else:
        yield from _scan(path)


def _scan(path: Path) -> Iterator[IndexEntry]:
    """Index a WARC that came without an index; a damaged end is where it stops."""
    posted: dict[str, str] = {}
    with path.open("rb") as file:
        records = ArchiveIterator(file)
        try:
            for record in records:
                url = record.rec_headers.get_header("WARC-Target-URI") or ""
                if record.rec_type == "request":
                    method = (record.http_headers.protocol or "GET").upper() if record.http_headers else "GET"
                    if method != "GET":
                        answer = record.rec_headers.get_header("WARC-Concurrent-To") or ""
                        posted[answer] = request_key(method, url, _read(record.content_stream(), 1 << 20))
                elif record.rec_type == "response" and record.http_headers:
                    identity = record.rec_headers.get_header("WARC-Record-ID") or ""
                    status = int(record.http_headers.get_statuscode() or 0)
                    at = record.rec_headers.get_header("WARC-Date") or ""
                    yield IndexEntry(
                        key=posted.get(identity, url),
                        url=url,
                        status=status,
                        file=path.name,
                        offset=records.get_record_offset(),
                        length=0,
                        retrieved_at=at,
                    )
        except (ArchiveLoadFailed, EOFError, ValueError):
            return


def _response(record: Any, key: str) -> ArchivedResponse | None:
    if record.rec_type != "response" or record.http_headers is None:
        return None
    url = record.rec_headers.get_header("WARC-Target-URI") or ""
    body = _read(record.content_stream(), MAX_DOCUMENT_BYTES + 1)
    if len(body) > MAX_DOCUMENT_BYTES:
        raise ParseFailed(url, "too-large", f"more than {MAX_DOCUMENT_BYTES} bytes when unpacked")
    return ArchivedResponse(
        key=key,
        url=url,
        status=int(record.http_headers.get_statuscode() or 0),
        body=body,
        headers={name.lower(): value for name, value in record.http_headers.headers},
        retrieved_at=moment_of(record.rec_headers.get_header("WARC-Date") or ""),
    )


def _read(stream: Any, limit: int) -> bytes:
    """Read up to ``limit`` bytes: warcio's streams may give less than they are asked for."""
    chunks: list[bytes] = []
    size = 0
    while size < limit and (chunk := stream.read(min(1 << 16, limit - size))):
        chunks.append(chunk)
        size += len(chunk)
    return b"".join(chunks)


def moment_of(text: str) -> datetime:
    """Return a WARC date as a moment; now, when it is none."""
    try:
        return datetime.fromisoformat(text.replace("Z", "+00:00")).astimezone(UTC)
    except ValueError:
        return utc_now()
