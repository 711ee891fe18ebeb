"""Tables of stored contents and the files that name them."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import BigInteger, ForeignKey, Index, Integer
from sqlalchemy.orm import Mapped, mapped_column

from hubs.data_hub.base import Model
from shared.db.base import HasId


class Blob(Model):
    """Bytes, once, under their hash."""

    __tablename__ = "blob"
    sha256: Mapped[str] = mapped_column(primary_key=True)
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    media_type: Mapped[str]
    created_at: Mapped[dt.datetime]
    verified_at: Mapped[dt.datetime | None] = mapped_column(index=True)
    """When a scrub last found the bytes to have their hash."""
    damaged_at: Mapped[dt.datetime | None]
    text_state: Mapped[str]
    """pending, done, none (no text in such a type) or failed."""
    text: Mapped[str | None]
    text_problem: Mapped[str]

    __table_args__ = (Index("ix_blob_text_state", "text_state", "created_at"),)


class StoredFile(HasId, Model):
    """A version of a named file."""

    __tablename__ = "stored_file"
    namespace: Mapped[str]
    name: Mapped[str]
    version: Mapped[int] = mapped_column(Integer)
    sha256: Mapped[str] = mapped_column(ForeignKey("data.blob.sha256"), index=True)
    is_public: Mapped[bool]
    created_by: Mapped[str]
    created_at: Mapped[dt.datetime]
    expires_at: Mapped[dt.datetime | None] = mapped_column(index=True)
    is_held: Mapped[bool]
    """Under a legal hold: neither retention nor a request removes it."""
    hold_reason: Mapped[str]
    deleted_at: Mapped[dt.datetime | None]

    __table_args__ = (Index("uq_stored_file_version", "namespace", "name", "version", unique=True),)
