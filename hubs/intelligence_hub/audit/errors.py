"""What can go wrong with the audit log."""

from __future__ import annotations

from shared.core.errors import BadRequest, NotFound


class EntryNotFound(NotFound):
    """There is no entry with this number."""


class NoSuchTree(BadRequest):
    """The log never had, or does not have yet, a tree of this size."""
