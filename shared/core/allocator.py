"""The C allocator: give freed memory back to the system."""

from __future__ import annotations

import ctypes

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8
_BLOCK_BYTES = 256 * 1024


def tune_allocator() -> None:
    """Use few arenas, and map large blocks on their own (a password hash takes 19 MiB) so that they go back.

    glibc's ``mallopt(3)``; forked children inherit it. With another C library nothing happens.
    """
    try:
        libc = ctypes.CDLL("libc.so.6")
        options = ((_M_ARENA_MAX, 2), (_M_MMAP_THRESHOLD, _BLOCK_BYTES), (_M_TRIM_THRESHOLD, _BLOCK_BYTES))
        for option, value in options:
            libc.mallopt(option, value)
    except (OSError, AttributeError):
        return
