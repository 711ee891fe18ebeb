"""Every query of uploads."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, delete, func, insert, select
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session

from hubs.business_hub.op_import.formats.base import Problem
from hubs.business_hub.op_import.models import MappingTemplate, Upload, UploadChunk, UploadProblem

_MAX_TEXT = 1_000


class UploadRepository:
    """Uploads in the database, within the caller's transaction."""

    def __init__(self, session: Session) -> None:
        self.session = session

    def add(self, upload: Upload) -> None:
        """Insert an upload."""
        self.session.add(upload)
        self.session.flush()

    def find(self, upload_id: UUID) -> Upload | None:
        """Return an upload or None."""
        return self.session.get(Upload, upload_id)

    def find_by_job(self, job_id: UUID) -> Upload | None:
        """Return the upload that a job imports, or None."""
        return self.session.scalars(select(Upload).where(Upload.job_id == job_id)).one_or_none()

    def lock(self, upload_id: UUID) -> Upload | None:
        """Return an upload or None, its row locked until the transaction ends."""
        statement = select(Upload).where(Upload.id == upload_id).with_for_update()
        return self.session.scalars(statement.execution_options(populate_existing=True)).one_or_none()

    def listing(self, *, source_id: str | None = None) -> Select[Any]:
        """Return the query of uploads, newest first."""
        statement = select(Upload)
        if source_id is not None:
            statement = statement.where(Upload.source_id == source_id)
        return statement.order_by(Upload.created_at.desc(), Upload.id.desc())

    def add_chunk(self, upload_id: UUID, number: int, body: bytes) -> None:
        """Store a piece of an upload."""
        self.session.execute(insert(UploadChunk).values(upload_id=upload_id, number=number, body=body))

    def put_chunk(self, upload_id: UUID, number: int, body: bytes) -> None:
        """Store a piece of an upload, in place of the one with the same number."""
        statement = upsert(UploadChunk).values(upload_id=upload_id, number=number, body=body)
        self.session.execute(
            statement.on_conflict_do_update(
                index_elements=["upload_id", "number"], set_={"body": statement.excluded.body}
            )
        )

    def parts(self, upload_id: UUID) -> dict[int, int]:
        """Return the pieces of an upload that are here: number and size in bytes."""
        statement = (
            select(UploadChunk.number, func.octet_length(UploadChunk.body))
            .where(UploadChunk.upload_id == upload_id)
            .order_by(UploadChunk.number)
        )
        return {row[0]: row[1] for row in self.session.execute(statement)}

    def chunks(self, upload_id: UUID) -> Iterator[bytes]:
        """Yield the pieces of an upload in order, one at a time."""
        count = self.session.scalar(
            select(func.count()).select_from(UploadChunk).where(UploadChunk.upload_id == upload_id)
        )
        for number in range(count or 0):
            body = self.session.scalar(
                select(UploadChunk.body).where(
                    UploadChunk.upload_id == upload_id, UploadChunk.number == number
                )
            )
            yield bytes(body or b"")

    def delete_chunks(self, upload_id: UUID) -> None:
        """Delete the bytes of an upload."""
        self.session.execute(delete(UploadChunk).where(UploadChunk.upload_id == upload_id))

    def has_bytes(self, upload_id: UUID) -> bool:
        """Tell whether the bytes of an upload are still kept."""
        statement = select(UploadChunk.number).where(UploadChunk.upload_id == upload_id).limit(1)
        return self.session.scalar(statement) is not None

    def forget_bytes(self, before: datetime) -> None:
        """Delete the bytes of uploads that nothing has happened to since before a moment."""
        old = select(Upload.id).where(Upload.updated_at < before)
        self.session.execute(delete(UploadChunk).where(UploadChunk.upload_id.in_(old)))

    def delete(self, upload_id: UUID) -> None:
        """Delete an upload with everything of it."""
        self.session.execute(delete(Upload).where(Upload.id == upload_id))

    def clear_problems(self, upload_id: UUID) -> None:
        """Forget what was found wrong before."""
        self.session.execute(delete(UploadProblem).where(UploadProblem.upload_id == upload_id))

    def add_problems(self, upload_id: UUID, problems: Iterable[Problem]) -> None:
        """Store what was found wrong."""
        rows = [
            {
                "upload_id": upload_id,
                "document": problem.document,
                "row": problem.row,
                "column": problem.column[:200],
                "code": problem.code,
                "detail": _storable(problem.detail),
                "value": _storable(problem.value),
                "is_fatal": problem.is_fatal,
                # Whole, unlike the rest: this is what a correction starts from.
                "cells": [_encodable(cell) for cell in problem.cells],
            }
            for problem in problems
        ]
        if rows:
            self.session.execute(insert(UploadProblem), rows)

    def problems(self, upload_id: UUID) -> Select[Any]:
        """Return the query of what was found wrong, in the order of the documents."""
        return select(UploadProblem).where(UploadProblem.upload_id == upload_id).order_by(UploadProblem.id)

    def rejected(self, upload_id: UUID) -> Sequence[UploadProblem]:
        """Return the fatal problems of rows of tables."""
        statement = self.problems(upload_id).where(UploadProblem.is_fatal, UploadProblem.row.is_not(None))
        return self.session.scalars(statement).all()

    def find_template(self, name: str) -> MappingTemplate | None:
        """Return a saved mapping or None."""
        return self.session.get(MappingTemplate, name)

    def templates(self) -> Select[Any]:
        """Return the query of saved mappings by name."""
        return select(MappingTemplate).order_by(MappingTemplate.name)

    def add_template(self, template: MappingTemplate) -> None:
        """Save a mapping."""
        self.session.add(template)

    def delete_template(self, template: MappingTemplate) -> None:
        """Forget a mapping."""
        self.session.delete(template)


def _storable(text: str) -> str:
    return _encodable(text[:_MAX_TEXT])


def _encodable(text: str) -> str:
    return text.replace("\x00", "\u2400").encode("utf-8", "replace").decode()
