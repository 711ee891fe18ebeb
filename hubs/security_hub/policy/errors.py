"""What can go wrong with policies."""

from __future__ import annotations

from shared.core.errors import Conflict, Forbidden, Invalid, NotFound, Unavailable


class PolicyNotFound(NotFound):
    """No policy has this name, or no such version."""

    code = "policy-not-found"
    title = "Policy not found"


class PolicyRefused(Invalid):
    """The Rego is refused; ``errors`` says where (file, row, column) and why."""

    code = "policy-refused"
    title = "Policy refused"


class TestsFailed(Invalid):
    """The policy's own tests fail, so it cannot be published; ``report`` says which."""

    code = "policy-tests-failed"
    title = "Tests failed"


class WrongState(Conflict):
    """The version's state does not allow this."""

    code = "wrong-policy-state"
    title = "Not in this state"


class OwnWork(Forbidden):
    """Nobody approves their own work."""

    code = "own-work"
    title = "Somebody else must review this"


class RootTaken(Conflict):
    """Another policy of the bundle owns this part of the document tree, or a part of it."""

    code = "root-taken"
    title = "Root taken"


class EngineAway(Unavailable):
    """The policy engine gave no answer in time; nothing was decided about the policy."""

    code = "policy-engine-away"
    title = "Policy engine unavailable"
