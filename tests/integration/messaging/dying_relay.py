"""A relay that is killed between the bus's confirm and its own commit: ``dying_relay.py BROKER ADDRESS DATABASE``."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence

from sqlalchemy import create_engine

from shared.db.base import hub_metadata
from shared.messaging.bus import EventBus, Message
from shared.messaging.embedded import EmbeddedBus
from shared.messaging.rabbit import RabbitBus
from shared.outbox.models import outbox_table
from shared.outbox.relay import Relay


class DyingBus:
    """Hands on to a real bus, then kills its own process."""

    def __init__(self, bus: EventBus) -> None:
        self._bus = bus

    def send(self, messages: Sequence[Message], *, mandatory: bool = False) -> None:
        self._bus.send(messages, mandatory=mandatory)
        os.kill(os.getpid(), signal.SIGKILL)


def main() -> None:
    broker, address, database = sys.argv[1:]
    bus: EventBus = RabbitBus(address) if broker == "rabbit" else EmbeddedBus(address)
    table = outbox_table(hub_metadata("data"))
    Relay(create_engine(database), table, DyingBus(bus)).send_window()  # type: ignore[arg-type]


if __name__ == "__main__":
    main()
