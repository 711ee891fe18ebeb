"""The limits of what is read, enforced while it streams by."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from hubs.business_hub.op_import.errors import UploadTooLarge


@dataclass(frozen=True)
class ReadLimits:
    """Limits of one upload; sizes in bytes."""

    upload_bytes: int = 256 * 2**20
    unpacked_bytes: int = 1024 * 2**20
    document_bytes: int = 64 * 2**20
    """Of a document that must be held in memory as a whole (JSON, YAML)."""
    documents: int = 50_000
    rows: int = 2_000_000
    columns: int = 256
    cell_chars: int = 100_000
    ratio: int = 200
    """How many times larger than its compressed form a member of an archive may be."""


def counted(chunks: Iterator[bytes], most: int, what: str) -> Iterator[bytes]:
    """Pass chunks on until they are more than ``most`` bytes together.

    Raises: UploadTooLarge.
    """
    size = 0
    for chunk in chunks:
        size += len(chunk)
        if size > most:
            raise UploadTooLarge(f"{what} is larger than {most} bytes", max_bytes=most)
        yield chunk
