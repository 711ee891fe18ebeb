"""Flags for their owners, and OFREP 0.3 for those who ask."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI, Path, Query, Request
from starlette.responses import Response, StreamingResponse

from hubs.security_hub.feed.dependencies import FeedDep
from hubs.security_hub.feed.service import STREAM_HEADERS, server_sent_events
from hubs.security_hub.flags.dependencies import AskerDep, FlagBoardDep, FlagServiceDep
from hubs.security_hub.flags.errors import FlagNotFound, OfrepError
from hubs.security_hub.flags.evaluation import Answer, TargetingKeyMissing
from hubs.security_hub.flags.schemas import (
    FLAG_PATTERN,
    FlagList,
    FlagRead,
    FlagVersionList,
    FlagWrite,
    KillForm,
    StaleReport,
)
from hubs.security_hub.flags.service import TOPIC
from shared.app import ResourcesDep
from shared.auth import CanReadConfig, CanWriteConfig, Public
from shared.http.conditional import etag_of, matches
from shared.http.json import dumps, loads

router = APIRouter()
FlagPath = Annotated[str, Path(pattern=FLAG_PATTERN)]
_MAX_BODY = 65_536
_EVENTS = "/ofrep/v1/events"


@router.get("/api/v1/flags", tags=["flags"], summary="List flags")
def list_flags(flags: FlagServiceDep, _: CanReadConfig) -> FlagList:
    return FlagList(data=list(flags.list()))


@router.get("/api/v1/flags/stale", tags=["flags"], summary="Flags that may have outlived their purpose")
def list_stale(
    flags: FlagServiceDep,
    board: FlagBoardDep,
    _: CanReadConfig,
    days: Annotated[int, Query(ge=1, le=365)] = 30,
) -> StaleReport:
    board.write_uses()
    return flags.stale(days)


@router.get("/api/v1/flags/{key}", tags=["flags"], summary="Read a flag")
def read_flag(key: FlagPath, flags: FlagServiceDep, _: CanReadConfig) -> FlagRead:
    return flags.get(key)


@router.put("/api/v1/flags/{key}", tags=["flags"], summary="Write a flag")
def put_flag(key: FlagPath, form: FlagWrite, flags: FlagServiceDep, caller: CanWriteConfig) -> FlagRead:
    return flags.put(key, form, caller)


@router.delete("/api/v1/flags/{key}", tags=["flags"], status_code=204, summary="Delete a flag")
def delete_flag(key: FlagPath, flags: FlagServiceDep, caller: CanWriteConfig) -> None:
    flags.delete(key, caller)


@router.post("/api/v1/flags/{key}/kill", tags=["flags"], summary="Turn the kill switch on or off")
def kill_flag(key: FlagPath, form: KillForm, flags: FlagServiceDep, caller: CanWriteConfig) -> FlagRead:
    return flags.kill(key, form.is_killed, form.reason, caller)


@router.get("/api/v1/flags/{key}/versions", tags=["flags"], summary="A flag as it was")
def list_versions(key: FlagPath, flags: FlagServiceDep, _: CanReadConfig) -> FlagVersionList:
    return FlagVersionList(data=list(flags.versions(key)))


@router.post("/api/v1/flags/{key}/rollback", tags=["flags"], summary="Bring a former state back")
def roll_back(
    key: FlagPath,
    flags: FlagServiceDep,
    caller: CanWriteConfig,
    version: Annotated[int, Query(ge=1)],
    reason: Annotated[str, Query(max_length=500)] = "",
) -> FlagRead:
    return flags.rollback(key, version, reason, caller)


async def read_context(request: Request) -> Mapping[str, Any]:
    """Return the context of an OFREP request.

    Raises: OfrepError (PARSE_ERROR, INVALID_CONTEXT).
    """
    key = str(request.path_params.get("key", ""))
    body = await request.body()
    if len(body) > _MAX_BODY:
        raise OfrepError(400, "PARSE_ERROR", f"the context is larger than {_MAX_BODY} bytes", key)
    try:
        found = loads(body) if body.strip() else {}
    except ValueError:
        raise OfrepError(400, "PARSE_ERROR", "the body is not JSON", key) from None
    context = found.get("context", {}) if isinstance(found, dict) else None
    if not isinstance(context, dict):
        raise OfrepError(400, "INVALID_CONTEXT", "context must be an object", key)
    return context


ContextDep = Annotated[Mapping[str, Any], Depends(read_context)]


@router.post("/ofrep/v1/evaluate/flags/{key}", tags=["ofrep"], summary="Evaluate one flag")
def evaluate_flag(key: str, context: ContextDep, board: FlagBoardDep, asker: AskerDep, _: Public) -> Response:
    try:
        answer = board.evaluate(key, context, may_see_all=asker.may_see_all)
    except FlagNotFound as error:
        raise OfrepError(404, "FLAG_NOT_FOUND", error.detail, key) from None
    except TargetingKeyMissing as error:
        raise OfrepError(400, "TARGETING_KEY_MISSING", str(error), key) from None
    return Response(
        dumps(_success(answer)), media_type="application/json", headers={"Cache-Control": "no-store"}
    )


@router.post("/ofrep/v1/evaluate/flags", tags=["ofrep"], summary="Evaluate every flag")
def evaluate_flags(
    request: Request,
    context: ContextDep,
    board: FlagBoardDep,
    asker: AskerDep,
    resources: ResourcesDep,
    _: Public,
    flag_config_etag: Annotated[str, Query(alias="flagConfigEtag", max_length=200)] = "",
    flag_config_modified: Annotated[str, Query(alias="flagConfigLastModified", max_length=100)] = "",
) -> Response:
    flags = []
    for flag in board.visible(may_see_all=asker.may_see_all):
        try:
            flags.append(_success(board.answer(flag, context)))
        except TargetingKeyMissing as error:
            failure = {"key": flag.key, "errorCode": "TARGETING_KEY_MISSING", "errorDetails": str(error)}
            flags.append(failure)
    events = f"{resources.settings.issuer.rstrip('/')}{_EVENTS}"
    body = dumps({"flags": flags, "metadata": {}, "eventStreams": [{"type": "sse", "url": events}]})
    # The tag covers the answers for this very context, not only the set of flags.
    etag = etag_of(body)
    headers = {"ETag": etag, "Cache-Control": "private, no-cache", "Vary": "Authorization, X-API-Key"}
    if matches(request.headers.get("if-none-match"), etag):
        return Response(status_code=304, headers=headers)
    return Response(body, media_type="application/json", headers=headers)


@router.get(_EVENTS, tags=["ofrep"], summary="An event whenever flags should be fetched again")
async def stream_events(feed: FeedDep, _: Public) -> StreamingResponse:
    def event() -> dict[str, Any]:
        return {"type": "refetchEvaluation", "etag": f'"{feed.count(TOPIC)}"'}

    return StreamingResponse(server_sent_events(feed, TOPIC, event), headers=STREAM_HEADERS)


def _success(answer: Answer) -> dict[str, Any]:
    metadata: dict[str, Any] = {"version": answer.version}
    if answer.rule:
        metadata["rule"] = answer.rule
    return {
        "key": answer.key,
        "value": answer.value,
        "variant": answer.variant,
        "reason": answer.reason,
        "metadata": metadata,
    }


def install_ofrep_errors(app: FastAPI) -> None:
    """Answer failed evaluations in the shape that OFREP clients read."""

    async def on_ofrep_error(request: Request, error: Exception) -> Response:
        assert isinstance(error, OfrepError)
        headers = {"Cache-Control": "no-store", **error.headers}
        return Response(
            dumps(error.problem()), error.answer_status, headers=headers, media_type="application/json"
        )

    app.add_exception_handler(OfrepError, on_ofrep_error)
