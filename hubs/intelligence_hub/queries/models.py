"""Saved queries."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Mapped, mapped_column

from hubs.intelligence_hub.base import Model


class SavedQuery(Model):
    """One statement with its parameters and limits; ``version`` grows with each change."""

    __tablename__ = "saved_query"

    name: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[int]
    title_en: Mapped[str]
    title_fr: Mapped[str]
    description_en: Mapped[str]
    description_fr: Mapped[str]
    statement: Mapped[str]
    parameters: Mapped[list[dict[str, Any]]]
    row_limit: Mapped[int]
    timeout_ms: Mapped[int]
    max_age_s: Mapped[int]
    author: Mapped[str]
    updated_at: Mapped[datetime]
