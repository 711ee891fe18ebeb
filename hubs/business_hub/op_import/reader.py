"""The reader: an upload's files become staged records, a chunk per transaction, then the run is sealed."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session, sessionmaker

from hubs.business_hub.etl.service.uploads import (
    Meter,
    Repeats,
    RunPlan,
    StageRow,
    StageWriter,
    UploadRuns,
)
from hubs.business_hub.op_import.errors import UnknownFormat
from hubs.business_hub.op_import.formats.base import Format, Problem, ReadContext, read_all
from hubs.business_hub.op_import.formats.registry import sort_out
from hubs.business_hub.op_import.models import MappingTemplate, Upload
from hubs.business_hub.op_import.reading.documents import Document, documents_of_file, documents_of_folder
from hubs.business_hub.op_import.reading.limits import ReadLimits
from hubs.business_hub.op_import.reading.tabular import TableShape
from hubs.business_hub.op_import.repository import UploadRepository
from hubs.business_hub.op_import.schemas import ImportOptions
from hubs.business_hub.settings import UploadSettings
from shared.contracts.events.scraping import CompleteSet
from shared.core.clock import utc_now
from shared.db.session import transaction
from shared.http.json import dumps

STAGE_RECORDS = 2_000
STAGE_BYTES = 8 * 2**20

Facts = Mapping[str, Mapping[str, Any]]


def limits_of(settings: UploadSettings) -> ReadLimits:
    """Return the limits that the settings give."""
    return ReadLimits(
        upload_bytes=settings.max_bytes,
        unpacked_bytes=settings.max_unpacked_bytes,
        document_bytes=settings.max_document_bytes,
        documents=settings.max_documents,
        rows=settings.max_rows,
        columns=settings.max_columns,
    )


@dataclass
class ReadResult:
    """What reading an upload came to."""

    records: dict[str, int] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    problem_count: int = 0
    rejected: set[tuple[str, int | None]] = field(default_factory=set)
    columns: tuple[str, ...] = ()
    meter: Meter = field(default_factory=lambda: Meter(utc_now().date()))
    repeats: Repeats = field(default_factory=Repeats)

    def add(self, problem: Problem, most: int) -> None:
        """Note a problem; of many only the first are kept."""
        self.problem_count += 1
        self.columns = self.columns or problem.columns
        if problem.is_fatal:
            self.rejected.add((problem.document, problem.row))
        if len(self.problems) < most:
            self.problems.append(problem)


class UploadReader:
    """Reads one upload."""

    def __init__(
        self,
        sessions: sessionmaker[Session],
        settings: UploadSettings,
        folder: Path,
        lookup: Callable[[str, str, Sequence[str]], Facts],
    ) -> None:
        self._sessions = sessions
        self._settings = settings
        self._folder = folder
        self._lookup = lookup

    @contextmanager
    def documents(self, upload: Upload) -> Iterator[list[Document]]:
        """Give the files of an upload for as long as the block lasts.

        Raises: Unreadable, UploadTooLarge.
        """
        limits = limits_of(self._settings)
        if upload.path:
            path = self._folder / upload.path
            yield self._of_path(path, limits)
            return
        with tempfile.NamedTemporaryFile(prefix="upload-") as spool:
            with transaction(self._sessions) as session:
                for chunk in UploadRepository(session).chunks(upload.id):
                    spool.write(chunk)
            spool.flush()
            held = Path(spool.name)
            yield documents_of_file(upload.name, lambda: held.open("rb"), limits)

    def _of_path(self, path: Path, limits: ReadLimits) -> list[Document]:
        if path.is_dir():
            return documents_of_folder(path, limits)
        return documents_of_file(path.name, lambda: path.open("rb"), limits)

    def sort(
        self, documents: Sequence[Document], options: ImportOptions
    ) -> tuple[list[tuple[Format, list[Document]]], list[Document]]:
        """Give each document to its reader; the second list is nobody's.

        Raises: UnknownFormat when no reader knows any of them.
        """
        groups, nobodys = sort_out(documents, options.format)
        if not groups:
            names = ", ".join(document.name for document in nobodys[:3])
            raise UnknownFormat(f"no reader knows {names or 'this: there are no files in it'}")
        return groups, nobodys

    def context(
        self, upload: Upload, options: ImportOptions, template: MappingTemplate | None
    ) -> ReadContext:
        """Return what the readers are told."""
        return ReadContext(
            source_id=upload.source_id,
            retrieved_at=upload.created_at,
            base_url=options.base_url,
            licence=options.licence,
            jurisdiction=options.jurisdiction,
            target=options.target or (template.target if template else ""),
            mapping=options.mapping or (template.mapping if template else {}),
            constants={**(template.constants if template else {}), **options.constants},
            shape=TableShape(options.encoding, options.delimiter, options.sheet),
            lookup=lambda kind, keys: self._lookup(upload.source_id, kind, keys),
        )

    def stage(
        self,
        plan: RunPlan,
        groups: Sequence[tuple[Format, Sequence[Document]]],
        context: ReadContext,
        progress: Callable[[Session, int, dict[str, int]], None],
    ) -> ReadResult:
        """Read every document and stage its records, a chunk per transaction; `progress` runs in each."""
        result, written = ReadResult(), StageWriter(plan.run_id)
        rows: list[StageRow] = []
        size = 0
        documents: set[str] = set()
        known: set[tuple[str, str]] = set()
        are_new = True
        with ThreadPoolExecutor(max_workers=1, thread_name_prefix="staging") as writer:
            writing: Future[None] | None = None

            def write() -> Future[None]:
                # One chunk is written while the next is read, no more: memory stays that of two.
                if writing is not None:
                    writing.result()
                counts = (len(documents), dict(result.records))
                return writer.submit(self._write, tuple(rows), are_new, *counts, progress)

            for reader, group in groups:
                for item in read_all(reader, group, context):
                    if isinstance(item, Problem):
                        result.add(item, self._settings.max_problems)
                        continue
                    row = written.row(item.record, is_partial=item.is_partial)
                    rows.append(row)
                    place = (row.kind, row.key)
                    are_new = are_new and place not in known
                    known.add(place)
                    size += len(row.body or b"")
                    documents.add(item.document)
                    said = item.record.__dict__
                    result.meter.measure(row.kind, said)
                    result.repeats.note(row.kind, row.key, said, is_partial=item.is_partial)
                    result.records[row.kind] = result.records.get(row.kind, 0) + 1
                    if len(rows) >= STAGE_RECORDS or size >= STAGE_BYTES:
                        writing = write()
                        rows, size, are_new = [], 0, True
            write().result()
        return result

    def _write(
        self,
        rows: Sequence[StageRow],
        are_new: bool,
        documents: int,
        records: dict[str, int],
        progress: Callable[[Session, int, dict[str, int]], None],
    ) -> None:
        with transaction(self._sessions) as session:
            UploadRuns.over(session).stage(rows, are_new=are_new)
            progress(session, documents, records)


def manifest_of(
    groups: Sequence[tuple[Format, Sequence[Document]]], options: ImportOptions, context: ReadContext
) -> str:
    """Return a hash of all that decides which records an upload gives: bytes, readers, options."""
    mark = hashlib.blake2b(digest_size=20)
    told = options.model_dump(exclude={"dry_run", "on_error", "is_complete", "template", "mode"})
    mark.update(dumps([told, context.mapping, context.constants, context.target]))
    for reader, group in groups:
        mark.update(reader.version.encode())
        for document in group:
            mark.update(f"\n{document.name}\x00{document.sha256}".encode())
    return mark.hexdigest()


def complete_sets(kinds: Sequence[str]) -> list[CompleteSet]:
    """Return what a whole data set completes: everything that it named before, of every kind."""
    return [CompleteSet(kind=kind, prefix="") for kind in sorted(kinds)]
