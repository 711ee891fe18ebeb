"""The audit log: append, find, prove, export; reading it is audited too."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse

from hubs.intelligence_hub.audit.dependencies import AuditServiceDep, AuditWriterDep
from hubs.intelligence_hub.audit.export import export_lines
from hubs.intelligence_hub.audit.repository import AuditRepository
from hubs.intelligence_hub.audit.schemas import (
    Appended,
    ConsistencyProof,
    EntryCreate,
    EntryRead,
    InclusionProof,
    RedactionCreate,
    Verification,
)
from hubs.intelligence_hub.audit.verify import verify_log
from shared.app import ResourcesDep
from shared.auth import CanReadAudit, CanWriteAudit, Principal, Public
from shared.db.cursor import cursor_codec
from shared.db.dependency import SessionDep
from shared.db.paginate import paginate
from shared.db.session import transaction
from shared.http.pages import Page

router = APIRouter(prefix="/api/v1/audit", tags=["audit"])
Since = Annotated[datetime | None, Query(description="occurred at or after")]
Until = Annotated[datetime | None, Query(description="occurred before")]
_COLUMNS = (
    "seq",
    "occurred_at",
    "actor",
    "action",
    "target_type",
    "target",
    "reason",
    "request_id",
    "leaf_hash",
)
_TILE_CACHE = {"Cache-Control": "public, max-age=31536000, immutable"}


def _read_of(principal: Principal, what: str, request: Request) -> EntryCreate:
    return EntryCreate(
        producer="intelligence_hub",
        actor=principal.subject,
        actor_type=principal.kind,
        action="audit.read",
        target=what,
        target_type="audit_log",
        metadata={"query": str(request.url.query)[:1_000]},
    )


@router.post("/entries", status_code=201, summary="Append an entry")
def append_entry(entry: EntryCreate, writer: AuditWriterDep, _: CanWriteAudit) -> Appended:
    return writer.append([entry])[0]


@router.get("/entries", summary="Find entries, newest first")
def list_entries(
    request: Request,
    session: SessionDep,
    service: AuditServiceDep,
    writer: AuditWriterDep,
    resources: ResourcesDep,
    principal: CanReadAudit,
    actor: str = "",
    action: Annotated[str, Query(description="exact, or a beginning followed by *")] = "",
    target: str = "",
    since: Since = None,
    until: Until = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
    cursor: str | None = None,
) -> Page[EntryRead]:
    query = service.search(actor=actor, action=action, target=target, since=since, until=until)
    found = paginate(session, query, codec=cursor_codec(resources.settings), limit=limit, cursor=cursor)
    writer.append([_read_of(principal, "entries", request)])
    following = None
    if found.next_cursor:
        following = str(request.url.include_query_params(cursor=found.next_cursor))
    return Page(data=service.rendered(found.items), next=following)


@router.get("/entries/{seq}", summary="One entry")
def read_entry(
    request: Request, seq: int, service: AuditServiceDep, writer: AuditWriterDep, principal: CanReadAudit
) -> EntryRead:
    entry = service.get(seq)
    writer.append([_read_of(principal, f"entries/{seq}", request)])
    return entry


@router.post("/entries/{seq}/redaction", status_code=201, summary="Delete sensitive values; proofs stay")
def redact_entry(
    seq: int, redaction: RedactionCreate, service: AuditServiceDep, principal: CanWriteAudit
) -> Appended:
    return service.redact(seq, redaction, principal.subject)


@router.get("/export", summary="The whole log, verifiable offline (NDJSON), or a table (CSV)")
def export(
    request: Request,
    resources: ResourcesDep,
    service: AuditServiceDep,
    writer: AuditWriterDep,
    principal: CanReadAudit,
    format: Literal["ndjson", "csv"] = "ndjson",
) -> Response:
    writer.append([_read_of(principal, f"export.{format}", request)])
    checkpoint, key = service.checkpoint(), service.verifier_key()

    def lines() -> Iterator[bytes]:
        with transaction(resources.sessionmaker) as session:
            yield from export_lines(AuditRepository(session), checkpoint, key)

    if format == "csv":
        return StreamingResponse(_csv(resources), media_type="text/csv; charset=utf-8")
    return StreamingResponse(lines(), media_type="application/x-ndjson")


def _csv(resources: ResourcesDep) -> Iterator[str]:
    from hubs.intelligence_hub.audit.service import build

    def line(values: list[object]) -> str:
        buffer = io.StringIO()
        # A cell that begins like a formula would run in a spreadsheet.
        csv.writer(buffer).writerow(
            [f"'{v}" if str(v).startswith(("=", "+", "-", "@", "\t", "\r")) else v for v in values]
        )
        return buffer.getvalue()

    yield line(list(_COLUMNS))
    with transaction(resources.sessionmaker) as session:
        service = build(session, resources)
        for row in AuditRepository(session).all_entries():
            entry = service.rendered([row])[0]
            yield line([getattr(entry, name) for name in _COLUMNS])


@router.get("/verification", summary="Recompute the whole log now")
def verify(session: SessionDep, service: AuditServiceDep, _: CanReadAudit) -> Verification:
    return verify_log(AuditRepository(session), service.verifier_key())


@router.get("/proofs/inclusion", summary="Proof that an entry is in the log (RFC 6962)")
def prove_inclusion(
    service: AuditServiceDep,
    _: Public,
    seq: Annotated[int, Query(ge=0)],
    size: Annotated[int | None, Query(ge=1)] = None,
) -> InclusionProof:
    return service.prove_inclusion(seq, size)


@router.get("/proofs/consistency", summary="Proof that the log only grew (RFC 6962)")
def prove_consistency(
    service: AuditServiceDep,
    _: Public,
    first: Annotated[int, Query(ge=1)],
    second: Annotated[int | None, Query(ge=1)] = None,
) -> ConsistencyProof:
    return service.prove_consistency(first, second)


@router.get("/key", summary="The key that verifies checkpoints")
def read_key(service: AuditServiceDep, _: Public) -> dict[str, str]:
    return {"verifier_key": service.verifier_key()}


@router.get("/log/checkpoint", summary="Signed checkpoint (C2SP tlog-checkpoint)")
def checkpoint(service: AuditServiceDep, _: Public) -> PlainTextResponse:
    return PlainTextResponse(service.checkpoint(), headers={"Cache-Control": "no-store"})


@router.get("/log/tile/{path:path}", summary="Tiles of hashes and entries (C2SP tlog-tiles)")
def tile(
    service: AuditServiceDep,
    _: CanReadAudit,
    path: Annotated[str, Path(pattern=r"^(\d{1,2}|entries)(/x\d{3})*/\d{3}(\.p/\d{1,3})?$")],
) -> Response:
    kind, _slash, rest = path.partition("/")
    rest, _dot, partial = rest.partition(".p/")
    index = int("".join(part.lstrip("x") for part in rest.split("/")))
    width = int(partial) if partial else 256
    body = service.entry_bundle(index, width) if kind == "entries" else service.tile(int(kind), index, width)
    return Response(body, media_type="application/octet-stream", headers=_TILE_CACHE)
