"""Giving memory back: a batch of megabytes comes and goes, and the allocator keeps its pages unless told.

Mapped files are the same: each page looked at once stays in the process, and takes fifteen neighbours along.
"""

from __future__ import annotations

import ctypes
import functools
import mmap
import sys
from collections.abc import Collection, Sequence
from pathlib import Path

_MADV_DONTNEED = 4
MAPS = Path("/proc/self/maps")
STATM = Path("/proc/self/statm")

Range = tuple[int, int]
"""Address and length (bytes) of a mapping."""


@functools.cache
def _libc() -> ctypes.CDLL | None:
    """Return the C library when it is glibc, which alone can trim its heap."""
    if sys.platform != "linux":
        return None
    library = ctypes.CDLL(None)
    return library if hasattr(library, "malloc_trim") else None


def give_back() -> None:
    """Return free pages of the heap to the system; a few milliseconds."""
    if (library := _libc()) is not None:
        library.malloc_trim(0)


def mapped_ranges(paths: Collection[Path], maps: Path = MAPS) -> list[Range]:
    """Return where files are mapped into this process; nothing where the system does not tell."""
    wanted = {str(path) for path in paths}
    found: list[Range] = []
    try:
        lines = maps.read_text(errors="replace").splitlines()
    except OSError:
        return found
    for line in lines:
        # address perms offset dev inode path (proc(5)); a path may hold spaces, and its file be gone by now.
        parts = line.split(None, 5)
        if len(parts) == 6 and parts[5].removesuffix(" (deleted)") in wanted:
            start, _, end = parts[0].partition("-")
            found.append((int(start, 16), int(end, 16) - int(start, 16)))
    return found


def resident_bytes(statm: Path = STATM) -> int:
    """Return how many bytes of mapped files are in this process; 0 where the system does not tell."""
    try:
        # size resident shared text lib data dt, in pages (proc(5)).
        return int(statm.read_text().split()[2]) * mmap.PAGESIZE
    except OSError:
        return 0


def let_go(ranges: Sequence[Range]) -> None:
    """Take mapped pages out of the process; the system keeps them cached, and they come back when looked at.

    For mappings of files alone, and only while something keeps them mapped: what else may stand at an address
    by then would lose what it holds.
    """
    if (library := _libc()) is not None:
        for start, length in ranges:
            library.madvise(ctypes.c_void_p(start), ctypes.c_size_t(length), _MADV_DONTNEED)
