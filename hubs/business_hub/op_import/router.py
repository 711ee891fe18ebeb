"""Paths of uploads, their problems and mappings."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response, status
from fastapi import Path as ApiPath
from pydantic import ValidationError

from hubs.business_hub.dependencies import Cursor, Limit, PagerDep
from hubs.business_hub.op_import.dependencies import UploadServiceDep
from hubs.business_hub.op_import.formats.registry import FORMATS
from hubs.business_hub.op_import.formats.targets import TARGETS
from hubs.business_hub.op_import.models import UploadProblem
from hubs.business_hub.op_import.receiving import receive_part, receive_upload
from hubs.business_hub.op_import.schemas import (
    FRENCH,
    CompleteUpload,
    FormatRead,
    FromPath,
    ImportOptions,
    PartedUpload,
    PartRead,
    ProblemRead,
    TargetField,
    TargetRead,
    TemplateRead,
    TemplateWrite,
    UploadRead,
)
from shared.app import ResourcesDep
from shared.auth import CanReadJobs, CanWriteJobs
from shared.core.errors import Invalid
from shared.http.pages import Page

router = APIRouter(prefix="/api/v1/imports", tags=["imports"])
Options = Annotated[str, Query(description="JSON of the options: format, mapping, existing, on_error ...")]


@router.post(
    "", status_code=status.HTTP_201_CREATED, summary="Bring a file: as the body, or as a form with one file"
)
async def create_upload(
    request: Request,
    principal: CanWriteJobs,
    resources: ResourcesDep,
    name: Annotated[str, Query(max_length=300)] = "",
    dataset: Annotated[str, Query(max_length=120)] = "",
    options: Options = "{}",
    run: Annotated[bool, Query(description="import at once, without an inspection before")] = False,
) -> UploadRead:
    """Store an upload while it streams in; then it is inspected, or imported at once."""
    try:
        asked = ImportOptions.model_validate_json(options)
    except ValidationError as error:
        first = error.errors()[0]
        where = "/".join(map(str, first["loc"]))
        raise Invalid(
            f"options: {where}: {first['msg']}", errors=[{"in": "query", "detail": first["msg"]}]
        ) from None
    return await receive_upload(
        request,
        resources,
        name=name,
        dataset=dataset,
        options=asked,
        actor=principal.subject,
        run=run,
    )


@router.post("/from-path", status_code=status.HTTP_201_CREATED, summary="Take files of the folder of imports")
def create_from_path(asked: FromPath, principal: CanWriteJobs, uploads: UploadServiceDep) -> UploadRead:
    """Take a file or a folder that is on this installation's disk already."""
    upload = uploads.take_path(asked.path, asked.dataset, asked.options, principal.subject, run=asked.run)
    return UploadRead.model_validate(upload)


@router.post("/parts", status_code=status.HTTP_201_CREATED, summary="Begin an upload that comes in parts")
def begin_parts(asked: PartedUpload, principal: CanWriteJobs, uploads: UploadServiceDep) -> UploadRead:
    """Make room for an upload; its parts may come in any order, each as often as it takes."""
    upload = uploads.begin(asked.name, asked.dataset, asked.options, principal.subject)
    return UploadRead.model_validate(upload)


@router.put(
    "/{upload_id}/parts/{number}",
    status_code=status.HTTP_204_NO_CONTENT,
    summary="Bring one part, numbered from 0",
)
async def put_part(
    upload_id: UUID,
    number: Annotated[int, ApiPath(ge=0, lt=100_000)],
    request: Request,
    _: CanWriteJobs,
    resources: ResourcesDep,
) -> None:
    """Store a part in place of the one with the same number."""
    await receive_part(request, resources, upload_id, number)


@router.get("/{upload_id}/parts", summary="The parts that have come: what is left after an interruption")
def list_parts(upload_id: UUID, _: CanReadJobs, uploads: UploadServiceDep) -> Page[PartRead]:
    """Return the parts of an upload."""
    parts = uploads.list_parts(upload_id)
    return Page(data=[PartRead(number=number, size_bytes=size) for number, size in parts.items()])


@router.post("/{upload_id}/complete", summary="Say that all parts have come")
def complete_upload(
    upload_id: UUID, asked: CompleteUpload, _: CanWriteJobs, uploads: UploadServiceDep
) -> UploadRead:
    """Check the parts; then the upload is inspected, or imported at once."""
    return UploadRead.model_validate(uploads.complete(upload_id, asked.parts, asked.sha256, run=asked.run))


