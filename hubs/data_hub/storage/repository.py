"""Every query on stored files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, delete, exists, func, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from hubs.data_hub.storage.models import Blob, StoredFile

Row = Mapping[str, Any]
_BLOBS, _FILES = Blob.__table__, StoredFile.__table__
_QUOTA_LOCK = 0x6F705707


class StorageRepository:
    """Queries of one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def lock_quota(self) -> None:
        """Let uploads count one after the other until the transaction ends."""
        self._session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _QUOTA_LOCK})

    def used_bytes(self) -> int:
        """Return the bytes that all blobs take."""
        return int(
            self._session.execute(select(func.coalesce(func.sum(_BLOBS.c.size_bytes), 0))).scalar_one()
        )

    def insert_blob(self, values: Row) -> bool:
        """Note new bytes; False when they were known."""
        written = insert(Blob).values(**values).on_conflict_do_nothing().returning(Blob.sha256)
        return self._session.execute(written).scalar_one_or_none() is not None

    def next_version(self, namespace: str, name: str) -> int:
        """Return the number of a file's next version."""
        newest = select(func.coalesce(func.max(_FILES.c.version), 0)).where(
            _FILES.c.namespace == namespace, _FILES.c.name == name
        )
        return int(self._session.execute(newest).scalar_one()) + 1

    def insert_file(self, values: Row) -> None:
        """Note a file."""
        self._session.execute(insert(StoredFile).values(**values))

    def find(self, file_id: UUID) -> Row | None:
        """Return a standing file with its content's columns."""
        return self._first(_joined().where(_FILES.c.id == file_id, _FILES.c.deleted_at.is_(None)))

    def newest(self, namespace: str, name: str) -> Row | None:
        """Return the newest standing version of a named file."""
        statement = _joined().where(
            _FILES.c.namespace == namespace, _FILES.c.name == name, _FILES.c.deleted_at.is_(None)
        )
        return self._first(statement.order_by(_FILES.c.version.desc()).limit(1))

    def list(
        self, *, namespace: str, name: str, before: UUID | None, limit: int, only_public: bool
    ) -> Sequence[Row]:
        """Return standing files, newest first."""
        statement = _joined().where(_FILES.c.deleted_at.is_(None)).order_by(_FILES.c.id.desc()).limit(limit)
        if namespace:
            statement = statement.where(_FILES.c.namespace == namespace)
        if name:
            statement = statement.where(_FILES.c.name == name)
        if before is not None:
            statement = statement.where(_FILES.c.id < before)
        if only_public:
            statement = statement.where(_FILES.c.is_public)
        return [dict(row) for row in self._session.execute(statement).mappings()]

    def set_hold(self, file_id: UUID, *, is_held: bool, reason: str) -> None:
        """Put a file under a hold or take it off."""
        self._session.execute(
            update(StoredFile).where(StoredFile.id == file_id).values(is_held=is_held, hold_reason=reason)
        )

    def delete_file(self, file_id: UUID, at: datetime) -> None:
        """Take a file out."""
        self._session.execute(update(StoredFile).where(StoredFile.id == file_id).values(deleted_at=at))

    def expire(self, now: datetime) -> int:
        """Take out files whose retention has ended and that nothing holds; return how many."""
        gone = (
            update(StoredFile)
            .where(
                StoredFile.expires_at <= now, StoredFile.is_held.is_(False), StoredFile.deleted_at.is_(None)
            )
            .values(deleted_at=now)
            .returning(StoredFile.id)
        )
        return len(self._session.execute(gone).all())

    def orphans(self, older_than: datetime, limit: int) -> Sequence[str]:
        """Return contents that no standing file names, and hold them until the transaction ends."""
        named = exists().where(_FILES.c.sha256 == _BLOBS.c.sha256, _FILES.c.deleted_at.is_(None))
        statement = (
            select(_BLOBS.c.sha256)
            .where(~named, _BLOBS.c.created_at < older_than)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        return list(self._session.execute(statement).scalars())

    def delete_blobs(self, hashes: Sequence[str]) -> None:
        """Forget contents and the files that once named them."""
        self._session.execute(delete(StoredFile).where(StoredFile.sha256.in_(hashes)))
        self._session.execute(delete(Blob).where(Blob.sha256.in_(hashes)))

    def unverified(self, before: datetime, limit: int) -> Sequence[Row]:
        """Return contents that no scrub has looked at since a moment, the longest unseen first."""
        statement = (
            select(_BLOBS.c.sha256, _BLOBS.c.size_bytes)
            .where(or_(_BLOBS.c.verified_at.is_(None), _BLOBS.c.verified_at < before))
            .order_by(_BLOBS.c.verified_at.nulls_first())
            .limit(limit)
        )
        return [dict(row) for row in self._session.execute(statement).mappings()]

    def note_verified(self, sha256: str, at: datetime, *, is_sound: bool) -> None:
        """Note what a scrub found."""
        values = {"verified_at": at, "damaged_at": None if is_sound else at}
        self._session.execute(update(Blob).where(Blob.sha256 == sha256).values(**values))

    def pending_text(self) -> Row | None:
        """Return the oldest content whose text is still to be taken out."""
        statement = (
            select(_BLOBS.c.sha256, _BLOBS.c.media_type, _BLOBS.c.size_bytes)
            .where(_BLOBS.c.text_state == "pending")
            .order_by(_BLOBS.c.created_at)
            .limit(1)
        )
        return self._first(statement)

    def set_text(self, sha256: str, state: str, extracted: str | None, problem: str) -> None:
        """Keep the text of a content, or why it has none."""
        self._session.execute(
            update(Blob)
            .where(Blob.sha256 == sha256, Blob.text_state == "pending")
            .values(text_state=state, text=extracted, text_problem=problem)
        )

    def text_of(self, sha256: str) -> Row:
        """Return the text of a content, its state and its problem."""
        found = self._first(
            select(_BLOBS.c.text_state, _BLOBS.c.text, _BLOBS.c.text_problem).where(_BLOBS.c.sha256 == sha256)
        )
        assert found is not None
        return found

    def usage(self) -> Row:
        """Return counts and bytes of all contents."""
        found = self._first(
            select(
                func.count().label("blobs"),
                func.coalesce(func.sum(_BLOBS.c.size_bytes), 0).label("size_bytes"),
                func.count(_BLOBS.c.damaged_at).label("damaged"),
            )
        )
        assert found is not None
        return found

    def usage_by_namespace(self) -> dict[str, tuple[int, int]]:
        """Return the number of standing files and their bytes per namespace."""
        rows = self._session.execute(
            select(_FILES.c.namespace, func.count(), func.sum(_BLOBS.c.size_bytes))
            .join(_BLOBS, _BLOBS.c.sha256 == _FILES.c.sha256)
            .where(_FILES.c.deleted_at.is_(None))
            .group_by(_FILES.c.namespace)
        )
        return {row[0]: (int(row[1]), int(row[2])) for row in rows}

    def _first(self, statement: Select[Any]) -> Row | None:
        row = self._session.execute(statement).mappings().first()
        return dict(row) if row else None


def _joined() -> Select[Any]:
    return select(
        *_FILES.columns, _BLOBS.c.size_bytes, _BLOBS.c.media_type, _BLOBS.c.text_state, _BLOBS.c.damaged_at
    ).join(_BLOBS, _BLOBS.c.sha256 == _FILES.c.sha256)
