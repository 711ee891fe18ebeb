"""What can go wrong on a page."""

from __future__ import annotations

from shared.core.errors import AppError, NotFound


class PageNotFound(NotFound):
    """There is no such page, or no such record behind it."""


class TooManyCalls(AppError):
    """A page asked the hubs more often than any page may: a fault of ours."""