@router.get("", summary="Uploads, newest first")
def list_uploads(
    _: CanReadJobs,
    uploads: UploadServiceDep,
    pager: PagerDep,
    source_id: str | None = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[UploadRead]:
    """Return one page of uploads."""
    return pager.page(uploads.list(source_id=source_id), UploadRead.model_validate, limit, cursor)


@router.get("/formats", summary="The formats that can be read")
def list_formats(_: CanReadJobs) -> Page[FormatRead]:
    """Return every format."""
    return Page(
        data=[FormatRead(name=one.name, title_en=one.title_en, title_fr=one.title_fr) for one in FORMATS]
    )


@router.get("/targets", summary="What rows of a table can become")
def list_targets(_: CanReadJobs) -> Page[TargetRead]:
    """Return every target with its fields."""
    return Page(
        data=[
            TargetRead(
                name=one.name,
                title_en=one.title_en,
                title_fr=one.title_fr,
                fields=[
                    TargetField(name=field.name, kind=field.kind, is_required=field.is_required)
                    for field in one.fields
                ],
            )
            for one in TARGETS.values()
        ]
    )


@router.get("/templates", summary="Kept mappings by name")
def list_templates(
    _: CanReadJobs, uploads: UploadServiceDep, pager: PagerDep, limit: Limit = 100, cursor: Cursor = None
) -> Page[TemplateRead]:
    """Return one page of mappings."""
    return pager.page(uploads.list_templates(), TemplateRead.model_validate, limit, cursor)


@router.put("/templates/{name}", summary="Keep a mapping")
def save_template(
    name: str, asked: TemplateWrite, principal: CanWriteJobs, uploads: UploadServiceDep
) -> TemplateRead:
    """Keep a mapping under a name."""
    return TemplateRead.model_validate(uploads.save_template(name, asked, principal.subject))


@router.delete("/templates/{name}", status_code=status.HTTP_204_NO_CONTENT, summary="Forget a mapping")
def delete_template(name: str, _: CanWriteJobs, uploads: UploadServiceDep) -> None:
    """Forget a mapping."""
    uploads.delete_template(name)


@router.get("/{upload_id}", summary="One upload: what it holds, and how it could be read")
def get_upload(upload_id: UUID, _: CanReadJobs, uploads: UploadServiceDep) -> UploadRead:
    """Return an upload."""
    return UploadRead.model_validate(uploads.get(upload_id))


@router.post("/{upload_id}/run", summary="Import an upload, also once more")
def run_upload(
    upload_id: UUID, principal: CanWriteJobs, uploads: UploadServiceDep, options: ImportOptions | None = None
) -> UploadRead:
    """Make the job that imports an upload."""
    return UploadRead.model_validate(uploads.run(upload_id, options, principal.subject))


@router.post("/{upload_id}/undo", summary="Take back what an upload changed")
def undo_upload(upload_id: UUID, principal: CanWriteJobs, uploads: UploadServiceDep) -> UploadRead:
    """Make the job that undoes an upload."""
    return UploadRead.model_validate(uploads.undo(upload_id, principal.subject))


@router.get("/{upload_id}/problems", summary="What is wrong: row, column, reason")
def list_problems(
    upload_id: UUID,
    _: CanReadJobs,
    uploads: UploadServiceDep,
    pager: PagerDep,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Page[ProblemRead]:
    """Return one page of problems."""
    return pager.page(uploads.list_problems(upload_id), _read_problem, limit, cursor)


@router.get("/{upload_id}/corrections.csv", summary="The rejected rows, to be mended and sent again")
def get_corrections(upload_id: UUID, _: CanReadJobs, uploads: UploadServiceDep) -> Response:
    """Return the rejected rows of a table; no cell of it is taken for a formula."""
    return Response(
        uploads.corrections(upload_id).encode("utf-8-sig"),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="corrections-{upload_id}.csv"'},
    )


def _read_problem(problem: UploadProblem) -> ProblemRead:
    found = ProblemRead.model_validate(problem)
    return found.model_copy(update={"detail_fr": FRENCH.get(problem.code, "valeur refusée")})
