"""The decision API: OPA's REST semantics (openpolicyagent.org/docs/rest-api) and what operators read."""

from __future__ import annotations

import zlib
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from hubs.intelligence_hub.opa.dependencies import DecisionServiceDep
from hubs.intelligence_hub.opa.engine import MISSING
from hubs.intelligence_hub.opa.errors import (
    BadQuery,
    ModuleNotFound,
    NotOffered,
    OwnedByBundle,
    UndefinedDocument,
)
from hubs.intelligence_hub.opa.exact import read_exact, write_exact
from hubs.intelligence_hub.opa.logbook import OWN
from hubs.intelligence_hub.opa.repository import DecisionRepository
from hubs.intelligence_hub.opa.schemas import (
    BatchQuestion,
    DecisionRead,
    ReplayCreate,
    ReplayReport,
    read_input,
)
from hubs.intelligence_hub.opa.service import BUNDLE, Decision, DecisionService, replay, take_opa_log
from shared.app import ResourcesDep
from shared.auth import CanDecide, CanReadAudit, CanReadPolicies, CanReportPolicies, CanWritePolicies, Public
from shared.core.clock import in_utc
from shared.core.errors import AppError, Invalid, TooLarge
from shared.core.ids import new_id
from shared.db.cursor import cursor_codec
from shared.db.dependency import SessionDep
from shared.db.paginate import paginate
from shared.http.body import RawBody
from shared.http.json import loads
from shared.http.pages import Page

router = APIRouter(tags=["decisions"])
_OPEN: dict[str, Any] = {"x-open-query": True}
_MAX_LOG_BYTES = 50 * 2**20


def _json(value: Any, status: int = 200) -> Response:
    return Response(write_exact(value), status, media_type="application/json")


def _flag(request: Request, name: str) -> bool:
    return request.query_params.get(name, "").lower() in {"true", "1", ""} and name in request.query_params


async def _shown(request: Request, decision: Decision, service: DecisionService, question: Any) -> Response:
    answer = decision.shown()
    if _flag(request, "provenance"):
        answer["provenance"] = decision.answer.provenance
    if _flag(request, "metrics"):
        answer["metrics"] = {"timer_rego_query_eval_ns": int(decision.answer.seconds * 1e9)}
    if request.query_params.get("explain", "off") not in ("off", ""):
        answer["explanation"] = await service.engine.explain(decision.path, question)
    return _json(answer)


@router.get("/health", summary="Whether there is an engine with policies", openapi_extra=_OPEN)
def health(service: DecisionServiceDep, _: Public) -> dict[str, Any]:
    service.engine.health()
    return {}


@router.post("/v1/data/{path:path}", summary="A decision", openapi_extra=_OPEN)
@router.post("/v1/data", summary="The whole document tree", openapi_extra=_OPEN)
async def decide(
    request: Request, body: RawBody, service: DecisionServiceDep, principal: CanDecide, path: str = ""
) -> Response:
    question = read_input(body)
    decision = await service.ask(path, question, principal.subject)
    return await _shown(request, decision, service, question)


@router.get("/v1/data/{path:path}", summary="A decision, with the input in the query", openapi_extra=_OPEN)
@router.get("/v1/data", summary="The whole document tree", openapi_extra=_OPEN)
async def decide_by_query(
    request: Request, service: DecisionServiceDep, principal: CanDecide, path: str = ""
) -> Response:
    question: Any = MISSING
    if (text := request.query_params.get("input")) is not None:
        try:
            question = read_exact(text.encode())
        except ValueError as error:
            raise BadQuery("the parameter input is not JSON") from error
    decision = await service.ask(path, question, principal.subject)
    return await _shown(request, decision, service, question)


@router.put("/v1/data/{path:path}", summary="Refused: data comes in the bundle", openapi_extra=_OPEN)
@router.patch("/v1/data/{path:path}", summary="Refused: data comes in the bundle", openapi_extra=_OPEN)
@router.delete("/v1/data/{path:path}", summary="Refused: data comes in the bundle", openapi_extra=_OPEN)
def refuse_data(path: str, _: CanDecide) -> Response:
    raise OwnedByBundle(f"path {path} is owned by bundle {BUNDLE!r}")


@router.post("/v0/data/{path:path}", summary="A decision: the body is the input, the answer the bare result")
async def decide_plain(
    path: str, body: RawBody, service: DecisionServiceDep, principal: CanDecide
) -> Response:
    try:
        question = read_exact(body) if body.strip() else MISSING
    except ValueError as error:
        raise BadQuery("the body is not JSON") from error
    answer = (await service.ask(path, question, principal.subject)).answer
    if not answer.is_defined:
        raise UndefinedDocument("document is undefined")
    return _json(answer.value)


