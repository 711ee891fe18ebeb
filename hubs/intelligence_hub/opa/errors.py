"""What can go wrong with a decision."""

from __future__ import annotations

from shared.core.errors import BadRequest, GatewayTimeout, Invalid, Unavailable


class BadQuery(BadRequest):
    """The input or the path of a question cannot be read."""


class BadPolicy(Invalid):
    """A policy does not compile or uses what is not allowed here."""


class EngineAway(Unavailable):
    """The policy engine does not answer: nothing is allowed meanwhile."""


class EngineTimeout(GatewayTimeout):
    """The policy engine took too long: nothing is allowed."""
