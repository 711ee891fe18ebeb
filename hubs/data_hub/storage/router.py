"""Files: ``/api/v1/storage``; and the bytes behind a record: ``/api/v1/provenance``."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response, StreamingResponse

from hubs.data_hub.storage.dependencies import PartsDep, ProvenanceDep, StorageDep, UploadDep
from hubs.data_hub.storage.schemas import (
    FileList,
    FileNames,
    FileRead,
    HoldRequest,
    Part,
    Provenance,
    ScrubReport,
    SignedUrl,
    SignRequest,
    Usage,
)
from hubs.data_hub.storage.service import StorageService, in_future, read_file, read_part
from shared.auth import CanWriteData, Principal, Public
from shared.core.errors import Invalid
from shared.http.conditional import matches

router = APIRouter(prefix="/api/v1", tags=["storage"])
UPLOAD_PATH = "/api/v1/storage/uploads"
"""Exempt from the common body limit: it counts for itself, as it writes to disk what it reads."""
_SAFE = {"X-Content-Type-Options": "nosniff", "Content-Security-Policy": "default-src 'none'; sandbox"}
_BINARY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}


def _reads_all(caller: Principal) -> bool:
    return caller.may("data:read") or caller.may("data:write")


@router.post("/storage/uploads", status_code=201, summary="Store a file", openapi_extra=_BINARY)
def store_file(
    request: Request,
    caller: CanWriteData,
    upload: UploadDep,
    service: StorageDep,
    parts: PartsDep,
    name: Annotated[str, Query(max_length=255)],
    namespace: Annotated[str, Query(max_length=260)] = "files",
    is_public: bool = False,
    retention_days: Annotated[int | None, Query(ge=1, le=36_500)] = None,
) -> FileRead:
    """Keep the body as the next version of its name; equal bytes are kept once."""
    names = FileNames(namespace, name, request.headers.get("content-type", ""), is_public, retention_days)
    stored = service.store(upload, names, caller.subject)
    parts.keeper.wake()
    return stored


@router.get("/storage/files", summary="Files, newest first")
def list_files(
    request: Request,
    caller: Public,
    service: StorageDep,
    namespace: Annotated[str, Query(max_length=260)] = "",
    name: Annotated[str, Query(max_length=255)] = "",
    before: UUID | None = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
) -> FileList:
    """Answer files; public ones only to those who may not read all."""
    if "\x00" in namespace or "\x00" in name:
        raise Invalid("a name contains no NUL character")
    found = service.list(namespace, name, before, limit, may_read_all=_reads_all(caller))
    following = None
    if len(found) == limit:
        following = f"{request.url.path}?{request.url.include_query_params(before=found[-1].id).query}"
    return FileList(data=list(found), next=following)


@router.get("/storage/files/{file_id}", summary="What is known about a file")
def get_file(file_id: UUID, caller: Public, service: StorageDep) -> FileRead:
    """Answer a file's names, hash, size and type."""
    return read_file(service.get(file_id, may_read_all=_reads_all(caller)))


@router.get("/storage/files/{file_id}/content", summary="The bytes of a file", response_class=Response)
def get_content(request: Request, file_id: UUID, caller: Public, service: StorageDep) -> Response:
    """Answer the bytes, or the part that a Range header asks for."""
    return _content(request, service, service.get(file_id, may_read_all=_reads_all(caller)))


@router.get("/storage/signed/{token}", summary="A file by its signed address", response_class=Response)
def get_signed(
    request: Request,
    token: Annotated[str, Path(max_length=200)],
    _: Public,
    service: StorageDep,
    parts: PartsDep,
) -> Response:
    """Answer the bytes to whoever holds the address, until it runs out."""
    return _content(request, service, service.get(parts.signer.check(token), may_read_all=True))