@router.post("/", summary="The default decision, system.main")
async def decide_default(body: RawBody, service: DecisionServiceDep, principal: CanDecide) -> Response:
    return await decide_plain("system/main", body, service, principal)


@router.post("/v1/query", summary="Documents bound to names, each with its input", openapi_extra=_OPEN)
async def query(body: RawBody, service: DecisionServiceDep, _: CanDecide) -> Response:
    try:
        asked = read_exact(body)
        text = str(asked["query"])
    except (ValueError, LookupError, TypeError) as error:
        raise BadQuery("the body is an object with a query") from error
    return _json(await service.query(text, asked.get("input", MISSING)))


@router.post("/v1/compile/{path:path}", summary="Refused: no partial evaluation", openapi_extra=_OPEN)
@router.post("/v1/compile", summary="Refused: no partial evaluation", openapi_extra=_OPEN)
def refuse_compile(_: CanDecide, path: str = "") -> Response:
    raise NotOffered("partial evaluation is not offered here: ask for decisions")


@router.post("/v1/batch/data/{path:path}", summary="Many inputs for one path, as Enterprise OPA answers")
async def decide_batch(
    path: str, questions: BatchQuestion, service: DecisionServiceDep, principal: CanDecide
) -> Response:
    responses: dict[str, Any] = {}
    for name, question in questions.inputs.items():
        try:
            decided = await service.ask(path, question, principal.subject)
            responses[name] = {**decided.shown(), "http_status_code": "200"}
        except AppError as error:
            responses[name] = {**error.problem(), "http_status_code": str(error.status)}
    failed = sum(response["http_status_code"] != "200" for response in responses.values())
    status = 200 if not failed else 500 if failed == len(responses) else 207
    return _json({"batch_decision_id": str(new_id()), "responses": responses}, status)


@router.get("/v1/policies", summary="The modules in force")
@router.get("/v1/policies/", summary="The modules in force", include_in_schema=False)
def list_policies(service: DecisionServiceDep, _: CanDecide) -> dict[str, Any]:
    return {"result": [{"id": name, "raw": raw} for name, raw in service.engine.policies().items()]}


@router.get("/v1/policies/{name:path}", summary="One module in force", openapi_extra=_OPEN)
def read_policy(name: str, service: DecisionServiceDep, _: CanDecide) -> dict[str, Any]:
    found = service.engine.policies().get(name)
    if found is None:
        raise ModuleNotFound(f"no module {name[:200]!r}")
    return {"result": {"id": name, "raw": found}}


@router.put("/v1/policies/{name:path}", summary="Refused: security_hub publishes", openapi_extra=_OPEN)
@router.delete("/v1/policies/{name:path}", summary="Refused: security_hub publishes", openapi_extra=_OPEN)
def refuse_policy(name: str, _: CanDecide) -> Response:
    raise OwnedByBundle(f"module {name[:200]!r} is owned by bundle {BUNDLE!r}: publish it in security_hub")


@router.get("/v1/config", summary="How the decision point is set up", openapi_extra=_OPEN)
def read_config(service: DecisionServiceDep, _: CanReadPolicies) -> dict[str, Any]:
    labels = {"id": OWN, "engine": service.engine.name}
    return {"result": {"labels": labels, "default_decision": "/system/main", "bundles": {BUNDLE: {}}}}


@router.get("/v1/status", summary="Which policies are in force", openapi_extra=_OPEN)
def read_status(service: DecisionServiceDep, _: CanReadPolicies) -> dict[str, Any]:
    provenance = service.engine.evaluate(("system", "main"), MISSING).provenance
    bundles = {
        name: {"name": name, "active_revision": bundle.get("revision", "")}
        for name, bundle in provenance.get("bundles", {}).items()
    }
    return {"result": {"labels": {"id": OWN}, "bundles": bundles}}


@router.post("/api/v1/decisions/batch/{path:path}", summary="Many inputs for one path")
async def decide_many(
    path: str, questions: BatchQuestion, service: DecisionServiceDep, principal: CanDecide
) -> dict[str, Any]:
    answers = {
        name: (await service.ask(path, question, principal.subject)).shown()
        for name, question in questions.inputs.items()
    }
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
    try:
        query = DecisionRepository(session).search(path, in_utc(since) if since else None)
    except ValueError as error:
        raise Invalid(f"since: {error}") from error
    found = paginate(session, query, codec=cursor_codec(resources.settings), limit=limit, cursor=cursor)
    following = str(request.url.include_query_params(cursor=found.next_cursor)) if found.next_cursor else None
    return Page(data=[DecisionRead.model_validate(row) for row in found.items], next=following)


@router.post("/api/v1/decisions/replay", summary="What a candidate policy would have decided otherwise")
def replay_decisions(
    create: ReplayCreate, session: SessionDep, service: DecisionServiceDep, _: CanWritePolicies
) -> ReplayReport:
    return replay(session, create, service.engine.data())
