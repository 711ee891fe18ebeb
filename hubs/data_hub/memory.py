"""Giving memory back: a batch of megabytes comes and goes, and the allocator keeps its pages unless told."""

from __future__ import annotations

import ctypes
import functools
import sys

_M_ARENA_MAX = -8
_ARENAS = 2


@functools.cache
def _libc() -> ctypes.CDLL | None:
    """Return the C library when it is glibc, which alone has these calls."""
    if sys.platform != "linux":
        return None
    library = ctypes.CDLL(None)
    return library if hasattr(library, "malloc_trim") and hasattr(library, "mallopt") else None


def limit_arenas() -> None:
    """Let all threads share two heaps: one each would keep the size of the largest batch each ever read."""
    if (library := _libc()) is not None:
        library.mallopt(_M_ARENA_MAX, _ARENAS)


def give_back() -> None:
    """Return free pages of the heap to the system; a few milliseconds."""
    if (library := _libc()) is not None:
        library.malloc_trim(0)
