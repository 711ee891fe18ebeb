"""Uploads: received, inspected, imported, corrected, undone; never commits."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol
from uuid import UUID

from sqlalchemy import Select

from hubs.business_hub.op_import.errors import (
    BadMapping,
    PartsMissing,
    TemplateNotFound,
    Unreadable,
    UploadBusy,
    UploadNotFound,
    UploadTooLarge,
)
from hubs.business_hub.op_import.formats.registry import format_named
from hubs.business_hub.op_import.formats.targets import TARGETS
from hubs.business_hub.op_import.models import MappingTemplate, Upload
from hubs.business_hub.op_import.repository import UploadRepository
from hubs.business_hub.op_import.schemas import ImportOptions, TemplateWrite
from hubs.business_hub.queue.service.jobs import JobService
from shared.contracts.envelope import Event
from shared.contracts.events.auditing import AuditRecordedV1
from shared.contracts.events.jobs import ScrapeOptions, TaskRequestedV1
from shared.contracts.http.jobs import JobCreate
from shared.contracts.keys import slug
from shared.core.clock import utc_now
from shared.core.errors import Invalid
from shared.http.cells import safe_cell

PRODUCER = "business_hub.op_import"
INSPECT = "business.inspect"


class Publisher(Protocol):
    """Where events go: into the outbox of the caller's transaction."""

    def publish(self, *events: Event, priority: int | None = None, mandatory: bool = False) -> None:
        """Send events when the transaction commits."""


