"""What can be wrong with a request for a job."""

from __future__ import annotations

from shared.core.errors import Conflict, Invalid, NotFound


class JobNotFound(NotFound):
    """There is no job with this id."""

    code = "job-not-found"
    title = "Job not found"


class UnknownSource(Invalid):
    """No source has this id; ``suggestions`` holds the nearest ones."""

    code = "unknown-source"
    title = "Unknown source"


class SourceBusy(Conflict):
    """Another job of this source has not ended."""

    code = "source-busy"
    title = "Source busy"


class IllegalTransition(Conflict):
    """A job cannot go from its state to that one."""

    code = "illegal-transition"
    title = "Illegal transition"


class IdempotencyMismatch(Invalid):
    """The Idempotency-Key was used for another request."""

    code = "idempotency-key-reused"
    title = "Idempotency-Key reused"


class ScheduleNotFound(NotFound):
    """There is no schedule with this id."""

    code = "schedule-not-found"
    title = "Schedule not found"


class BadSchedule(Invalid):
    """The cron expression or the time zone cannot be understood."""

    code = "bad-schedule"
    title = "Bad schedule"


class NotRetryable(Conflict):
    """Only a job that ended without success can be tried again."""

    code = "not-retryable"
    title = "Not retryable"


class QueueNotFound(NotFound):
    """The broker has no such queue."""

    code = "queue-not-found"
    title = "Queue not found"


class NotConfirmed(Invalid):
    """What cannot be undone needs its confirmation."""

    code = "not-confirmed"
    title = "Not confirmed"
