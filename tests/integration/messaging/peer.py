"""Another process on the bus: ``peer.py MODE BROKER ADDRESS [ARGUMENT]``; prints one line per thing it did."""

from __future__ import annotations

import os
import sys
import threading
import time
from pathlib import Path

from shared.contracts.events.auditing import AuditRecordedV1
from shared.messaging.bus import Delivery, EventBus, QueueSpec
from shared.messaging.consumer import Consumer
from shared.messaging.embedded import EmbeddedBus
from shared.messaging.rabbit import RabbitBus

SPEC = QueueSpec("tests.acts", ("audit.#",))
JOBS = QueueSpec("tests.jobs", ("audit.#",), is_priority=True)


def act(number: int) -> AuditRecordedV1:
    return AuditRecordedV1(producer="peer", actor="peer", action="thing.done", target=str(number))


def publish(bus: EventBus, argument: str) -> None:
    """Publish so many events in messages of ten, with a confirm for each ten."""
    total = int(argument)
    for start in range(0, total, 10):
        bus.publish([act(number) for number in range(start, min(start + 10, total))])
    print("published", total)


def consume(bus: EventBus, argument: str) -> None:
    """Consume until told otherwise by the file named in the argument."""
    stop = threading.Event()

    def handle(delivery: Delivery) -> None:
        print("handled", delivery.message_id)

    consumer = Consumer(bus, SPEC, handle, prefetch=20, stop=stop)
    consumer.start()
    while not Path(argument).exists():
        time.sleep(0.1)
    consumer.close()


def hang(bus: EventBus, argument: str) -> None:
    """Take one message and never finish it."""

    def handle(delivery: Delivery) -> None:
        print("holding", delivery.message_id, flush=True)
        time.sleep(600)

    Consumer(bus, JOBS if argument == "priority" else SPEC, handle, prefetch=1).run()


def fork(bus: EventBus, argument: str) -> None:
    """Publish before a fork, then from child and parent."""
    bus.publish([act(1)])
    child = os.fork()
    bus.publish([act(2 if child else 3)])
    if child == 0:
        os._exit(0)
    print("child ended", os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))


def main() -> None:
    mode, broker, address, *rest = sys.argv[1:]
    bus: EventBus = RabbitBus(address) if broker == "rabbit" else EmbeddedBus(address)
    {"publish": publish, "consume": consume, "hang": hang, "fork": fork}[mode](bus, *(rest or [""]))
    bus.close()


if __name__ == "__main__":
    main()
