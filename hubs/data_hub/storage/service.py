"""Keeping files: once per content, within limits, for as long as they are to be kept."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import struct
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from hubs.data_hub.storage.backends import BlobStore
from hubs.data_hub.storage.errors import FileMissing, OnHold, QuotaExceeded, RangeRefused, SignatureRefused
from hubs.data_hub.storage.repository import Row, StorageRepository
from hubs.data_hub.storage.schemas import FileNames, FileRead, Part, ScrubReport, Upload, Usage
from hubs.data_hub.storage.sniffing import sniff
from shared.core.clock import utc_now
from shared.core.errors import Forbidden, Invalid
from shared.core.ids import new_id

_NAMESPACE = re.compile(r"^[a-z0-9][a-z0-9._-]{0,63}(/[a-z0-9][a-z0-9._-]{0,63}){0,3}$")
_TEXT_TYPES = frozenset(
    {"application/pdf", "text/html", "text/plain", "text/csv", "application/json", "application/xml"}
)
SCRUB_BATCH = 200
SCRUB_AGE = timedelta(days=7)
_ORPHAN_AGE = timedelta(hours=1)


@dataclass
class StorageLimits:
    """How much may be stored, in bytes."""

    quota_bytes: int
    max_file_bytes: int


class Signer:
    """Makes and checks addresses that anyone may read until they run out."""

    def __init__(self, secret: str) -> None:
        self._secret = secret.encode()

    def sign(self, file_id: UUID, expires: datetime) -> str:
        """Return the token of a file until a moment."""
        body = file_id.bytes + struct.pack(">q", int(expires.timestamp()))
        return _token(self._mac(body) + body)

    def check(self, token: str) -> UUID:
        """Return the file of a token.

        Raises: SignatureRefused when it was altered or has run out.
        """
        try:
            raw = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
        except ValueError:
            raise SignatureRefused("this address is malformed") from None
        mac, body = raw[:32], raw[32:]
        # Decoding passes over strange letters and spare bits: one address has one spelling.
        if len(body) != 24 or _token(raw) != token or not hmac.compare_digest(mac, self._mac(body)):
            raise SignatureRefused("this address was altered")
        if struct.unpack(">q", body[16:])[0] < time.time():
            raise SignatureRefused("this address has run out")
        return UUID(bytes=body[:16])

    def _mac(self, body: bytes) -> bytes:
        return hmac.new(self._secret, body, hashlib.sha256).digest()


def _token(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


class StorageService:
    """Stores and serves files."""

    def __init__(self, repository: StorageRepository, store: BlobStore, limits: StorageLimits) -> None:
        self._repository = repository
        self._store = store
        self._limits = limits

    def store(self, upload: Upload, names: FileNames, actor: str) -> FileRead:
        """Keep an uploaded file as the next version of its name.

        Raises: Invalid for a name that leads elsewhere; TypeRefused; QuotaExceeded; Unavailable.
        """
        check_names(names)
        if upload.size_bytes == 0:
            raise Invalid("the file is empty")
        media_type = sniff(upload.path, names.claimed_type, names.name)
        now = utc_now()
        self._repository.lock_quota()
        is_new = self._repository.insert_blob(
            {
                "sha256": upload.sha256,
                "size_bytes": upload.size_bytes,
                "media_type": media_type,
                "created_at": now,
                "text_state": "pending" if media_type in _TEXT_TYPES else "none",
                "text_problem": "",
            }
        )
        if is_new and self._repository.used_bytes() > self._limits.quota_bytes:
            raise QuotaExceeded("the store is full", quota_bytes=self._limits.quota_bytes)
        # Before the commit: a row never names bytes that are not there. Bytes without a row are swept up.
        self._store.put(upload.sha256, upload.path)
        file_id = new_id()
        values = {
            "id": file_id,
            "namespace": names.namespace,
            "name": names.name,
            "version": self._repository.next_version(names.namespace, names.name),
            "sha256": upload.sha256,
            "is_public": names.is_public,
            "created_by": actor,
            "created_at": now,
            "expires_at": now + timedelta(days=names.retention_days) if names.retention_days else None,
            "is_held": False,
            "hold_reason": "",
        }
        self._repository.insert_file(values)
        row = self._repository.find(file_id)
        assert row is not None
        return read_file(row, is_duplicate=not is_new)

    def get(self, file_id: UUID, *, may_read_all: bool) -> Row:
        """Return a file.

        Raises: FileMissing; Forbidden for a private one.
        """
        row = self._repository.find(file_id)
        if row is None:
            raise FileMissing("no such file")
        if not row["is_public"] and not may_read_all:
            raise Forbidden("this file is not public", scope="data:read")
        return row

    def list(
        self, namespace: str, name: str, before: UUID | None, limit: int, *, may_read_all: bool
    ) -> Sequence[FileRead]:
        """Return files, newest first; public ones only to those who may not read all."""
        rows = self._repository.list(
            namespace=namespace, name=name, before=before, limit=limit, only_public=not may_read_all
        )
        return [read_file(row) for row in rows]

    def newest(self, namespace: str, name: str) -> Row | None:
        """Return the newest version of a named file."""
        return self._repository.newest(namespace, name)

    def content(self, row: Row, part: Part) -> Iterator[bytes]:
        """Yield a part of a file's bytes.

        Raises: FileMissing when they are gone, or no longer those that were stored; Unavailable.
        """
        if row["damaged_at"] is not None:
            raise FileMissing("the bytes of this file are damaged: they no longer have their hash")
        return self._store.read(row["sha256"], part.start, part.length)

    def text(self, row: Row) -> Row:
        """Return the text of a file, its state and its problem."""
        return self._repository.text_of(row["sha256"])

    def hold(self, file_id: UUID, *, is_held: bool, reason: str) -> FileRead:
        """Put a file under a legal hold, or take it off.

        Raises: FileMissing.
        """
        self.get(file_id, may_read_all=True)
        self._repository.set_hold(file_id, is_held=is_held, reason=reason)
        return read_file(self.get(file_id, may_read_all=True))

    def delete(self, file_id: UUID) -> None:
        """Take a file out; its bytes go when no other file names them.

        Raises: FileMissing; OnHold.
        """
        row = self.get(file_id, may_read_all=True)
        if row["is_held"]:
            raise OnHold("the file is under a legal hold")
        self._repository.delete_file(file_id, utc_now())

    def usage(self) -> Usage:
        """Return what is stored."""
        total, parts = self._repository.usage(), self._repository.usage_by_namespace()
        return Usage(
            files=sum(files for files, _ in parts.values()),
            blobs=total["blobs"],
            size_bytes=int(total["size_bytes"]),
            quota_bytes=self._limits.quota_bytes,
            by_namespace={name: size for name, (_, size) in sorted(parts.items())},
            damaged=total["damaged"],
        )

    def scrub(self, limit: int = SCRUB_BATCH, *, age: timedelta = SCRUB_AGE) -> ScrubReport:
        """End what has expired, remove bytes that nothing names, check the hashes of the longest unseen."""
        now = utc_now()
        expired = self._repository.expire(now)
        orphans = self._repository.orphans(now - _ORPHAN_AGE, limit)
        if orphans:
            self._repository.delete_blobs(orphans)
            for sha256 in orphans:
                self._store.delete(sha256)
        damaged = []
        rows = self._repository.unverified(now - age, limit)
        for row in rows:
            is_sound = self._is_sound(row["sha256"], row["size_bytes"])
            self._repository.note_verified(row["sha256"], now, is_sound=is_sound)
            if not is_sound:
                damaged.append(row["sha256"])
        return ScrubReport(checked=len(rows), damaged=damaged, expired=expired, removed=len(orphans))

    def _is_sound(self, sha256: str, size: int) -> bool:
        digest = hashlib.sha256()
        try:
            for chunk in self._store.read(sha256, 0, size):
                digest.update(chunk)
        except FileMissing:
            return False
        return digest.hexdigest() == sha256


def check_names(names: FileNames) -> None:
    """Refuse names that lead out of where they belong.

    Raises: Invalid.
    """
    if not _NAMESPACE.match(names.namespace):
        raise Invalid(
            "namespace: up to four parts of a-z, 0-9, '.', '_' and '-', each beginning with a letter or digit"
        )
    name = names.name
    is_bad = (
        not name
        or len(name) > 255
        or name in (".", "..")
        or any(ord(c) < 32 or c in '/\\:*?"<>|\x7f' for c in name)
        or name != name.strip()
    )
    if is_bad:
        raise Invalid("name: a plain file name of at most 255 characters, without folders")


def read_part(header: str | None, size: int) -> Part | None:
    """Return the part that a Range header asks for; None for the whole (also when it asks for several parts).

    Raises: RangeRefused when none of it is there.
    """
    if not header:
        return None
    match = re.fullmatch(r"bytes=([0-9]*)-([0-9]*)", header.strip())
    if match is None or (not match[1] and not match[2]) or len(header) > 60:
        return None
    if match[1] and match[2] and int(match[2]) < int(match[1]):
        return None
    refused = RangeRefused("no part of this range is there", headers={"Content-Range": f"bytes */{size}"})
    if not match[1]:
        length = min(int(match[2]), size)
        if length == 0:
            raise refused
        return Part(size - length, length)
    start = int(match[1])
    end = min(int(match[2]), size - 1) if match[2] else size - 1
    if start >= size:
        raise refused
    return Part(start, end - start + 1)


def read_file(row: Row, *, is_duplicate: bool = False) -> FileRead:
    """Return a file as the API shows it."""
    url = f"/api/v1/storage/files/{row['id']}"
    shown = {name: row[name] for name in FileRead.model_fields if name in row}
    return FileRead(**shown, url=url, content_url=f"{url}/content", is_duplicate=is_duplicate)


def in_future(seconds: int) -> datetime:
    """Return the moment so many seconds from now."""
    return datetime.now(UTC) + timedelta(seconds=seconds)
