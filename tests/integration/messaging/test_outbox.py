"""The outbox leaves with its transaction, in order, once; shown with both brokers behind the relay."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Engine, MetaData, Table, func, insert, select
from sqlalchemy.orm import Session, sessionmaker

from shared.contracts.events.auditing import AuditRecordedV1
from shared.core.errors import Unavailable
from shared.core.ids import new_id
from shared.db.base import hub_metadata
from shared.db.engine import create_engine
from shared.db.session import create_sessionmaker, transaction
from shared.messaging.bus import Message, QueueSpec, Unpublished
from shared.messaging.consumer import Consumer
from shared.outbox.inbox import Inbox, prune_inbox
from shared.outbox.models import inbox_table, outbox_table
from shared.outbox.outbox import Outbox, outbox_lag
from shared.outbox.relay import Relay
from shared.testing.processes import Processes, wait_until

Run = Callable[[Consumer], Consumer]
Acts = Callable[[int], list[AuditRecordedV1]]
ACTS = QueueSpec("tests.acts", ("audit.#",))


class Hub:
    """A hub's own tables and sessions."""

    def __init__(self, database: Any) -> None:
        self.settings = database.settings()
        self.metadata: MetaData = hub_metadata("data")
        self.outbox: Table = outbox_table(self.metadata)
        self.inbox: Table = inbox_table(self.metadata)
        self.engine: Engine = create_engine(self.settings, "data", url=database.url("data"))
        self.metadata.create_all(self.engine)
        self.sessions: sessionmaker[Session] = create_sessionmaker(self.engine)

    def publish(self, *events: AuditRecordedV1, mandatory: bool = False) -> None:
        with transaction(self.sessions) as session:
            Outbox(session, self.outbox).publish(*events, mandatory=mandatory)

    def waiting(self) -> int:
        with self.sessions() as session:
            return outbox_lag(session, self.outbox).count


@pytest.fixture
def hub(fresh_database: Any) -> Iterator[Hub]:
    """A hub on a database of this test alone."""
    made = Hub(fresh_database)
    yield made
    made.engine.dispose()


@pytest.fixture
def relaying(hub: Hub) -> Iterator[Callable[[Any], Relay]]:
    """Start relays that are stopped with the test."""
    started: list[Relay] = []

    def start(bus: Any) -> Relay:
        relay = Relay(hub.engine, hub.outbox, bus, window=50)
        started.append(relay)
        relay.start()
        return relay

    yield start
    for relay in started:
        assert relay.close(60)


class FailingBus:
    """A bus that hands on to a real one, after failing as told."""

    def __init__(self, bus: Any, failures: Sequence[Exception]) -> None:
        self._bus = bus
        self.failures = list(failures)

    def send(self, messages: Sequence[Message], *, mandatory: bool = False) -> None:
        if self.failures:
            raise self.failures.pop(0)
        self._bus.send(messages, mandatory=mandatory)


def test_committed_events_arrive_in_order_and_leave_the_outbox(
    broker: Any, hub: Hub, relaying: Any, acts: Acts, sink: Any, running: Run
) -> None:
    bus = broker.bus()
    bus.declare(ACTS)
    relay = relaying(bus)
    events = acts(230)
    for start in range(0, 230, 23):
        hub.publish(*events[start : start + 23])
    running(Consumer(bus, ACTS, sink))
    sink.wait_for(230)
    assert sink.ids == [str(event.id) for event in events]
    assert sink.deliveries[0].body == events[0].encode()
    wait_until(lambda: hub.waiting() == 0)
    assert relay.state.sent == 230
    assert relay.state.problem == ""
    assert (relay.lag().count, relay.lag().oldest_age_s) == (0, 0.0)


def test_an_event_of_a_rolled_back_transaction_is_never_sent(
    broker: Any, hub: Hub, relaying: Any, acts: Acts, sink: Any, running: Run
) -> None:
    bus = broker.bus()
    bus.declare(ACTS)
    relaying(bus)
    running(Consumer(bus, ACTS, sink))

    def fail() -> None:
        with transaction(hub.sessions) as session:
            Outbox(session, hub.outbox).publish(*acts(1))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    (kept,) = acts(1)
    hub.publish(kept)
    sink.wait_for(1)
    assert sink.ids == [str(kept.id)]


def test_a_bus_that_is_away_keeps_rows_waiting_and_says_so(
    broker: Any, hub: Hub, relaying: Any, acts: Acts
) -> None:
    bus = broker.bus()
    bus.declare(ACTS)
    failing = FailingBus(bus, [Unavailable("the bus is away")] * 2)
    relay = Relay(hub.engine, hub.outbox, failing)  # type: ignore[arg-type]
    hub.publish(*acts(3))
    with pytest.raises(Unavailable, match="the bus is away"):
        relay.send_window()
    lag = relay.lag()
    assert lag.count == 3
    assert lag.oldest_age_s > 0
    assert bus.depth(ACTS.name) == 0
    relay.start()
    wait_until(lambda: hub.waiting() == 0)
    assert bus.depth(ACTS.name) == 3
    assert relay.close(60)


def test_a_full_queue_holds_back_the_rest_in_order(broker: Any, hub: Hub, acts: Acts) -> None:
    bus = broker.bus()
    bus.declare(ACTS)
    events = acts(5)
    failing = FailingBus(bus, [Unpublished("full", refused=[str(events[2].id), str(events[4].id)])])
    relay = Relay(hub.engine, hub.outbox, failing)  # type: ignore[arg-type]
    hub.publish(*events)
    with pytest.raises(Unavailable):
        relay.send_window()
    with hub.sessions() as session:
        left = session.execute(select(hub.outbox.c.message_id).order_by(hub.outbox.c.id)).scalars().all()
    assert left == [event.id for event in events[2:]]
    assert relay.send_window() == 3
    assert hub.waiting() == 0


