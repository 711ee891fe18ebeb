"""Receiving an upload: its bytes go to the database piece by piece as they come, within the limit."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from uuid import UUID

import anyio.to_thread
from fastapi import Request
from starlette.datastructures import UploadFile

from hubs.business_hub.op_import.dependencies import build_uploads
from hubs.business_hub.op_import.errors import Unreadable, UploadTooLarge
from hubs.business_hub.op_import.models import Upload
from hubs.business_hub.op_import.repository import UploadRepository
from hubs.business_hub.op_import.schemas import ImportOptions, UploadRead
from hubs.business_hub.settings import settings_of
from shared.app import Resources
from shared.db.session import transaction

PIECE_BYTES = 1024 * 1024
PART_BYTES = 16 * 1024 * 1024
_FORM_OVERHEAD = 64 * 1024


async def receive_upload(
    request: Request,
    resources: Resources,
    *,
    name: str,
    dataset: str,
    options: ImportOptions,
    actor: str,
    run: bool,
) -> UploadRead:
    """Store the body of a request, or the one file of its form, as an upload.

    Raises: UploadTooLarge, Unreadable; nothing of it stays then.
    """
    most = settings_of(resources.settings).uploads.max_bytes
    length = request.headers.get("content-length", "")
    if length.isdigit() and int(length) > most + _FORM_OVERHEAD:
        raise _too_large(most)
    is_form = request.headers.get("content-type", "").startswith("multipart/form-data")
    if is_form and not length:
        raise Unreadable("a form tells its length beforehand")
    if not is_form:
        return await _store(resources, request.stream(), most, name, dataset, options, actor, run)
    async with request.form(max_files=1, max_fields=10) as form:
        files = [part for part in form.values() if isinstance(part, UploadFile)]
        if not files:
            raise Unreadable("the form holds no file")
        pieces = _pieces(files[0])
        return await _store(
            resources, pieces, most, name or files[0].filename or "", dataset, options, actor, run
        )


async def receive_part(request: Request, resources: Resources, upload_id: UUID, number: int) -> None:
    """Store the body of a request as one part of an upload.

    Raises: UploadNotFound, UploadBusy, UploadTooLarge, Unreadable for an empty part.
    """
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > PART_BYTES:
            raise UploadTooLarge(f"a part has at most {PART_BYTES} bytes", max_bytes=PART_BYTES)
    if not body:
        raise Unreadable("the part is empty")
    await anyio.to_thread.run_sync(_put, resources, upload_id, number, bytes(body))


def _put(resources: Resources, upload_id: UUID, number: int, body: bytes) -> None:
    most = settings_of(resources.settings).uploads.max_bytes
    with transaction(resources.sessionmaker) as session:
        build_uploads(resources, session).put_part(upload_id, number, body, most)


async def _pieces(file: UploadFile) -> AsyncIterator[bytes]:
    while piece := await file.read(PIECE_BYTES):
        yield piece


async def _store(
    resources: Resources,
    stream: AsyncIterator[bytes],
    most: int,
    name: str,
    dataset: str,
    options: ImportOptions,
    actor: str,
    run: bool,
) -> UploadRead:
    upload = await anyio.to_thread.run_sync(_begin, resources, name or "upload", dataset, options, actor)
    mark = hashlib.sha256()
    size = number = 0
    held = bytearray()
    try:
        async for piece in stream:
            size += len(piece)
            if size > most:
                raise _too_large(most)
            mark.update(piece)
            held += piece
            while len(held) >= PIECE_BYTES:
                await anyio.to_thread.run_sync(
                    _write, resources, upload.id, number, bytes(held[:PIECE_BYTES])
                )
                del held[:PIECE_BYTES]
                number += 1
        if held:
            await anyio.to_thread.run_sync(_write, resources, upload.id, number, bytes(held))
        return await anyio.to_thread.run_sync(_end, resources, upload.id, size, mark.hexdigest(), run)
    except BaseException:
        # Also when the caller went away in the middle: half an upload is no upload.
        with anyio.CancelScope(shield=True):
            await anyio.to_thread.run_sync(_drop, resources, upload.id)
        raise


def _too_large(most: int) -> UploadTooLarge:
    return UploadTooLarge(f"an upload has at most {most} bytes", max_bytes=most)


def _begin(resources: Resources, name: str, dataset: str, options: ImportOptions, actor: str) -> Upload:
    with transaction(resources.sessionmaker) as session:
        return build_uploads(resources, session).begin(name, dataset, options, actor)


def _write(resources: Resources, upload_id: UUID, number: int, body: bytes) -> None:
    with transaction(resources.sessionmaker) as session:
        UploadRepository(session).add_chunk(upload_id, number, body)


def _end(resources: Resources, upload_id: UUID, size: int, sha256: str, run: bool) -> UploadRead:
    with transaction(resources.sessionmaker) as session:
        upload = build_uploads(resources, session).receive(upload_id, size, sha256, run=run)
        return UploadRead.model_validate(upload)


def _drop(resources: Resources, upload_id: UUID) -> None:
    with transaction(resources.sessionmaker) as session:
        UploadRepository(session).delete(upload_id)
