"""What can go wrong with sealed secrets."""

from __future__ import annotations

from shared.core.errors import AppError


class CannotOpen(AppError):
    """A sealed value does not open: sealed under another root secret, altered, or moved."""

    code = "cannot-open-secret"
    title = "A secret cannot be opened"