def test_a_mandatory_event_waits_for_its_queue_without_holding_up_others(
    broker: Any, hub: Hub, relaying: Any, acts: Acts, sink: Any, running: Run
) -> None:
    bus = broker.bus()
    relay = relaying(bus)
    wanted, unwanted = acts(2)
    hub.publish(wanted, mandatory=True)
    hub.publish(unwanted)
    wait_until(lambda: hub.waiting() == 1)
    assert relay.state.unrouted >= 1
    running(Consumer(bus, ACTS, sink))
    sink.wait_for(1)
    assert sink.ids == [str(wanted.id)]
    wait_until(lambda: hub.waiting() == 0)


def test_two_relays_send_each_event_once(
    broker: Any, hub: Hub, relaying: Any, acts: Acts, sink: Any, running: Run
) -> None:
    bus = broker.bus()
    bus.declare(ACTS)
    relaying(bus)
    relaying(broker.bus())
    events = acts(120)
    for event in events:
        hub.publish(event)
    wait_until(lambda: hub.waiting() == 0)
    running(Consumer(bus, ACTS, sink))
    sink.wait_for(120)
    assert sink.ids == [str(event.id) for event in events]


def test_a_relay_killed_after_the_confirm_sends_again_and_the_inbox_absorbs_it(
    broker: Any, hub: Hub, acts: Acts, running: Run, processes: Processes, peer: Any, fresh_database: Any
) -> None:
    bus = broker.bus()
    bus.declare(ACTS)
    events = acts(40)
    hub.publish(*events)
    url = fresh_database.url("data").render_as_string(hide_password=False)
    victim = processes.python(
        peer["script"].with_name("dying_relay.py"), broker.name, broker.address, url, env=peer["env"]
    )
    assert victim.wait() == -9
    assert bus.depth(ACTS.name) == 40
    # Its transaction died with it: every row is still to be sent.
    wait_until(lambda: hub.waiting() == 40)
    relay = Relay(hub.engine, hub.outbox, bus)
    wait_until(lambda: relay.send_window() == 40, what="the dead relay's lock")
    assert hub.waiting() == 0
    assert bus.depth(ACTS.name) == 80

    applied: list[UUID] = []
    calls: list[int] = []

    def handle(deliveries: Any) -> None:
        with transaction(hub.sessions) as session:
            fresh = Inbox(session, hub.inbox, "tests.acts").unseen(d.message_id for d in deliveries)
            applied.extend(fresh)
        calls.append(len(deliveries))

    running(Consumer(bus, ACTS, batch_handler=handle, batch_size=16))
    wait_until(lambda: sum(calls) == 80)
    assert sorted(applied) == sorted(event.id for event in events)


def test_a_relay_outlives_the_database_s_restart(
    hub: Hub, relaying: Any, embedded_broker: Any, acts: Acts, sink: Any, running: Run
) -> None:
    bus = embedded_broker.bus()
    bus.declare(ACTS)
    relaying(bus)
    first, second = acts(2)
    hub.publish(first)
    running(Consumer(bus, ACTS, sink))
    sink.wait_for(1)
    embedded_broker.kill()
    embedded_broker.start()
    hub.publish(second)
    wait_until(lambda: str(second.id) in sink.ids)


def test_the_inbox_knows_a_message_per_consumer_and_forgets_the_old(hub: Hub) -> None:
    one, two, three = new_id(), new_id(), new_id()
    with transaction(hub.sessions) as session:
        inbox = Inbox(session, hub.inbox, "data.search")
        assert inbox.seen(one) is False
        assert inbox.seen(str(one)) is True
        assert Inbox(session, hub.inbox, "intelligence.audit").seen(one) is False
        assert inbox.unseen([one, two, str(two)]) == {two}
        assert inbox.unseen([]) == set()
    with transaction(hub.sessions) as session:
        session.execute(
            insert(hub.inbox).values(
                consumer="data.search", message_id=three, seen_at=func.now() - timedelta(days=31)
            )
        )
        assert prune_inbox(session, hub.inbox, keep_days=30) == 1
        assert Inbox(session, hub.inbox, "data.search").seen(two) is True
        assert Inbox(session, hub.inbox, "data.search").seen(three) is False


def test_a_rolled_back_handler_leaves_its_message_unseen(hub: Hub) -> None:
    message = new_id()

    def fail() -> None:
        with transaction(hub.sessions) as session:
            assert Inbox(session, hub.inbox, "data.search").seen(message) is False
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    with transaction(hub.sessions) as session:
        assert Inbox(session, hub.inbox, "data.search").seen(message) is False


def test_of_two_handlers_at_once_only_one_handles_a_message(hub: Hub) -> None:
    message = new_id()
    answers: list[bool] = []
    first_holds, may_commit = threading.Event(), threading.Event()

    def first() -> None:
        with transaction(hub.sessions) as session:
            answers.append(Inbox(session, hub.inbox, "c").seen(message))
            first_holds.set()
            may_commit.wait(60)

    def second() -> None:
        with transaction(hub.sessions) as session:
            answers.append(Inbox(session, hub.inbox, "c").seen(message))

    one, other = threading.Thread(target=first), threading.Thread(target=second)
    one.start()
    assert first_holds.wait(60)
    other.start()
    may_commit.set()
    one.join(60)
    other.join(60)
    assert answers == [False, True]
