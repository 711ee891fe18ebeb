"""The decision API: OPA's REST semantics (openpolicyagent.org/docs/rest-api) and what operators read."""

from __future__ import annotations

import zlib
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from hubs.intelligence_hub.opa.dependencies import DecisionServiceDep
from hubs.intelligence_hub.opa.engine import MISSING
from hubs.intelligence_hub.opa.errors import BadQuery
from hubs.intelligence_hub.opa.repository import DecisionRepository
from hubs.intelligence_hub.opa.schemas import BatchQuestion, DecisionRead, ReplayCreate, ReplayReport
from hubs.intelligence_hub.opa.service import Decision, DecisionService, replay, take_opa_log
from shared.app import ResourcesDep
from shared.auth import CanDecide, CanReadAudit, CanReportPolicies, CanWritePolicies, Public
from shared.core.errors import TooLarge
from shared.db.cursor import cursor_codec
from shared.db.dependency import SessionDep
from shared.db.paginate import paginate
from shared.http.body import RawBody
from shared.http.json import dumps, loads
from shared.http.pages import Page

router = APIRouter(tags=["decisions"])
_OPEN: dict[str, Any] = {"x-open-query": True}
_MAX_LOG_BYTES = 50 * 2**20


def _json(value: Any, status: int = 200) -> Response:
    return Response(dumps(value), status, media_type="application/json")


def _read_input(body: bytes) -> Any:
    if not body.strip():
        return MISSING
    try:
        found = loads(body)
    except ValueError as error:
        raise BadQuery("the body is not JSON") from error
    if not isinstance(found, dict):
        raise BadQuery("the body is not an object")
    return found.get("input", MISSING)


def _flag(request: Request, name: str) -> bool:
    return request.query_params.get(name, "").lower() in {"true", "1", ""} and name in request.query_params


def _shown(request: Request, decision: Decision, service: DecisionService) -> Response:
    answer: dict[str, Any] = {"decision_id": decision.decision_id}
    if decision.answer.is_defined:
        answer["result"] = decision.answer.value
    if _flag(request, "provenance"):
        answer["provenance"] = decision.answer.provenance
    if _flag(request, "metrics"):
        answer["metrics"] = {"timer_rego_query_eval_ns": int(decision.seconds * 1e9)}
    if request.query_params.get("explain", "off") not in ("off", ""):
        answer["explanation"] = [f"{service.engine.name} engine: the document is {_word(decision)}"]
    return _json(answer)


def _word(decision: Decision) -> str:
    return "defined" if decision.answer.is_defined else "undefined, which means no"


@router.get("/health", summary="Whether the engine answers", openapi_extra=_OPEN)
def health(service: DecisionServiceDep, _: Public) -> dict[str, Any]:
    service.engine.health()
    return {}


@router.post("/v1/data/{path:path}", summary="A decision", openapi_extra=_OPEN)
@router.post("/v1/data", summary="The whole document tree", openapi_extra=_OPEN)
def decide(
    request: Request, body: RawBody, service: DecisionServiceDep, principal: CanDecide, path: str = ""
) -> Response:
    strict = _flag(request, "strict-builtin-errors")
    decision = service.decide(path, _read_input(body), principal.subject, strict=strict)
    return _shown(request, decision, service)


@router.get("/v1/data/{path:path}", summary="A decision, with the input in the query", openapi_extra=_OPEN)
def decide_by_query(
    request: Request, path: str, service: DecisionServiceDep, principal: CanDecide
) -> Response:
    question: Any = MISSING
    if (text := request.query_params.get("input")) is not None:
        try:
            question = loads(text)
        except ValueError as error:
            raise BadQuery("the parameter input is not JSON") from error
    return _shown(request, service.decide(path, question, principal.subject), service)


@router.post("/v0/data/{path:path}", summary="A decision: the body is the input, the answer the bare result")
def decide_plain(path: str, body: RawBody, service: DecisionServiceDep, principal: CanDecide) -> Response:
    try:
        question = loads(body) if body.strip() else MISSING
    except ValueError as error:
        raise BadQuery("the body is not JSON") from error
    answer = service.decide(path, question, principal.subject).answer
    if not answer.is_defined:
        return _json({"code": "undefined_document", "message": "document is undefined"}, 404)
    return _json(answer.value)


@router.get("/v1/policies", summary="The modules in force")
@router.get("/v1/policies/", summary="The modules in force", include_in_schema=False)
def list_policies(service: DecisionServiceDep, _: CanDecide) -> dict[str, Any]:
    return {"result": [{"id": name, "raw": raw} for name, raw in service.engine.policies().items()]}


@router.post("/api/v1/decisions/batch/{path:path}", summary="Many inputs for one path")
def decide_many(
    path: str, questions: BatchQuestion, service: DecisionServiceDep, principal: CanDecide
) -> dict[str, Any]:
    answers = {}
    for name, question in questions.inputs.items():
        decision = service.decide(path, question, principal.subject)
        answers[name] = {"decision_id": decision.decision_id}
        if decision.answer.is_defined:
            answers[name]["result"] = decision.answer.value
    return {"responses": answers}


@router.post("/logs", status_code=204, summary="OPA's decision log (gzip or plain JSON)", openapi_extra=_OPEN)
def take_log(request: Request, body: RawBody, session: SessionDep, _: CanReportPolicies) -> None:
    if request.headers.get("content-encoding", "") == "gzip":
        reader = zlib.decompressobj(16 + zlib.MAX_WBITS)
        try:
            body = reader.decompress(body, _MAX_LOG_BYTES)
        except zlib.error as error:
            raise BadQuery("the body is not gzip") from error
        if reader.unconsumed_tail:
            raise TooLarge(f"the log expands to more than {_MAX_LOG_BYTES} bytes")
    try:
        entries = loads(body)
    except ValueError as error:
        raise BadQuery("the body is not JSON") from error
    if not isinstance(entries, list):
        raise BadQuery("a decision log is an array")
    take_opa_log(session, entries)


@router.get("/api/v1/decisions", summary="Logged decisions, newest first")
def list_decisions(
    request: Request,
    session: SessionDep,
    resources: ResourcesDep,
    _: CanReadAudit,
    path: Annotated[str, Query(max_length=500)] = "",
    since: datetime | None = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
    cursor: str | None = None,
) -> Page[DecisionRead]:
    query = DecisionRepository(session).search(path, since)
    found = paginate(session, query, codec=cursor_codec(resources.settings), limit=limit, cursor=cursor)
    following = str(request.url.include_query_params(cursor=found.next_cursor)) if found.next_cursor else None
    return Page(data=[DecisionRead.model_validate(row) for row in found.items], next=following)


@router.post("/api/v1/decisions/replay", summary="What a candidate policy would have decided otherwise")
def replay_decisions(create: ReplayCreate, session: SessionDep, _: CanWritePolicies) -> ReplayReport:
    return replay(session, create, {})