@router.post("/storage/files/{file_id}/sign", summary="Make a signed address")
def sign_file(
    file_id: UUID, request: SignRequest, _: CanWriteData, service: StorageDep, parts: PartsDep
) -> SignedUrl:
    """Answer an address that anyone may read until it runs out."""
    service.get(file_id, may_read_all=True)
    expires = in_future(request.ttl_s)
    return SignedUrl(url=f"/api/v1/storage/signed/{parts.signer.sign(file_id, expires)}", expires_at=expires)


@router.get("/storage/files/{file_id}/text", summary="The text of a PDF, HTML or plain file")
def get_text(file_id: UUID, caller: Public, service: StorageDep) -> dict[str, Any]:
    """Answer the text and its state: pending, done, none or failed."""
    row = service.text(service.get(file_id, may_read_all=_reads_all(caller)))
    return {"state": row["text_state"], "text": row["text"], "problem": row["text_problem"]}


@router.put("/storage/files/{file_id}/hold", summary="Put a file under a legal hold, or take it off")
def hold_file(file_id: UUID, request: HoldRequest, _: CanWriteData, service: StorageDep) -> FileRead:
    """Hold: neither retention nor a request removes the file until it is taken off."""
    return service.hold(file_id, is_held=request.is_held, reason=request.reason)


@router.delete("/storage/files/{file_id}", status_code=204, summary="Take a file out")
def delete_file(file_id: UUID, _: CanWriteData, service: StorageDep) -> None:
    """Delete; the bytes go when no other file names them."""
    service.delete(file_id)


@router.get("/storage/usage", summary="What is stored, in bytes")
def read_usage(_: CanWriteData, service: StorageDep) -> Usage:
    """Answer counts, bytes and the quota."""
    return service.usage()


@router.post("/storage/scrub", summary="Check stored bytes against their hashes, now")
def scrub(
    _: CanWriteData, service: StorageDep, limit: Annotated[int, Query(ge=1, le=10_000)] = 200
) -> ScrubReport:
    """Answer what is damaged, what has expired, what was removed."""
    return service.scrub(limit, age=timedelta(0))


@router.get("/provenance/{record_id}", summary="The documents behind a record, verified")
def get_provenance(record_id: UUID, _: Public, service: ProvenanceDep) -> Provenance:
    """Answer where a record was read, and whether the archived bytes still have their hash."""
    return service.of(record_id)


@router.get(
    "/provenance/{record_id}/{sha256}", summary="The archived bytes behind a record", response_class=Response
)
def get_provenance_content(
    record_id: UUID,
    sha256: Annotated[str, Path(pattern="^[0-9a-f]{64}$")],
    _: Public,
    service: ProvenanceDep,
) -> Response:
    """Answer the bytes as they were archived, verified against their hash."""
    found, url = service.content(record_id, sha256)
    headers = {**_SAFE, "ETag": f'"{sha256}"', "X-Source-URL": quote(url, safe=":/?&=%~+,;@!$'()*#[]")}
    return Response(found.body, headers=headers, media_type=found.media_type)


def _content(request: Request, service: StorageService, row: Any) -> Response:
    size, etag = row["size_bytes"], f'"{row["sha256"]}"'
    headers = {
        **_SAFE,
        "ETag": etag,
        "Accept-Ranges": "bytes",
        "Last-Modified": row["created_at"].strftime("%a, %d %b %Y %H:%M:%S GMT"),
        "Cache-Control": "public, max-age=86400, immutable" if row["is_public"] else "private, no-cache",
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(row['name'])}",
        "Content-Type": row["media_type"],
    }
    if matches(request.headers.get("if-none-match"), etag):
        return Response(status_code=304, headers=headers)
    asked = request.headers.get("range")
    if asked and request.headers.get("if-range", etag) != etag:
        asked = None
    part = read_part(asked, size)
    whole = part or Part(0, size)
    headers["Content-Length"] = str(whole.length)
    if part is not None:
        headers["Content-Range"] = f"bytes {part.start}-{part.start + part.length - 1}/{size}"
    status = 206 if part else 200
    return StreamingResponse(service.content(row, whole), status, headers=headers)
