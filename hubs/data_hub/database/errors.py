"""What can go wrong with the civic record."""

from __future__ import annotations

from shared.core.errors import Conflict, Invalid, NotFound


class RecordNotFound(NotFound):
    """No record answers to that name."""

    code = "record-not-found"
    title = "Record not found"


class RecordRefused(Invalid):
    """A record in a batch breaks its contract; nothing of the batch was stored."""

    code = "record-refused"
    title = "Record refused"


class KeyReused(Conflict):
    """The idempotency key belongs to another request."""

    code = "idempotency-key-reused"
    title = "Idempotency key reused"


class MergeRefused(Conflict):
    """These two cannot be merged, or not taken apart."""

    code = "merge-refused"
    title = "Merge refused"


class CorrectionRefused(Invalid):
    """The correction names no field, or its value breaks the field's rule."""

    code = "correction-refused"
    title = "Correction refused"
