"""What can go wrong with a chart."""

from __future__ import annotations

from shared.core.errors import NotFound


class ChartNotFound(NotFound):
    """No chart has this name."""
