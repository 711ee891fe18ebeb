"""Tables of what people search for, and of the searches that they keep."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import Integer
from sqlalchemy.dialects.postgresql import JSON
from sqlalchemy.orm import Mapped, mapped_column

from hubs.data_hub.base import Model
from shared.db.base import HasId


class SearchTerm(Model):
    """A query on a day: how often it was asked, and how often in vain. Nothing about who asked."""

    __tablename__ = "search_term"
    day: Mapped[dt.date] = mapped_column(primary_key=True)
    folded: Mapped[str] = mapped_column(primary_key=True)
    lang: Mapped[str] = mapped_column(primary_key=True)
    asked: Mapped[int] = mapped_column(Integer)
    in_vain: Mapped[int] = mapped_column(Integer)


class SavedSearch(HasId, Model):
    """A search that somebody keeps."""

    __tablename__ = "saved_search"
    owner: Mapped[str] = mapped_column(index=True)
    name: Mapped[str]
    params: Mapped[dict[str, Any]] = mapped_column(JSON)
    created_at: Mapped[dt.datetime]
