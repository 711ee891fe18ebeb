"""What an application asks when it starts: ``/api/mobile/{config,features,status}``."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from hubs.ux_hub.mobile.schemas import COLLECTIONS, MAX_BATCH, MAX_HELD, DeviceConfig
from hubs.ux_hub.web.dependencies import CurrentReaderDep
from hubs.ux_hub.web.service.language import LANGS
from shared.app import ResourcesDep
from shared.auth import Public
from shared.clients.base import HubClient
from shared.core.errors import AppError

router = APIRouter(prefix="/api/mobile", tags=["mobile"])


@router.get("/config", summary="Languages, limits and where things are")
def read_config(resources: ResourcesDep, _: Public) -> DeviceConfig:
    base = (resources.settings.public_url or resources.settings.hubs.ux).rstrip("/")
    return DeviceConfig(
        languages=list(LANGS),
        kinds=list(COLLECTIONS),
        batch=MAX_BATCH,
        held=MAX_HELD,
        api=f"{base}/api/mobile/v1",
        push_key=f"{base}/api/v1/push/key",
    )


@router.get("/features", summary="The public flags, as they answer for nobody in particular")
def read_features(resources: ResourcesDep, _: Public) -> dict[str, Any]:
    security = HubClient(resources.settings.hubs.security, resources.http, None)
    body = {"context": {"targetingKey": "mobile"}}
    found = security.request("POST", "/ofrep/v1/evaluate/flags", json=body)
    return {"features": {flag["key"]: flag["value"] for flag in found["flags"] if "value" in flag}}


@router.get("/status", summary="Whether the service is up, and how far the record is")
def read_status(record: CurrentReaderDep, _: Public) -> dict[str, Any]:
    try:
        state = str(record.health()["state"])
    except AppError:
        state = "unknown"
    return {"state": state, "token": str(record.changes(after="now", limit=1)["meta"]["position"])}
