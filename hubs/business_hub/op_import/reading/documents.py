"""Documents: the files of an upload, one by one, whether it is a file, a folder or an archive."""

from __future__ import annotations

import bz2
import codecs
import gzip
import hashlib
import io
import os
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import IO, Any, cast

import orjson

from hubs.business_hub.op_import.errors import Unreadable, UploadTooLarge
from hubs.business_hub.op_import.reading.limits import ReadLimits

HEAD_BYTES = 64 * 1024
_STEP = 8
"""How many times more is read each time: room for the largest costs more than a small one does."""
_BROKEN = (
    zipfile.BadZipFile,
    tarfile.TarError,
    zlib.error,
    EOFError,
    OSError,
    RuntimeError,
)


@dataclass
class Document:
    """One file: its name, how to open it, and what is known of it once it was read."""

    name: str
    open: Callable[[], IO[bytes]]
    limits: ReadLimits = field(default_factory=ReadLimits)

    @cached_property
    def head(self) -> bytes:
        """Return the first bytes.

        Raises: Unreadable.
        """
        with self._opened() as stream:
            return stream.read(HEAD_BYTES)

    @cached_property
    def sha256(self) -> str:
        """Return the hash of all its bytes.

        Raises: Unreadable, UploadTooLarge.
        """
        mark = hashlib.sha256()
        size = 0
        with self._opened() as stream:
            while chunk := stream.read(1024 * 1024):
                size += len(chunk)
                if size > self.limits.unpacked_bytes:
                    raise UploadTooLarge(f"{self.name} is larger than {self.limits.unpacked_bytes} bytes")
                mark.update(chunk)
        return mark.hexdigest()

    @property
    def suffix(self) -> str:
        """Return the ending of its name, lower case with its dot."""
        return PurePosixPath(self.name).suffix.lower()

    def read(self) -> bytes:
        """Return all bytes of a document that must be held as a whole.

        Raises: Unreadable, UploadTooLarge.
        """
        most, step = self.limits.document_bytes + 1, HEAD_BYTES
        body = b""
        with self._opened() as stream:
            while more := stream.read(min(step, most - len(body))):
                body += more
                step *= _STEP
        if len(body) > self.limits.document_bytes:
            raise UploadTooLarge(
                f"{self.name} is larger than {self.limits.document_bytes} bytes",
                max_bytes=self.limits.document_bytes,
            )
        self.__dict__.setdefault("sha256", hashlib.sha256(body).hexdigest())
        return body

    def json(self) -> Any:
        """Return the document as JSON.

        Raises: Unreadable, UploadTooLarge.
        """
        try:
            return orjson.loads(self.read().removeprefix(codecs.BOM_UTF8))
        except orjson.JSONDecodeError as error:
            raise Unreadable(f"{self.name} is not JSON: {error}", document=self.name) from None

    def _opened(self) -> IO[bytes]:
        try:
            return self.open()
        except _BROKEN as error:
            raise Unreadable(f"{self.name} cannot be read: {error}", document=self.name) from error


def documents_of_folder(folder: Path, limits: ReadLimits) -> list[Document]:
    """Return the files of a folder in the order of their names; links and hidden files are left out.

    Raises: UploadTooLarge when there are too many.
    """
    found = []
    for name in _files_below(folder, ""):
        found.append(name)
        if len(found) > limits.documents:
            raise UploadTooLarge(f"more than {limits.documents} files", max_documents=limits.documents)
    found.sort(key=lambda name: name.split("/"))
    return [Document(name, _opener(f"{folder}/{name}"), limits) for name in found]


def _files_below(folder: Path, prefix: str) -> Iterator[str]:
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                yield from _files_below(Path(entry.path), f"{prefix}{entry.name}/")
            elif entry.is_file(follow_symlinks=False) and not entry.name.startswith("."):
                yield f"{prefix}{entry.name}"


def _opener(path: str) -> Callable[[], IO[bytes]]:
    # A path object for each of ten thousand files takes longer than to read them.
    return lambda: open(path, "rb")  # noqa: PTH123


