"""Refusals of those who try too often."""

from __future__ import annotations

from shared.core.errors import TooManyRequests


class TooManyAttempts(TooManyRequests):
    """Too many attempts of this kind; the same answer whether or not the account exists."""

    code = "too-many-attempts"
    title = "Too many attempts"
