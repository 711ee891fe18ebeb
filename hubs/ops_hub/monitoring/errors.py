"""What can go wrong with monitoring."""

from __future__ import annotations

from shared.core.errors import Invalid, NotFound


class SeriesNotFound(NotFound):
    """No such series is kept."""


class SilenceNotFound(NotFound):
    """There is no such silence."""


class BadSilence(Invalid):
    """A silence that silences nothing, or for ever."""