class UploadService:
    """What can happen to an upload."""

    def __init__(
        self,
        uploads: UploadRepository,
        jobs: JobService,
        publisher: Publisher,
        folder: Path,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self._uploads = uploads
        self._jobs = jobs
        self._publisher = publisher
        self._folder = folder
        self._now = clock

    def begin(self, name: str, dataset: str, options: ImportOptions, actor: str) -> Upload:
        """Make room for an upload whose bytes are about to come."""
        return self._add(name, dataset, options, actor, state="receiving")

    def receive(self, upload_id: UUID, size_bytes: int, sha256: str, *, run: bool) -> Upload:
        """Say that all bytes have come; then the upload is inspected, or imported at once.

        Raises: Unreadable when there were none.
        """
        upload = self._locked(upload_id)
        if size_bytes == 0:
            raise Unreadable(f"{upload.name} is empty")
        upload.size_bytes, upload.sha256, upload.state = size_bytes, sha256, "received"
        return self._go_on(upload, run)

    def put_part(self, upload_id: UUID, number: int, body: bytes, most: int) -> None:
        """Store a part of an upload that comes in parts; the same number again replaces it.

        Raises: UploadNotFound; UploadBusy when it is complete already; UploadTooLarge.
        """
        self._receiving(upload_id)
        held = self._uploads.parts(upload_id)
        held.pop(number, None)
        if sum(held.values()) + len(body) > most:
            raise UploadTooLarge(f"an upload has at most {most} bytes", max_bytes=most)
        self._uploads.put_chunk(upload_id, number, body)

    def list_parts(self, upload_id: UUID) -> dict[int, int]:
        """Return the parts that have come: number and size in bytes.

        Raises: UploadNotFound.
        """
        return self._uploads.parts(self.get(upload_id).id)

    def complete(self, upload_id: UUID, parts: int, sha256: str, *, run: bool) -> Upload:
        """Say that all parts have come; then the upload is inspected, or imported at once.

        Raises: UploadNotFound, UploadBusy; PartsMissing; Unreadable when the bytes are not those of the hash.
        """
        self._receiving(upload_id)
        held = self._uploads.parts(upload_id)
        missing = sorted(set(range(parts)) - set(held))
        if missing or len(held) > parts:
            raise PartsMissing(
                f"{len(held)} of {parts} parts have come", missing=missing[:100], has=len(held)
            )
        mark = hashlib.sha256()
        for chunk in self._uploads.chunks(upload_id):
            mark.update(chunk)
        if sha256 and mark.hexdigest() != sha256.lower():
            raise Unreadable(f"the parts together have the SHA-256 {mark.hexdigest()}, not {sha256}")
        return self.receive(upload_id, sum(held.values()), mark.hexdigest(), run=run)

    def take_path(self, path: str, dataset: str, options: ImportOptions, actor: str, *, run: bool) -> Upload:
        """Take files that lie below the folder of imports already.

        Raises: Invalid when the path leads out of it or nowhere.
        """
        root = self._folder.resolve()
        found = (root / path).resolve()
        if not found.is_relative_to(root) or not found.exists():
            raise Invalid(f"there is no {path!r} in the folder of imports")
        upload = self._add(found.name or path, dataset, options, actor, state="received")
        upload.path = str(found.relative_to(root))
        return self._go_on(upload, run)

    def get(self, upload_id: UUID) -> Upload:
        """Return an upload.

        Raises: UploadNotFound.
        """
        upload = self._uploads.find(upload_id)
        if upload is None:
            raise UploadNotFound(f"no upload {upload_id}")
        return upload

    def list(self, *, source_id: str | None = None) -> Select[Any]:
        """Return the query of uploads, newest first, for a page of it."""
        return self._uploads.listing(source_id=source_id)

    def run(self, upload_id: UUID, options: ImportOptions | None, actor: str) -> Upload:
        """Import an upload, with other options than before when they are given.

        Raises: UploadNotFound; UploadBusy while it is being imported, or when it was undone.
        """
        upload = self._locked(upload_id)
        if options is not None:
            self._check(options)
            upload.options = options.model_dump(mode="json")
        return self._start(upload, actor)

    def list_problems(self, upload_id: UUID) -> Select[Any]:
        """Return the query of what was found wrong.

        Raises: UploadNotFound.
        """
        return self._uploads.problems(self.get(upload_id).id)

    def corrections(self, upload_id: UUID) -> str:
        """Return the rejected rows of a table as CSV, with what is wrong, to be mended and sent again.

        Raises: UploadNotFound.
        """
        upload = self.get(upload_id)
        rejected = [problem for problem in self._uploads.rejected(upload_id) if problem.cells]
        columns: list[str] = upload.inspection.get("columns") or []
        text = io.StringIO()
        writer = csv.writer(text)
        writer.writerow([*map(safe_cell, columns), "_row", "_problems"])
        by_row: dict[tuple[str, int | None], tuple[Sequence[str], list[str]]] = {}
        for problem in rejected:
            _, said = by_row.setdefault((problem.document, problem.row), (problem.cells, []))
            said.append(f"{problem.column}: {problem.detail}" if problem.column else problem.detail)
        for (_, row), (cells, said) in by_row.items():
            padded = [*cells, *[""] * (len(columns) - len(cells))]
            writer.writerow([*map(safe_cell, padded), row, safe_cell("; ".join(said))])
        return text.getvalue()

    def undo(self, upload_id: UUID, actor: str) -> Upload:
        """Ask for what an upload changed to be taken back.

        Raises: UploadNotFound; UploadBusy when nothing of it was loaded, or it was undone before.
        """
        upload = self._locked(upload_id)
        if upload.state == "undone":
            raise UploadBusy("the upload was undone before", state=upload.state)
        if self._is_live(upload):
            raise UploadBusy("the upload is being imported", job_id=str(upload.job_id))
        if not (upload.earlier_runs or self._has_loaded(upload, {"succeeded"})):
            raise UploadBusy("only an upload that was loaded can be undone", state=upload.state)
        asked = JobCreate(kind="undo", source_id=upload.source_id)
        self._publisher.publish(
            AuditRecordedV1(
                producer=PRODUCER,
                actor=actor,
                action="import.undo_requested",
                target=str(upload.id),
                target_type="upload",
                metadata={"run_id": str(upload.run_id)},
            )
        )
        upload.job_id = self._jobs.make(asked, actor).id
        upload.undone_by = actor
        upload.updated_at = self._now()
        return upload

    def save_template(self, name: str, asked: TemplateWrite, actor: str) -> MappingTemplate:
        """Keep a mapping under a name, in place of the one before.

        Raises: BadMapping when target or fields are unknown.
        """
        target = TARGETS.get(asked.target)
        if target is None:
            raise BadMapping(f"no target {asked.target!r}", known=list(TARGETS))
        strange = sorted({f for f in (*asked.mapping.values(), *asked.constants) if target.field(f) is None})
        if strange:
            raise BadMapping(f"{target.name} has no fields {', '.join(strange)}")
        template = self._uploads.find_template(name)
        now = self._now()
        if template is None:
            template = MappingTemplate(name=name, created_by=actor, created_at=now)
            self._uploads.add_template(template)
        template.target, template.mapping, template.constants = asked.target, asked.mapping, asked.constants
        template.updated_at = now
        return template

    def get_template(self, name: str) -> MappingTemplate:
        """Return a kept mapping.

        Raises: TemplateNotFound.
        """
        template = self._uploads.find_template(name)
        if template is None:
            raise TemplateNotFound(f"no template {name!r}")
        return template

    def list_templates(self) -> Select[Any]:
        """Return the query of kept mappings by name, for a page of it."""
        return self._uploads.templates()

    def delete_template(self, name: str) -> None:
        """Forget a mapping.

        Raises: TemplateNotFound.
        """
        self._uploads.delete_template(self.get_template(name))

    def _add(self, name: str, dataset: str, options: ImportOptions, actor: str, state: str) -> Upload:
        self._check(options)
        source = slug(dataset or name.rpartition("/")[2].partition(".")[0]) or "upload"
        now = self._now()
        upload = Upload(
            name=name[:300],
            source_id=f"import:{source[:100]}",
            state=state,
            options=options.model_dump(mode="json"),
            created_by=actor,
            created_at=now,
            updated_at=now,
        )
        self._uploads.add(upload)
        return upload

    def _check(self, options: ImportOptions) -> None:
        if options.format:
            format_named(options.format)
        if options.target and options.target not in TARGETS:
            raise BadMapping(f"no target {options.target!r}", known=list(TARGETS))
        if options.template:
            self.get_template(options.template)

    def _go_on(self, upload: Upload, run: bool) -> Upload:
        upload.updated_at = self._now()
        if run:
            return self._start(upload, upload.created_by)
        self._publisher.publish(
            TaskRequestedV1(producer=PRODUCER, task=INSPECT, kwargs={"upload_id": str(upload.id)}),
            mandatory=True,
        )
        return upload

    def _start(self, upload: Upload, actor: str) -> Upload:
        if upload.state not in {"received", "inspected", "started"}:
            raise UploadBusy(f"the upload is {upload.state}", state=upload.state)
        if self._is_live(upload):
            raise UploadBusy("the upload is being imported", job_id=str(upload.job_id))
        if not upload.path and not self._uploads.has_bytes(upload.id):
            raise UploadBusy("the bytes of the upload are no longer kept; bring it again")
        self._keep_run(upload)
        options = ImportOptions.model_validate(upload.options)
        job = self._jobs.make(
            JobCreate(
                kind="import",
                source_id=upload.source_id,
                options=ScrapeOptions(dry_run=options.dry_run),
                mode=options.mode,
            ),
            actor,
        )
        upload.job_id, upload.run_id, upload.state, upload.reason = job.id, None, "started", ""
        upload.updated_at = self._now()
        return upload

    def take_over(self, job_id: UUID) -> Upload | None:
        """Return the upload that a job is about, also when the job is another try of one before it.

        None when the upload was started anew meanwhile, or is no more.
        """
        upload = self._uploads.find_by_job(job_id)
        job = self._jobs.get(job_id)
        if upload is not None or job.retry_of is None:
            return upload
        before = self._uploads.find_by_job(job.retry_of)
        if before is None or before.state != "started":
            return None
        upload = self._locked(before.id)
        if job.kind == "import":
            self._keep_run(upload)
            upload.run_id, upload.reason = None, ""
        upload.job_id, upload.updated_at = job_id, self._now()
        return upload

    def _keep_run(self, upload: Upload) -> None:
        # A run that failed half way has loaded its first batches: an undo takes them back as well.
        if self._has_loaded(upload, {"succeeded", "failed", "cancelled", "timed_out"}):
            upload.earlier_runs = [*upload.earlier_runs, str(upload.run_id)]

    def _has_loaded(self, upload: Upload, states: set[str]) -> bool:
        job = self._jobs.get(upload.job_id) if upload.job_id and upload.run_id else None
        return (
            job is not None
            and job.kind == "import"
            and job.state in states
            and job.mode != "test"
            and not job.options.get("dry_run")
        )

    def _is_live(self, upload: Upload) -> bool:
        live = {"pending", "running", "quarantined"}
        return upload.job_id is not None and self._jobs.get(upload.job_id).state in live

    def _receiving(self, upload_id: UUID) -> Upload:
        upload = self._locked(upload_id)
        if upload.state != "receiving":
            raise UploadBusy(f"the upload is {upload.state}", state=upload.state)
        return upload

    def _locked(self, upload_id: UUID) -> Upload:
        upload = self._uploads.lock(upload_id)
        if upload is None:
            raise UploadNotFound(f"no upload {upload_id}")
        return upload
