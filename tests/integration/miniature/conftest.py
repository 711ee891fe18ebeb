"""Renders documents of the miniature without a socket, as the unit tests do."""

from tests.unit.miniature.conftest import fetch, world

__all__ = ["fetch", "world"]
