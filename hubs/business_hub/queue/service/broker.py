"""The broker as its operator sees it: queues, waiting messages, dead letters; every change is audited."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hubs.business_hub.queue.errors import NotConfirmed, QueueNotFound
from hubs.business_hub.queue.service.journal import PRODUCER, Publisher
from shared.contracts.events.auditing import AuditRecordedV1
from shared.core.errors import Invalid
from shared.http.json import dumps
from shared.logging import request_id_var
from shared.messaging.bus import BusAdmin, Message, QueueState, dead_queue, decode

MAX_BODY_BYTES = 256 * 1024


class BrokerService:
    """Looks into queues and mends them."""

    def __init__(self, admin: BusAdmin, publisher: Publisher) -> None:
        self._admin = admin
        self._publisher = publisher

    def list(self) -> Sequence[QueueState]:
        """Return every queue by name.

        Raises: Unavailable.
        """
        return self._admin.queues()

    def get(self, name: str) -> QueueState:
        """Return one queue.

        Raises: QueueNotFound, Unavailable.
        """
        for state in self._admin.queues():
            if state.name == name:
                return state
        raise QueueNotFound(f"no queue {name!r}")

    def peek(self, name: str, limit: int) -> Sequence[Message]:
        """Return the first messages of a queue without taking them.

        Raises: QueueNotFound, Unavailable.
        """
        self.get(name)
        return self._admin.peek(name, limit)

    def publish(self, topic: str, payload: dict[str, Any], actor: str) -> str:
        """Publish an event that fits its contract and return its id.

        Raises: Invalid when no contract has the topic or the payload does not fit; Unavailable.
        """
        body = dumps(payload)
        if len(body) > MAX_BODY_BYTES:
            raise Invalid(f"a message has at most {MAX_BODY_BYTES} bytes")
        event = decode(topic, body)
        message_id = self._admin.publish_raw(topic, event.encode(), {"x-published-by": actor})
        self._audit("message.published", actor, topic, {"message_id": message_id})
        return message_id

    def replay(self, name: str, actor: str, ids: Sequence[str] | None) -> int:
        """Move dead letters of a queue back into it and return how many.

        Raises: QueueNotFound, Unavailable.
        """
        self.get(name)
        count = self._admin.replay(name, ids=ids)
        self._audit("dead_letters.replayed", actor, name, {"count": count, "ids": ids})
        return count

    def discard(self, name: str, actor: str, ids: Sequence[str]) -> int:
        """Delete dead letters of a queue for good and return how many.

        Raises: QueueNotFound, Unavailable.
        """
        self.get(name)
        count = self._admin.discard(dead_queue(name), ids)
        self._audit("dead_letters.discarded", actor, name, {"count": count, "ids": ids})
        return count

    def purge(self, name: str, actor: str, confirm: str) -> int:
        """Delete every waiting message of a queue and return how many; ``confirm`` repeats the name.

        Raises: NotConfirmed, QueueNotFound, Unavailable.
        """
        if confirm != name:
            raise NotConfirmed(f"to purge {name}, repeat its name in `confirm`")
        self.get(name)
        count = self._admin.purge(name)
        self._audit("queue.purged", actor, name, {"count": count})
        return count

    def _audit(self, action: str, actor: str, target: str, after: dict[str, Any]) -> None:
        self._publisher.publish(
            AuditRecordedV1(
                producer=PRODUCER,
                actor=actor,
                action=action,
                target=target,
                target_type="queue",
                after=after,
                request_id=request_id_var.get(),
            )
        )
