"""Identifiers: time-ordered UUIDs (RFC 9562 version 7)."""

from __future__ import annotations

from uuid import UUID

import uuid_utils


def new_id() -> UUID:
    """Return a fresh UUID version 7, so that keys sort by creation time."""
    return UUID(bytes=uuid_utils.uuid7().bytes)
