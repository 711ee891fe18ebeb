"""Where bytes are kept: the port, and its two real alternatives."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol


class BlobStore(Protocol):
    """Keeps bytes under their SHA-256; writing the same twice changes nothing."""

    def put(self, sha256: str, source: Path) -> None:
        """Keep the bytes of a file, durably.

        Raises: Unavailable.
        """

    def read(self, sha256: str, start: int, length: int) -> Iterator[bytes]:
        """Yield a part of the bytes.

        Raises: FileMissing when they are gone; Unavailable.
        """

    def exists(self, sha256: str) -> bool:
        """Tell whether the bytes are there.

        Raises: Unavailable.
        """

    def delete(self, sha256: str) -> None:
        """Forget the bytes; nothing happens when they are not there.

        Raises: Unavailable.
        """