def documents_of_file(name: str, opened: Callable[[], IO[bytes]], limits: ReadLimits) -> list[Document]:
    """Return the documents in a file: its members when it is an archive, else itself, unpacked.

    Raises: Unreadable, UploadTooLarge.
    """
    try:
        with opened() as stream:
            start = stream.read(512)
            if start.startswith(b"PK\x03\x04") and not name.lower().endswith((".xlsx", ".xlsm")):
                return list(_zip_members(stream, opened, limits))
        if start.startswith((b"\x1f\x8b", b"BZh")) or start[257:262] == b"ustar":
            return _unpacked(name, opened, start, limits)
    except _BROKEN as error:
        raise Unreadable(f"{name} cannot be unpacked: {error}") from error
    return [Document(name, opened, limits)]


def _zip_members(
    stream: IO[bytes], opened: Callable[[], IO[bytes]], limits: ReadLimits
) -> Iterator[Document]:
    with zipfile.ZipFile(stream) as archive:
        infos = [info for info in archive.infolist() if not info.is_dir() and _is_wanted(info.filename)]
        if len(infos) > limits.documents:
            raise UploadTooLarge(f"the archive holds more than {limits.documents} files")
        total = 0
        for info in sorted(infos, key=lambda one: one.filename):
            total += info.file_size
            if total > limits.unpacked_bytes or info.file_size > limits.ratio * max(info.compress_size, 1024):
                raise UploadTooLarge(f"{info.filename} unpacks to more than is read", member=info.filename)
            yield Document(info.filename, _member_opener(opened, info), limits)


def _member_opener(opened: Callable[[], IO[bytes]], info: zipfile.ZipInfo) -> Callable[[], IO[bytes]]:
    def open_member() -> IO[bytes]:
        outer = opened()
        archive = zipfile.ZipFile(outer)
        # By its entry: several may have one name. What the directory says of the size is not believed: no
        # byte more is read.
        return cast(IO[bytes], _Bounded(archive.open(info), info.file_size, info.filename, outer))

    return open_member


def _unpacked(name: str, opened: Callable[[], IO[bytes]], start: bytes, limits: ReadLimits) -> list[Document]:
    def inner() -> IO[bytes]:
        outer = opened()
        if start.startswith(b"\x1f\x8b"):
            plain: Any = gzip.GzipFile(fileobj=outer)
        elif start.startswith(b"BZh"):
            plain = bz2.BZ2File(outer)
        else:
            plain = outer
        return cast(IO[bytes], _Bounded(plain, limits.unpacked_bytes, name, outer))

    with inner() as stream:
        is_tar = stream.read(512)[257:262] == b"ustar"
    if not is_tar:
        bare = name.rpartition(".")[0] if name.lower().endswith((".gz", ".bz2")) else name
        return [Document(bare or name, inner, limits)]
    # A tar is read from front to back: its members are held, so they count against the unpacked limit as one.
    found: list[Document] = []
    total = 0
    with inner() as stream, tarfile.open(fileobj=stream, mode="r|") as archive:
        for member in archive:
            if not member.isreg() or not _is_wanted(member.name):
                continue
            total += member.size
            if total > limits.unpacked_bytes or len(found) >= limits.documents:
                raise UploadTooLarge("the archive unpacks to more than is read", member=member.name)
            extracted = archive.extractfile(member)
            body = extracted.read() if extracted is not None else b""
            found.append(Document(member.name.removeprefix("./"), _holder(body), limits))
    return sorted(found, key=lambda document: document.name)


def _holder(body: bytes) -> Callable[[], IO[bytes]]:
    return lambda: io.BytesIO(body)


def _is_wanted(name: str) -> bool:
    parts = PurePosixPath(name).parts
    return not any(part.startswith((".", "__MACOSX")) for part in parts if part not in {".", ".."})


class _Bounded(io.RawIOBase):
    """A stream that ends with an error beyond a size, and closes what is below it."""

    def __init__(self, stream: Any, most: int, name: str, *below: IO[bytes]) -> None:
        self._stream = stream
        self._left = most
        self._name = name
        self._below = below

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1, /) -> bytes:
        wanted = self._left + 1 if size is None or size < 0 else min(size, self._left + 1)
        try:
            body: bytes = self._stream.read(wanted)
        except _BROKEN as error:
            raise Unreadable(f"{self._name} cannot be unpacked: {error}") from error
        self._left -= len(body)
        if self._left < 0:
            raise UploadTooLarge(f"{self._name} unpacks to more than is read")
        return body

    def readinto(self, buffer: Any, /) -> int:
        body = self.read(len(buffer))
        buffer[: len(body)] = body
        return len(body)

    def close(self) -> None:
        if not self.closed:
            self._stream.close()
            for below in self._below:
                below.close()
        super().close()
