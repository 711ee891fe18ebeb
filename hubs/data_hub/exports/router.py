"""The whole record as files: ``/api/v1/exports``."""

from __future__ import annotations

from pathlib import PurePath
from typing import Annotated

from fastapi import APIRouter, BackgroundTasks, Path, Query, Request
from starlette.responses import Response, StreamingResponse

from hubs.data_hub.exports.dependencies import ExportsDep, KeeperDep
from hubs.data_hub.exports.schemas import ExportList, ManifestRead
from hubs.data_hub.storage.service import read_part
from shared.auth import CanWriteData, Public
from shared.http.conditional import matches

router = APIRouter(prefix="/api/v1/exports", tags=["exports"])
_NAME = Path(max_length=40, description="id of an export, or latest")
_MEDIA = {
    ".gz": "application/gzip",
    ".parquet": "application/vnd.apache.parquet",
    ".sqlite": "application/vnd.sqlite3",
    ".txt": "text/plain; charset=utf-8",
}


@router.get("", summary="Exports, newest first")
def list_exports(
    _: Public, service: ExportsDep, limit: Annotated[int, Query(ge=1, le=100)] = 20
) -> ExportList:
    """Answer exports with their size, rows and change position."""
    return ExportList(data=list(service.list(limit)))


@router.post("", status_code=202, summary="Build an export now")
def create_export(
    caller: CanWriteData, service: ExportsDep, keeper: KeeperDep, later: BackgroundTasks
) -> dict[str, str]:
    """Begin an export; its process starts once this is committed."""
    begun = service.begin(f"asked for by {caller.subject}")
    later.add_task(keeper.ask, begun)
    return {"id": str(begun.id), "manifest_url": f"/api/v1/exports/{begun.id}/manifest"}


@router.get("/{name}/manifest", summary="What an export holds, with hashes and licences")
def get_manifest(name: Annotated[str, _NAME], _: Public, service: ExportsDep) -> ManifestRead:
    """Answer the manifest."""
    return service.manifest(name)


@router.get("/{name}/files/{file_name}", summary="A file of an export", response_class=Response)
def get_file(
    request: Request,
    name: Annotated[str, _NAME],
    file_name: Annotated[str, Path(max_length=100)],
    _: Public,
    service: ExportsDep,
) -> Response:
    """Answer the bytes; parts on request, tagged with their hash."""
    entry = service.file(name, file_name)
    size, etag = entry["size_bytes"], f'"{entry["sha256"]}"'
    headers = {"ETag": etag, "Cache-Control": "public, max-age=86400", "Accept-Ranges": "bytes"}
    if matches(request.headers.get("if-none-match"), etag):
        return Response(status_code=304, headers=headers)
    is_of_these = request.headers.get("if-range", etag) == etag
    part = read_part(request.headers.get("range") if is_of_these else None, size)
    start, length = (part.start, part.length) if part else (0, size)
    headers["Content-Length"] = str(length)
    headers["Content-Disposition"] = f'attachment; filename="{file_name}"'
    if part:
        headers["Content-Range"] = f"bytes {start}-{start + length - 1}/{size}"
    pieces = service.content(entry, start, length)
    media_type = _MEDIA[PurePath(file_name).suffix]
    return StreamingResponse(pieces, 206 if part else 200, headers=headers, media_type=media_type)
