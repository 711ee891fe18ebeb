"""What can be wrong with a run and its review."""

from __future__ import annotations

from shared.core.errors import Conflict, NotFound


class RunNotFound(NotFound):
    """There is no import run with this id."""

    code = "run-not-found"
    title = "Run not found"


class RunNotHeld(Conflict):
    """Only a run in quarantine can be released or refused."""

    code = "run-not-held"
    title = "Run not held"
