"""One crawl of a source at a time, over all workers that share a data folder."""

from __future__ import annotations

import fcntl
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

log = logging.getLogger(__name__)

_POLL_S = 0.5


@contextmanager
def source_lock(folder: Path, source_id: str, is_given_up: Callable[[], bool]) -> Iterator[bool]:
    """Hold the lock of a source; yield False when the wait for it was given up.

    The system frees it when this process dies. A child that outlives the worker for a moment does not
    hold it: it ends itself as soon as the worker is gone.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f"{source_id}.lock").open("w") as file:
        has_waited = False
        while not _is_taken(file.fileno()):
            if is_given_up():
                yield False
                return
            if not has_waited:
                has_waited = True
                log.info("another worker crawls %s: waiting", source_id)
            time.sleep(_POLL_S)
        yield True


def _is_taken(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
