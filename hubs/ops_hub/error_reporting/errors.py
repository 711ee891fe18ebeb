"""What can go wrong with a report."""

from __future__ import annotations

from shared.core.errors import (
    BadRequest,
    Forbidden,
    Invalid,
    NotFound,
    TooLarge,
    TooManyRequests,
    Unavailable,
)


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


class NotReady(Unavailable):
    """The projects are not known yet: the database has not answered since the start."""


class BadUpdate(Invalid):
    """An issue cannot be changed like that."""


class TooManyReports(TooManyRequests):
    """The project sends more than its share; the client is told how long to wait."""
