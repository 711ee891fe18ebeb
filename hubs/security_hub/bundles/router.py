"""What Open Policy Agents ask and tell: the Bundle, Discovery and Status APIs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any

import anyio.to_thread
from fastapi import APIRouter, Body, Path, Request
from starlette.responses import Response

from hubs.security_hub.bundles.dependencies import BundleServiceDep
from hubs.security_hub.bundles.schemas import AgentList, BundleKeyList, BundleKeyRead, BundleList
from hubs.security_hub.bundles.service import TOPIC, load
from hubs.security_hub.feed.dependencies import FeedDep
from shared.app import ResourcesDep
from shared.auth import CanAdminKeys, CanReadPolicies, CanReportPolicies
from shared.http.conditional import matches

router = APIRouter(tags=["bundles"])
_NAME = r"^[a-z][a-z0-9-]{0,60}(\.tar\.gz)?$"
_LONGEST_WAIT_S = 300
_LONG_POLLED = "application/vnd.openpolicyagent.bundles"


def _wait_s(prefer: str) -> int:
    """Return for how many seconds an agent is ready to wait (``Prefer: modes=snapshot;wait=30``)."""
    found = re.search(r"(?:^|[;,\s])wait=(\d{1,4})", prefer)
    return min(int(found[1]), _LONGEST_WAIT_S) if found else 0


@router.get("/bundles/{name}", summary="A signed bundle; waits for the next one when asked to")
async def read_bundle(
    name: Annotated[str, Path(pattern=_NAME)],
    request: Request,
    resources: ResourcesDep,
    feed: FeedDep,
    _: CanReadPolicies,
) -> Response:
    prefer = request.headers.get("prefer", "")
    held = request.headers.get("if-none-match")
    bundle = name.removesuffix(".tar.gz")
    # Agents poll without end, and only where this type says that they may.
    headers = {
        "Content-Type": _LONG_POLLED if prefer else "application/gzip",
        "Cache-Control": "private, no-cache",
    }
    seen = feed.count(TOPIC)
    etag, body = await anyio.to_thread.run_sync(load, resources, bundle)
    left = float(_wait_s(prefer))
    began = anyio.current_time()
    while matches(held, etag) and left > 0 and not feed.is_stopping:
        newer = await feed.wait(TOPIC, seen, left)
        left = _wait_s(prefer) - (anyio.current_time() - began)
        if newer != seen:
            seen = newer
            etag, body = await anyio.to_thread.run_sync(load, resources, bundle)
    headers["ETag"] = etag
    if matches(held, etag):
        return Response(status_code=304, headers=headers)
    return Response(body, headers=headers)


StatusBody = Annotated[Mapping[str, Any], Body()]


@router.post("/status", status_code=204, summary="An agent reports itself")
def report_status(status: StatusBody, bundles: BundleServiceDep, caller: CanReportPolicies) -> None:
    bundles.report(status, caller)


@router.post(
    "/status/{partition}", status_code=204, summary="An agent reports itself, under a name of its own"
)
def report_status_of(
    partition: Annotated[str, Path(max_length=100)],
    status: StatusBody,
    bundles: BundleServiceDep,
    caller: CanReportPolicies,
) -> None:
    bundles.report(status, caller)


@router.get("/api/v1/policies/bundles", summary="Bundles that are served")
def list_bundles(bundles: BundleServiceDep, _: CanReadPolicies) -> BundleList:
    return BundleList(data=list(bundles.list()))


@router.get("/api/v1/policies/bundles/keys", summary="Public keys to configure agents with")
def list_keys(bundles: BundleServiceDep, _: CanReadPolicies) -> BundleKeyList:
    return BundleKeyList(data=list(bundles.public_keys()))


@router.post("/api/v1/policies/bundles/keys/rotate", status_code=201, summary="Sign with a new key")
def rotate_key(bundles: BundleServiceDep, caller: CanAdminKeys) -> BundleKeyRead:
    return bundles.rotate_key(caller)


@router.get("/api/v1/policies/agents", summary="Agents and what each has in use")
def list_agents(bundles: BundleServiceDep, _: CanReadPolicies) -> AgentList:
    return AgentList(data=list(bundles.agents()))
