"""What every civic row has: its names, its facts, when it changed and whether it still stands."""

from __future__ import annotations

import datetime as dt
from typing import Any
from uuid import UUID

from sqlalchemy import Index, LargeBinary, Text
from sqlalchemy.dialects.postgresql import ARRAY, JSON
from sqlalchemy.orm import Mapped, declared_attr, mapped_column

from shared.db.base import HasId

TextArray = ARRAY(Text)


class CivicRow(HasId):
    """A civic record: ``facts`` is the canonical document, the other columns are cut from it.

    References to other records are natural keys (``*_key``): records may arrive in any order, and a
    merge moves no row.
    """

    key: Mapped[str] = mapped_column(unique=True, sort_order=-99)
    slug: Mapped[str] = mapped_column(unique=True, sort_order=-98)
    jurisdiction: Mapped[str] = mapped_column(sort_order=-97)
    title_en: Mapped[str] = mapped_column(sort_order=-96)
    title_fr: Mapped[str] = mapped_column(sort_order=-95)
    sort_name: Mapped[str] = mapped_column(sort_order=-94)
    sort_date: Mapped[dt.date] = mapped_column(sort_order=-93)
    """The date by which rows of this kind are listed; 0001-01-01 where there is none."""
    identifiers: Mapped[list[str]] = mapped_column(TextArray, sort_order=-92)
    """Identifiers in other systems, each as ``scheme:value``."""
    content_hash: Mapped[bytes] = mapped_column(LargeBinary, sort_order=800)
    """Hash of the record as it came, without its provenance: equal means nothing to do."""
    facts: Mapped[dict[str, Any]] = mapped_column(JSON, sort_order=801)
    """JSON and not JSONB: it is never searched, and keeps the order of its fields."""
    created_at: Mapped[dt.datetime] = mapped_column(sort_order=900)
    updated_at: Mapped[dt.datetime] = mapped_column(sort_order=901)
    deleted_at: Mapped[dt.datetime | None] = mapped_column(sort_order=902)
    """When the sources stopped naming it (a tombstone), else NULL."""
    merged_into: Mapped[UUID | None] = mapped_column(sort_order=903)

    @declared_attr.directive
    def __table_args__(cls) -> Any:  # noqa: N805 - called with the class
        name = cls.__tablename__  # type: ignore[attr-defined]
        marks = Index(f"ix_{name}_identifiers", "identifiers", postgresql_using="gin")
        return (
            *getattr(cls, "own_indexes", lambda: ())(),
            Index(None, "updated_at", "id"),
            Index(None, "sort_date", "id"),
            Index(None, "sort_name", "id"),
            Index(None, "jurisdiction", "sort_date", "id"),
            *((marks,) if getattr(cls, "has_identifiers", False) else ()),
        )
