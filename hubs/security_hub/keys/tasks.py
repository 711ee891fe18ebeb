"""Keeps the keys in time: rotation happens whether or not anybody asks for a token."""

from __future__ import annotations

import threading

from hubs.security_hub.keys.service import KeyRing
from shared.app import Resources
from shared.core.errors import AppError
from shared.logging import get_logger

log = get_logger(__name__)
_EVERY_S = 60.0


def maintain_keys(resources: Resources) -> None:
    """Start the thread that rotates the keys in time; it ends with the process's resources."""

    def run() -> None:
        while not resources.stop.wait(_EVERY_S):
            try:
                resources.get(KeyRing).refresh()
            except AppError as error:
                log.warning("signing keys not looked after", error=error.detail)

    thread = threading.Thread(target=run, name="signing keys", daemon=True)
    thread.start()
    resources.stack.callback(thread.join, 5.0)
    resources.stack.callback(resources.stop.set)
