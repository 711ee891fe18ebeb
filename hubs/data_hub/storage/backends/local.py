"""Bytes in a local folder, two levels deep by the first digits of their hash."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from hubs.data_hub.storage.errors import FileMissing
from shared.core.errors import Unavailable
from shared.core.ids import new_id

_SHA256 = re.compile(r"^[0-9a-f]{64}$")
CHUNK_BYTES = 256 * 1024


class LocalStore:
    """A folder of blobs."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def put(self, sha256: str, source: Path) -> None:
        """Keep the bytes of a file: written aside, synced, then named."""
        target = self._path(sha256)
        if target.exists():
            return
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            draft = target.with_name(f".{new_id()}")
            with source.open("rb") as reader, draft.open("wb") as writer:
                shutil.copyfileobj(reader, writer, CHUNK_BYTES)
                writer.flush()
                os.fsync(writer.fileno())
            draft.chmod(0o440)
            draft.replace(target)
        except OSError as error:
            raise Unavailable(f"the file store does not take the file: {error.strerror}") from error

    def read(self, sha256: str, start: int, length: int) -> Iterator[bytes]:
        """Yield a part of the bytes."""
        try:
            file = self._path(sha256).open("rb")
        except FileNotFoundError:
            raise FileMissing("the bytes of this file are gone") from None
        except OSError as error:
            raise Unavailable(f"the file store does not give the file: {error.strerror}") from error
        return _part(file, start, length)

    def exists(self, sha256: str) -> bool:
        """Tell whether the bytes are there."""
        return self._path(sha256).exists()

    def delete(self, sha256: str) -> None:
        """Forget the bytes."""
        self._path(sha256).unlink(missing_ok=True)

    def _path(self, sha256: str) -> Path:
        # The only part of a path that ever comes from outside, and it is sixty-four hexadecimal digits.
        if not _SHA256.match(sha256):
            raise FileMissing("no such content")
        return self._root / sha256[:2] / sha256[2:4] / sha256


def _part(file: BinaryIO, start: int, length: int) -> Iterator[bytes]:
    with file as reader:
        reader.seek(start)
        left = length
        while left > 0:
            chunk = reader.read(min(CHUNK_BYTES, left))
            if not chunk:
                return
            left -= len(chunk)
            yield chunk
