"""What can go wrong with an indicator."""

from __future__ import annotations

from shared.core.errors import NotFound


class IndicatorNotFound(NotFound):
    """No indicator has this name."""
