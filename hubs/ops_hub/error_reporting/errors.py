"""What can go wrong with a report."""

from __future__ import annotations

from shared.core.errors import BadRequest, Forbidden, NotFound, TooLarge, TooManyRequests


class BadEnvelope(BadRequest):
    """The bytes are not an envelope."""


class ReportTooLarge(TooLarge):
    """The report is larger than the limit, as sent or expanded."""


class WrongKey(Forbidden):
    """No project has this key."""


class ProjectNotFound(NotFound):
    """There is no such project."""


class IssueNotFound(NotFound):
    """There is no such issue."""


class TooManyReports(TooManyRequests):
    """The project sends more than its share; the client is told how long to wait."""
