"""Both brokers behind one fixture: real RabbitMQ with a virtual host per test, embedded with a database per test."""

from __future__ import annotations

import json
import os
import signal
import threading
import urllib.request
from base64 import b64encode
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import psutil
import pytest

from shared.contracts.events.auditing import AuditRecordedV1
from shared.messaging.bus import BusAdmin, Delivery, EventBus
from shared.messaging.consumer import Consumer
from shared.messaging.embedded import EmbeddedBus
from shared.messaging.embedded_admin import EmbeddedAdmin
from shared.messaging.rabbit import RabbitBus
from shared.messaging.rabbit_admin import RabbitAdmin
from shared.testing.processes import wait_until

PATIENCE = 60.0
PEER = Path(__file__).with_name("peer.py")
ROOT = Path(__file__).resolve().parents[3]
_numbers = count(1)


@dataclass
class Broker:
    """A broker under test: how to reach it, to kill it and to start it again."""

    name: str
    address: str
    kill: Callable[[], None]
    start: Callable[[], None]
    management_url: str = ""
    _open: list[EventBus | BusAdmin] = field(default_factory=list)

    def bus(self) -> EventBus:
        """Open a bus that is closed with the test."""
        bus: EventBus = RabbitBus(self.address) if self.name == "rabbit" else EmbeddedBus(self.address)
        self._open.append(bus)
        return bus

    def admin(self) -> BusAdmin:
        """Open the administration of the same broker."""
        admin: BusAdmin
        if self.name == "rabbit":
            admin = RabbitAdmin(self.address, self.management_url)
        else:
            admin = EmbeddedAdmin(self.address)
        self._open.append(admin)
        return admin

    def close(self) -> None:
        """Close what was opened."""
        for opened in self._open:
            opened.close()


@pytest.fixture(params=["rabbit", "embedded"])
def broker(request: pytest.FixtureRequest) -> Iterator[Broker]:
    """A broker with nothing in it."""
    made: Broker = request.getfixturevalue(f"{request.param}_broker")
    yield made
    made.close()


@pytest.fixture
def rabbit_broker(request: pytest.FixtureRequest) -> Iterator[Broker]:
    """RabbitMQ, in a virtual host of this test alone."""
    server = request.getfixturevalue("rabbitmq_server")
    vhost = f"test{next(_numbers)}"
    manage(server.management_url, "PUT", f"/api/vhosts/{vhost}")
    made = Broker(
        name="rabbit",
        address=f"amqp://guest:guest@127.0.0.1:{server.port}/{vhost}",
        kill=server.kill,
        start=server.start,
        management_url=server.management_url,
    )
    yield made
    made.close()
    manage(server.management_url, "DELETE", f"/api/vhosts/{vhost}")


@pytest.fixture
def embedded_broker(request: pytest.FixtureRequest) -> Iterator[Broker]:
    """The embedded PostgreSQL, in a database of this test alone, as the role that owns the broker's schema."""
    server = request.getfixturevalue("postgres_embedded")
    database = request.getfixturevalue("fresh_database")

    def kill() -> None:
        running = server.server.find()
        assert running is not None
        # A backend outlives its postmaster until it next waits, and may still commit.
        backends = psutil.Process(running.pid).children()
        os.kill(running.pid, signal.SIGKILL)
        wait_until(lambda: server.server.find() is None, what="the end of PostgreSQL")
        _, alive = psutil.wait_procs(backends, timeout=10)
        for backend in alive:
            backend.kill()
        psutil.wait_procs(alive, timeout=10)

    url = database.url("broker").set(drivername="postgresql")
    made = Broker(
        name="embedded",
        address=url.render_as_string(hide_password=False),
        kill=kill,
        start=server.start,
    )
    yield made
    made.close()


def manage(base: str, method: str, path: str, body: object = None) -> None:
    """Call RabbitMQ's management API."""
    host = base.rpartition("@")[2]
    request = urllib.request.Request(
        f"http://{host}{path}",
        method=method,
        data=json.dumps(body).encode() if body is not None else b"",
        headers={
            "Authorization": "Basic " + b64encode(b"guest:guest").decode(),
            "Content-Type": "application/json",
        },
    )
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=30):
        pass


@dataclass
class Sink:
    """A handler that keeps what it gets."""

    deliveries: list[Delivery] = field(default_factory=list)
    arrived: threading.Condition = field(default_factory=threading.Condition)

    def __call__(self, delivery: Delivery) -> None:
        with self.arrived:
            self.deliveries.append(delivery)
            self.arrived.notify_all()

    def wait_for(self, number: int) -> list[Delivery]:
        """Wait until so many messages came."""
        with self.arrived:
            came = self.arrived.wait_for(lambda: len(self.deliveries) >= number, PATIENCE)
        assert came, f"{len(self.deliveries)} of {number} messages came"
        return self.deliveries

    @property
    def ids(self) -> list[str]:
        """The message ids in the order of arrival."""
        return [delivery.message_id for delivery in self.deliveries]


@pytest.fixture
def sink() -> Sink:
    """A handler that keeps what it gets."""
    return Sink()


@pytest.fixture
def running() -> Iterator[Callable[[Consumer], Consumer]]:
    """Start consumers that are stopped with the test."""
    started: list[Consumer] = []

    def start(consumer: Consumer) -> Consumer:
        started.append(consumer)
        consumer.start()
        return consumer

    yield start
    for consumer in started:
        consumer.stop_event.set()
    assert all(consumer.close(PATIENCE) for consumer in started)


@pytest.fixture
def acts() -> Callable[[int], list[AuditRecordedV1]]:
    """Make so many different events."""

    def make(number: int) -> list[AuditRecordedV1]:
        return [
            AuditRecordedV1(producer="tests", actor="operator", action="thing.done", target=str(index))
            for index in range(number)
        ]

    return make


@pytest.fixture
def peer() -> dict[str, object]:
    """Where the script of other processes is, and the environment it runs in."""
    return {"script": PEER, "env": {"PYTHONPATH": str(ROOT)}}
