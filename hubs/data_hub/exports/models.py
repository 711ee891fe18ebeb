"""The table of exports."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import BigInteger
from sqlalchemy.dialects.postgresql import JSON
from sqlalchemy.orm import Mapped, mapped_column

from hubs.data_hub.base import Model
from shared.db.base import HasId


class Export(HasId, Model):
    """One export: when it was built, up to which change, and its manifest."""

    __tablename__ = "export"
    state: Mapped[str] = mapped_column(index=True)
    """running, done or failed."""
    reason: Mapped[str]
    started_at: Mapped[dt.datetime]
    finished_at: Mapped[dt.datetime | None]
    position: Mapped[int | None] = mapped_column(BigInteger)
    """Of the change feed: everything up to here is in it."""
    manifest: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    problem: Mapped[str]
