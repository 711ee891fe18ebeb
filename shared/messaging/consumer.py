"""The consumer: takes messages, calls a handler, settles them, and knows what each failure means.

A failure that says *a dependency is away* is waited for in place, for as long as it takes, with the message
kept. Any other failure is tried ``max_deliveries`` times, then the message goes to ``<queue>.dead`` with the
reason. What cannot be decoded goes there at once. Delivery is at least once: handlers keep an inbox or are
idempotent.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from weakref import WeakSet

from shared.core.errors import AppError, Unavailable
from shared.logging import request_id_var, trace_id_var
from shared.messaging.bus import Delivery, EventBus, QueueSpec, Received, Subscription, decode, trace_id_of
from shared.messaging.failures import backoff, is_unavailable

log = logging.getLogger(__name__)

Handler = Callable[[Delivery], None]
BatchHandler = Callable[[Sequence[Delivery]], None]

RECEIVE_TIMEOUT_S = 1.0
ACK_EVERY = 100
ACK_WITHIN_S = 0.2
STEADY_S = 10.0


@dataclass(slots=True)
class ConsumerState:
    """Counts since the start, for metrics and readiness; ``waiting_for`` says which dependency is away."""

    handled: int = 0
    failed_attempts: int = 0
    buried: int = 0
    reconnects: int = 0
    is_connected: bool = False
    waiting_for: str = ""
    last_error: str = ""


CONSUMERS: WeakSet[Consumer] = WeakSet()
"""The consumers of this process, for its metrics."""


class _Abandoned(Exception):
    """The message in hand cannot be settled any more (stopping, broker gone): it will come again."""


class Consumer:
    """Consumes one queue with one handler, in a thread of its own (`start`) or in the foreground (`run`).

    Give either ``handler`` or ``batch_handler``: the latter gets up to ``batch_size`` messages, or what
    arrived within ``batch_wait_s`` seconds, settled together; when a batch fails its messages are tried one
    by one.
    """

    def __init__(
        self,
        bus: EventBus,
        spec: QueueSpec,
        handler: Handler | None = None,
        *,
        batch_handler: BatchHandler | None = None,
        batch_size: int = 100,
        batch_wait_s: float = 0.2,
        prefetch: int = 20,
        stop: threading.Event | None = None,
        retry_first_s: float = 0.2,
        retry_cap_s: float = 30.0,
        attempt_first_s: float = 0.1,
    ) -> None:
        if (handler is None) == (batch_handler is None):
            raise ValueError("give a handler or a batch handler")
        self.spec = spec
        self.state = ConsumerState()
        self.stop_event = stop or threading.Event()
        self._bus = bus
        self._handler = handler
        self._batch_handler = batch_handler
        self._batch_size = batch_size if batch_handler else 1
        self._batch_wait_s = batch_wait_s
        self._prefetch = max(prefetch, self._batch_size)
        self._ack_every = min(ACK_EVERY, max(1, self._prefetch // 2))
        self._retry = (retry_first_s, retry_cap_s)
        self._attempt_first_s = attempt_first_s
        self._unacked: list[Received] = []
        self._unacked_since = 0.0
        self._thread: threading.Thread | None = None
        CONSUMERS.add(self)

    def start(self) -> None:
        """Consume in a thread; returns at once, whether or not the broker is there."""
        self._thread = threading.Thread(target=self.run, name=f"consumer {self.spec.name}", daemon=True)
        self._thread.start()

    def close(self, deadline_s: float = 10.0) -> bool:
        """Ask to stop and wait up to ``deadline_s`` seconds for the handler; False when it still runs."""
        self.stop_event.set()
        if self._thread is None:
            return True
        self._thread.join(deadline_s)
        return not self._thread.is_alive()

    def run(self) -> None:
        """Consume until stopped, through every loss of the broker."""
        waits = backoff(*self._retry)
        while not self.stop_event.is_set():
            try:
                subscription = self._bus.subscribe(self.spec, self._prefetch)
            except Unavailable as error:
                self.state.last_error = str(error)
                log.warning("%s: broker is away, trying again: %s", self.spec.name, error)
                self.stop_event.wait(next(waits))
                continue
            self.state.is_connected = True
            began = time.monotonic()
            try:
                self._serve(subscription)
            except (Unavailable, _Abandoned) as error:
                self.state.last_error = str(error)
                log.warning("%s: consumer starts over: %s", self.spec.name, error)
            finally:
                self.state.is_connected = False
                self._unacked.clear()
                subscription.close()
            if time.monotonic() - began > STEADY_S:
                waits = backoff(*self._retry)
            if not self.stop_event.is_set():
                self.state.reconnects += 1
                self.stop_event.wait(next(waits))

    def _serve(self, subscription: Subscription) -> None:
        while not self.stop_event.is_set():
            received = self._gather(subscription)
            if not received:
                self._flush(subscription)
                continue
            for start in range(0, len(received), self._batch_size):
                if self.stop_event.is_set():
                    break
                self._take(subscription, received[start : start + self._batch_size])
        self._flush(subscription)

    def _gather(self, subscription: Subscription) -> list[Received]:
        """Return the next messages; a batch consumer waits a little for more to come."""
        if self._unacked:
            # Nothing is held back while waiting: settle first unless more is at hand already.
            received = subscription.receive(self._prefetch, 0.0)
            if received:
                return received
            self._flush(subscription)
        received = subscription.receive(self._prefetch, RECEIVE_TIMEOUT_S)
        if not received or self._batch_size == 1:
            return received
        until = time.monotonic() + self._batch_wait_s
        while len(received) < self._batch_size and not self.stop_event.is_set():
            left = until - time.monotonic()
            if left <= 0:
                break
            received += subscription.receive(self._prefetch - len(received), left)
        return received

    def _take(self, subscription: Subscription, received: Sequence[Received]) -> None:
        good: list[Delivery] = []
        for one in received:
            if one.deliveries > self.spec.max_redeliveries:
                self._handle(subscription, good)
                good = []
                self._bury(
                    subscription, one, "redelivered", f"delivered {one.deliveries} times without an end"
                )
                continue
            try:
                event = decode(one.message.topic, one.message.body)
            except AppError as error:
                self._handle(subscription, good)
                good = []
                self._bury(subscription, one, "undecodable", _described(error))
                continue
            good.append(Delivery(event=event, queue=self.spec.name, received=one))
        self._handle(subscription, good)

    def _handle(self, subscription: Subscription, deliveries: Sequence[Delivery]) -> None:
        if not deliveries:
            return
        error = self._attempt(subscription, deliveries)
        if error is None:
            self._settle(subscription, deliveries)
        elif len(deliveries) > 1:
            for delivery in deliveries:
                self._handle(subscription, [delivery])
        else:
            self._bury(subscription, deliveries[0].received, "failed", _described(error))

    def _attempt(self, subscription: Subscription, deliveries: Sequence[Delivery]) -> Exception | None:
        """Call the handler until it succeeds (None) or the message is to blame (the last error)."""
        waits = backoff(*self._retry)
        pauses = backoff(self._attempt_first_s, 2.0)
        attempts = 0
        while True:
            try:
                self._call(deliveries)
            except Exception as error:
                self.state.last_error = _described(error)
                if is_unavailable(error):
                    self.state.waiting_for = self.state.last_error
                    log.warning("%s: waiting for a dependency: %s", self.spec.name, error)
                    self._pause(subscription, next(waits))
                    continue
                attempts += 1
                self.state.failed_attempts += 1
                log.exception("%s: handler failed (attempt %d)", self.spec.name, attempts)
                if len(deliveries) > 1 or attempts >= self.spec.max_deliveries:
                    return error
                self._pause(subscription, next(pauses))
            else:
                self.state.waiting_for = ""
                return None

    def _call(self, deliveries: Sequence[Delivery]) -> None:
        first = deliveries[0]
        # What the handler logs and publishes belongs to the request that all this started with.
        requests = {one.correlation_id or one.message_id for one in deliveries}
        traces = {trace_id_of(one.headers) for one in deliveries}
        request = request_id_var.set(requests.pop() if len(requests) == 1 else "")
        trace = trace_id_var.set(traces.pop() if len(traces) == 1 else "")
        try:
            if self._batch_handler is not None:
                self._batch_handler(deliveries)
            elif self._handler is not None:
                self._handler(first)
        finally:
            request_id_var.reset(request)
            trace_id_var.reset(trace)

    def _pause(self, subscription: Subscription, seconds: float) -> None:
        self._flush(subscription)
        if self.stop_event.wait(seconds):
            raise _Abandoned("stopping")
        if not subscription.is_open:
            raise _Abandoned("the broker is gone")

    def _settle(self, subscription: Subscription, deliveries: Sequence[Delivery]) -> None:
        self.state.handled += len(deliveries)
        if not self._unacked:
            self._unacked_since = time.monotonic()
        self._unacked += [delivery.received for delivery in deliveries]
        is_late = time.monotonic() - self._unacked_since > ACK_WITHIN_S
        if is_late or len(self._unacked) >= self._ack_every:
            self._flush(subscription)

    def _flush(self, subscription: Subscription) -> None:
        if self._unacked:
            unacked, self._unacked = self._unacked, []
            subscription.ack(unacked)

    def _bury(self, subscription: Subscription, received: Received, reason: str, error: str) -> None:
        self._flush(subscription)
        waits = backoff(*self._retry)
        while True:
            try:
                subscription.bury(received, reason, error)
            except Unavailable as away:
                log.warning("%s: dead letter cannot be kept yet: %s", self.spec.name, away)
                self._pause(subscription, next(waits))
            else:
                break
        self.state.buried += 1
        self.state.last_error = error
        log.error("%s: message %s buried (%s): %s", self.spec.name, received.message.id, reason, error)


def _described(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"
