"""Tables of what is said and decided."""

from __future__ import annotations

import datetime as dt
from typing import Any, ClassVar

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from hubs.data_hub.base import Model
from hubs.data_hub.database.models.row import CivicRow, TextArray


class Event(CivicRow, Model):
    """A meeting; agenda items and motions are in ``facts``."""

    __tablename__ = "event"
    has_identifiers: ClassVar[bool] = True
    organization_key: Mapped[str | None] = mapped_column(index=True)
    body_name: Mapped[str]
    start_date: Mapped[dt.date]
    starts_at: Mapped[dt.datetime | None]
    status: Mapped[str]
    classification: Mapped[str]
    session: Mapped[str]
    number: Mapped[str]


class Debate(CivicRow, Model):
    """A sitting, or a committee's evidence, as a whole."""

    __tablename__ = "debate"
    has_identifiers: ClassVar[bool] = True
    organization_key: Mapped[str] = mapped_column(index=True)
    date: Mapped[dt.date]
    session: Mapped[str]
    number: Mapped[str]
    document_type: Mapped[str]


class Speech(CivicRow, Model):
    """One intervention, English and French side by side."""

    __tablename__ = "speech"
    debate_key: Mapped[str]
    sequence: Mapped[int]
    person_key: Mapped[str | None]
    speaker_name: Mapped[str]
    type: Mapped[str]
    time: Mapped[dt.datetime | None]
    h1_en: Mapped[str]
    h2_en: Mapped[str]
    is_procedural: Mapped[bool]
    bill_keys: Mapped[list[str]] = mapped_column(TextArray)
    mentioned: Mapped[list[str]] = mapped_column(TextArray)
    """Identifiers of people who are mentioned, each as ``scheme:value``."""

    @staticmethod
    def own_indexes() -> tuple[Any, ...]:
        """Return the indexes that only this table has."""
        return (
            Index("ix_speech_debate_key", "debate_key", "sequence"),
            Index("ix_speech_person_key", "person_key", "sort_date", "id"),
            Index("ix_speech_bill_keys", "bill_keys", postgresql_using="gin"),
            Index("ix_speech_mentioned", "mentioned", postgresql_using="gin"),
        )


class Document(CivicRow, Model):
    """A published document: agenda, minutes, report, by-law."""

    __tablename__ = "document"
    organization_key: Mapped[str | None] = mapped_column(index=True)
    event_key: Mapped[str | None] = mapped_column(index=True)
    date: Mapped[dt.date | None]
    classification: Mapped[str]
    media_type: Mapped[str]
    language: Mapped[str]
    url: Mapped[str]
