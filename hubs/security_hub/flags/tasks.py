"""Writes down now and then how often flags were asked for."""

from __future__ import annotations

import threading

from hubs.security_hub.flags.service import FlagBoard
from shared.app import Resources
from shared.core.errors import AppError
from shared.logging import get_logger

log = get_logger(__name__)
_EVERY_S = 30.0


def write_flag_uses(resources: Resources) -> None:
    """Start the thread that writes the counts; the last ones are written at the end."""
    board = resources.get(FlagBoard)

    def write() -> None:
        try:
            board.write_uses()
        except AppError as error:
            log.warning("uses of flags not written", error=error.detail)

    def run() -> None:
        while not resources.stop.wait(_EVERY_S):
            write()
        write()

    thread = threading.Thread(target=run, name="flag uses", daemon=True)
    thread.start()
    resources.stack.callback(thread.join, 5.0)
    resources.stack.callback(resources.stop.set)
