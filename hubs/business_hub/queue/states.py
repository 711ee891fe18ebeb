"""The state machine of a job: the only place that knows which state may follow which.

pending ──> running ──> succeeded | failed | cancelled | timed_out
   │           │
   │           └──────> quarantined ──> running (released) | cancelled (refused)
   └──> failed | cancelled | timed_out
"""

from __future__ import annotations

from typing import get_args

from hubs.business_hub.queue.errors import IllegalTransition
from shared.contracts.events.jobs import JobState

STATES: tuple[JobState, ...] = get_args(JobState)

TRANSITIONS: dict[JobState, frozenset[JobState]] = {
    "pending": frozenset({"running", "failed", "cancelled", "timed_out"}),
    "running": frozenset({"succeeded", "failed", "cancelled", "quarantined", "timed_out"}),
    "quarantined": frozenset({"running", "cancelled"}),
    "succeeded": frozenset(),
    "failed": frozenset(),
    "cancelled": frozenset(),
    "timed_out": frozenset(),
}

TERMINAL: frozenset[JobState] = frozenset(state for state, after in TRANSITIONS.items() if not after)
ACTIVE: frozenset[JobState] = frozenset({"pending", "running"})


def state_of(word: str) -> JobState:
    """Return a stored word as the state that it is."""
    return STATES[STATES.index(word)]


def check_transition(before: JobState, after: JobState) -> None:
    """Refuse a step that the machine does not have.

    Raises: IllegalTransition.
    """
    if after not in TRANSITIONS[before]:
        raise IllegalTransition(
            f"a job that is {before} cannot become {after}",
            state=before,
            allowed=sorted(TRANSITIONS[before]),
        )
