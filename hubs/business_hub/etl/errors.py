"""What can be wrong with a run and its review."""

from __future__ import annotations

from shared.core.errors import Conflict, NotFound


class RunNotFound(NotFound):
    """There is no import run with this id."""

    code = "run-not-found"
    title = "Run not found"


class RunNotHeld(Conflict):
    """Only a run in quarantine can be released; that or a tested one can be refused."""

    code = "run-not-held"
    title = "Run not held"


class NotPromotable(Conflict):
    """The run was not tested, or the checks speak against it."""

    code = "not-promotable"
    title = "Run cannot be promoted"


class NotRevertible(Conflict):
    """Nothing of the run is in the record."""

    code = "not-revertible"
    title = "Run cannot be rolled back"


class BackupNotFound(NotFound):
    """There is no backup of this run, or no longer."""

    code = "backup-not-found"
    title = "Backup not found"


class RunNotTested(NotFound):
    """The run was never one of the test mode."""

    code = "run-not-tested"
    title = "Run not tested"
