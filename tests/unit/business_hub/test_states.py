"""The state machine of jobs."""

from __future__ import annotations

import itertools

import pytest

from hubs.business_hub.queue.errors import IllegalTransition
from hubs.business_hub.queue.states import ACTIVE, STATES, TERMINAL, TRANSITIONS, check_transition, state_of

LEGAL = {
    ("pending", "running"), ("pending", "failed"), ("pending", "cancelled"), ("pending", "timed_out"),
    ("running", "succeeded"), ("running", "failed"), ("running", "cancelled"), ("running", "quarantined"),
    ("running", "timed_out"), ("quarantined", "running"), ("quarantined", "cancelled"),
}  # fmt: skip


@pytest.mark.parametrize(("before", "after"), list(itertools.product(STATES, STATES)))
def test_only_the_drawn_steps_are_allowed(before, after):
    if (before, after) in LEGAL:
        check_transition(before, after)
    else:
        with pytest.raises(IllegalTransition) as refused:
            check_transition(before, after)
        assert refused.value.extensions["allowed"] == sorted(TRANSITIONS[before])


def test_every_state_is_live_held_or_final():
    assert ACTIVE | TERMINAL | {"quarantined"} == set(STATES)
    assert {"succeeded", "failed", "cancelled", "timed_out"} == TERMINAL


def test_a_word_that_is_no_state_is_refused():
    assert state_of("running") == "running"
    with pytest.raises(ValueError):
        state_of("paused")
