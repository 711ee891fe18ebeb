"""The garbage collector: what stays for the life of a process is not looked through again and again."""

from __future__ import annotations

import functools
import gc


def settle(_resources: object = None) -> None:
    """Keep what a process has made by its start out of later collections; the last of a hub's steps at start.

    A full collection stops every thread for as long as it takes to walk all objects: with a hub's modules,
    routes and models among them 50 to 120 ms, within somebody's request. What is made later is collected
    as before.
    """
    _freeze()


@functools.cache
def _freeze() -> None:
    # Once a process: tests make many hubs in one, and what is frozen is never given back.
    gc.collect()
    gc.freeze()
