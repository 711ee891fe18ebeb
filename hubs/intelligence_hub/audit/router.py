"""The audit log: append, find, prove, export; reading it is audited too."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse

from hubs.intelligence_hub.audit.dependencies import AuditServiceDep, AuditWriterDep, SearchDep
from hubs.intelligence_hub.audit.errors import NoSuchTree
from hubs.intelligence_hub.audit.export import export_lines
from hubs.intelligence_hub.audit.repository import AuditRepository
from hubs.intelligence_hub.audit.schemas import (
    Appended,
    ConsistencyProof,
    EntryCreate,
    EntryRead,
    InclusionProof,
    RedactionCreate,
    Search,
    Verification,
)
from hubs.intelligence_hub.audit.service import AuditService, build
from hubs.intelligence_hub.audit.verify import verify_log
from shared.app import Resources, ResourcesDep
from shared.auth import CanReadAudit, CanWriteAudit, Principal, Public
from shared.core.errors import Invalid
from shared.db.cursor import cursor_codec
from shared.db.dependency import SessionDep
from shared.db.paginate import paginate
from shared.db.session import transaction
from shared.http.cells import safe_cell
from shared.http.pages import Page

router = APIRouter(prefix="/api/v1/audit", tags=["audit"])
_COLUMNS = (
    "seq",
    "occurred_at",
    "clock_source",
    "recorded_at",
    "producer",
    "actor",
    "actor_type",
    "action",
    "target_type",
    "target",
    "reason",
    "request_id",
    "leaf_hash",
)
_LAST_TILE = 2**54
"""Its hashes have numbers of less than 63 bits."""
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
def append_entry(entry: EntryCreate, writer: AuditWriterDep, caller: CanWriteAudit) -> Appended:
    if "occurred_at" in entry.model_fields_set and not entry.clock_source:
        entry = entry.model_copy(update={"clock_source": entry.producer or caller.subject})
    return writer.append([entry])[0]


@router.get("/entries", summary="Find entries, newest first")
def list_entries(
    request: Request,
    session: SessionDep,
    service: AuditServiceDep,
    writer: AuditWriterDep,
    resources: ResourcesDep,
    principal: CanReadAudit,
    found: SearchDep,
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
    cursor: str | None = None,
) -> Page[EntryRead]:
    query = service.search(found)
    page = paginate(session, query, codec=cursor_codec(resources.settings), limit=limit, cursor=cursor)
    writer.append([_read_of(principal, "entries", request)])
    following = None
    if page.next_cursor:
        following = str(request.url.include_query_params(cursor=page.next_cursor))
    return Page(data=service.rendered(page.items), next=following)


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


@router.get(
    "/export", summary="The whole log, verifiable offline; or what a search finds, as a table or lines"
)
def export(
    request: Request,
    resources: ResourcesDep,
    service: AuditServiceDep,
    writer: AuditWriterDep,
    principal: CanReadAudit,
    found: SearchDep,
    format: Annotated[
        Literal["ndjson", "csv", "entries"],
        Query(description="ndjson: all, to verify; csv and entries: what the search finds, newest first"),
    ] = "ndjson",
) -> Response:
    if format == "ndjson" and found != Search():
        raise Invalid("only the whole log can be verified: leave out the search, or ask for csv or entries")
    writer.append([_read_of(principal, f"export.{format}", request)])
    name = f'attachment; filename="audit.{"csv" if format == "csv" else "ndjson"}"'
    headers = {"Content-Disposition": name, "Cache-Control": "no-store"}
    if format == "csv":
        return StreamingResponse(
            _csv(resources, found), media_type="text/csv; charset=utf-8", headers=headers
        )
    lines = _whole(resources, service) if format == "ndjson" else _lines(resources, found)
    return StreamingResponse(lines, media_type="application/x-ndjson", headers=headers)


def _whole(resources: Resources, service: AuditService) -> Iterator[bytes]:
    checkpoint, key = service.checkpoint(), service.verifier_key()

    def lines() -> Iterator[bytes]:
        with transaction(resources.sessionmaker) as session:
            yield from export_lines(AuditRepository(session), checkpoint, key)

    return lines()


def _found(resources: Resources, searched: Search) -> Iterator[EntryRead]:
    with transaction(resources.sessionmaker) as session:
        service = build(session, resources)
        query = service.search(searched)
        for rows in session.scalars(query.execution_options(yield_per=500)).partitions():
            yield from service.rendered(rows)


def _lines(resources: Resources, searched: Search) -> Iterator[bytes]:
    for entry in _found(resources, searched):
        # Not by the faster encoder: it knows no number of more than 64 bits.
        yield entry.model_dump_json().encode() + b"\n"


def _csv(resources: Resources, searched: Search) -> Iterator[bytes]:
    yield (",".join(_COLUMNS) + "\r\n").encode()
    for entry in _found(resources, searched):
        buffer = io.StringIO()
        csv.writer(buffer).writerow([safe_cell(getattr(entry, name)) for name in _COLUMNS])
        yield buffer.getvalue().encode()


@router.get("/verification", summary="Recompute the whole log now")
def verify(
    request: Request,
    session: SessionDep,
    service: AuditServiceDep,
    writer: AuditWriterDep,
    principal: CanReadAudit,
) -> Verification:
    writer.append([_read_of(principal, "verification", request)])
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
    request: Request,
    service: AuditServiceDep,
    writer: AuditWriterDep,
    principal: CanReadAudit,
    path: Annotated[str, Path(pattern=r"^(\d{1,2}|entries)(/x\d{3})*/\d{3}(\.p/\d{1,3})?$")],
) -> Response:
    kind, _slash, rest = path.partition("/")
    rest, _dot, partial = rest.partition(".p/")
    index = int("".join(part.lstrip("x") for part in rest.split("/")))
    width = int(partial) if partial else 256
    if (partial and not 0 < width < 256) or index > _LAST_TILE:
        raise NoSuchTree("no log has such a tile")
    if kind == "entries":
        body = service.entry_bundle(index, width)
        writer.append([_read_of(principal, f"tile/{path}", request)])
    else:
        body = service.tile(int(kind), index, width)
    return Response(body, media_type="application/octet-stream", headers=_TILE_CACHE)
