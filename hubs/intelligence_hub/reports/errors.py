"""What can go wrong with a report."""

from __future__ import annotations

from shared.core.errors import Conflict, NotFound


class ReportNotFound(NotFound):
    """No report has this name."""


class RunNotFound(NotFound):
    """The report has no such run."""


class ReportExists(Conflict):
    """There is a report of this name already."""
