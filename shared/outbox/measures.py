"""What the relays of a process say of themselves."""

from __future__ import annotations

from shared.metrics import Reading
from shared.outbox.relay import RELAYS


def outbox_readings() -> list[Reading]:
    """Return the metrics of every relay of this process, by hub."""
    return [
        Reading(
            "outbox_waiting",
            "Committed messages that the broker does not have yet.",
            ("hub",),
            lambda: [((r.schema,), r.state.waiting) for r in list(RELAYS)],
        ),
        Reading(
            "outbox_oldest_age_seconds",
            "Age of the oldest of them.",
            ("hub",),
            lambda: [((r.schema,), r.state.oldest_age_s) for r in list(RELAYS)],
        ),
        Reading(
            "outbox_sent_total",
            "Messages that the broker has confirmed.",
            ("hub",),
            lambda: [((r.schema,), r.state.sent) for r in list(RELAYS)],
        ),
    ]
