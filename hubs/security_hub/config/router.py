"""Configuration: keys, values, versions, export and import, and a stream of changes."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Body, Path, Query, Request
from starlette.responses import Response, StreamingResponse

from hubs.security_hub.auth.dependencies import PersonDep
from hubs.security_hub.config.dependencies import (
    ConfigDeclarationsDep,
    ConfigExchangeDep,
    ConfigServiceDep,
    EnvironmentDep,
)
from hubs.security_hub.config.schemas import (
    KEY_PATTERN,
    DiffRead,
    ImportReport,
    KeyList,
    KeyRead,
    KeyWrite,
    PersonalWrite,
    RollbackForm,
    ValueList,
    ValueRead,
    ValueWrite,
    VersionList,
)
from hubs.security_hub.config.service import TOPIC, build
from hubs.security_hub.feed.dependencies import FeedDep
from hubs.security_hub.feed.service import STREAM_HEADERS, server_sent_events
from shared.app import ResourcesDep
from shared.auth import CanReadConfig, CanWriteConfig, Principal
from shared.contracts.http.configuration import KeysDeclared, LiveKeys
from shared.core.errors import Forbidden
from shared.db.session import transaction
from shared.http.conditional import conditional
from shared.http.json import dumps

router = APIRouter(prefix="/api/v1/config", tags=["config"])
KeyPath = Annotated[str, Path(pattern=KEY_PATTERN, max_length=160)]
Service = Annotated[str | None, Query(pattern=r"^[a-z][a-z0-9-]{0,40}$")]
Reason = Annotated[str, Query(max_length=500)]
_PRIVATE = "private, no-cache"


def _own_services(caller: Principal) -> list[str]:
    """Return the services whose secrets a caller may read: a hub its own, and who may read all of them."""
    if caller.may("config:secrets"):
        return ["*"]
    is_hub = caller.kind == "service" and caller.subject.startswith("hub:")
    return [caller.subject.removeprefix("hub:")] if is_hub else []


@router.get("", summary="The values that hold; a hub sees its own secrets, others see masks")
def list_values(
    request: Request,
    config: ConfigServiceDep,
    environment: EnvironmentDep,
    caller: CanReadConfig,
    service: Service = None,
) -> Response:
    found = config.effective(environment, service, None, reveals=_own_services(caller))
    return conditional(request, dumps(found), cache_control=_PRIVATE)


@router.get("/keys", summary="What may be configured")
def list_keys(config: ConfigServiceDep, _: CanReadConfig, service: Service = None) -> KeyList:
    return KeyList(data=list(config.keys(service)))


@router.put("/keys/{key}", summary="Say what may be configured under a key")
def define_key(key: KeyPath, form: KeyWrite, config: ConfigServiceDep, caller: CanWriteConfig) -> KeyRead:
    return config.define(key, form, caller)


@router.put("/services/{service}", summary="Say what a hub can change without a restart: the hub itself does")
def declare_service(
    service: Annotated[str, Path(pattern=r"^[a-z][a-z0-9-]{0,40}$")],
    form: LiveKeys,
    declarations: ConfigDeclarationsDep,
    caller: CanReadConfig,
) -> KeysDeclared:
    if caller.subject != f"hub:{service}" and not caller.may("config:write"):
        raise Forbidden(f"what {service} can change is said by hub:{service} alone")
    return declarations.declare(service, form, caller)


@router.delete("/keys/{key}", status_code=204, summary="Remove a key and its values; versions stay")
def forget_key(key: KeyPath, config: ConfigServiceDep, caller: CanWriteConfig) -> None:
    config.forget(key, caller)


@router.get("/export", summary="Everything that is set, as YAML; secrets stay behind")
def export_values(exchange: ConfigExchangeDep, _: CanReadConfig) -> Response:
    return Response(exchange.export(), media_type="application/yaml", headers={"Cache-Control": "no-store"})


@router.post("/import", summary="Set everything in a YAML document, or nothing")
def import_values(
    exchange: ConfigExchangeDep,
    caller: CanWriteConfig,
    document: Annotated[str, Body(media_type="application/yaml", max_length=1_048_576)],
    overwrite: bool = False,
    dry_run: bool = False,
    reason: Reason = "",
) -> ImportReport:
    return exchange.load(document, caller, overwrite=overwrite, is_dry_run=dry_run, reason=reason)


@router.get("/changes", summary="Changes after a number, in order")
def list_changes(
    config: ConfigServiceDep,
    _: CanReadConfig,
    after: Annotated[int, Query(ge=0)] = 0,
    service: Service = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> VersionList:
    return VersionList(data=list(config.changes_after(after, service, limit)))


@router.get("/stream", summary="A server-sent event with every change")
async def stream_changes(
    feed: FeedDep, resources: ResourcesDep, _: CanReadConfig, service: Service = None
) -> StreamingResponse:
    def event() -> dict[str, object]:
        with transaction(resources.sessionmaker) as session:
            return {"type": "config-changed", "number": build(session, resources).last_number(service)}

    return StreamingResponse(server_sent_events(feed, TOPIC, event), headers=STREAM_HEADERS)


@router.get("/mine", summary="The values that hold for me")
def list_mine(config: ConfigServiceDep, environment: EnvironmentDep, person: PersonDep) -> ValueList:
    found = config.effective(environment, None, person.user_id)
    personal = {key.key for key in config.keys(None) if key.is_personal}
    return found.model_copy(update={"data": [value for value in found.data if value.key in personal]})


@router.put("/mine/{key}", summary="Set a value of my own")
def set_mine(key: KeyPath, form: PersonalWrite, config: ConfigServiceDep, person: PersonDep) -> ValueRead:
    return config.set(key, ValueWrite(value=form.value, user_id=person.user_id), person.principal)


@router.delete("/mine/{key}", status_code=204, summary="Let the general value hold for me again")
def unset_mine(key: KeyPath, config: ConfigServiceDep, person: PersonDep) -> None:
    config.unset(key, "", person.user_id, person.principal, "")


@router.get("/{key}", summary="The value that holds for a key")
def read_value(
    request: Request, key: KeyPath, config: ConfigServiceDep, environment: EnvironmentDep, _: CanReadConfig
) -> Response:
    return conditional(request, dumps(config.get(key, environment)), cache_control=_PRIVATE)


@router.put("/{key}", summary="Set a value in one scope")
def set_value(key: KeyPath, form: ValueWrite, config: ConfigServiceDep, caller: CanWriteConfig) -> ValueRead:
    return config.set(key, form, caller)


@router.delete("/{key}", status_code=204, summary="Let what is more general hold again")
def unset_value(
    key: KeyPath,
    config: ConfigServiceDep,
    caller: CanWriteConfig,
    environment: Annotated[str, Query(pattern=r"^[a-z0-9-]{0,32}$")] = "",
    user_id: UUID | None = None,
    reason: Reason = "",
) -> None:
    config.unset(key, environment, user_id, caller, reason)


@router.get("/{key}/versions", summary="Every change of a value: what, when, who and why")
def list_versions(
    key: KeyPath,
    config: ConfigServiceDep,
    _: CanReadConfig,
    environment: Annotated[str, Query(pattern=r"^[a-z0-9-]{0,32}$")] = "",
) -> VersionList:
    return VersionList(data=list(config.versions(key, environment, None)))


@router.get("/{key}/diff", summary="Where two versions differ")
def read_diff(
    key: KeyPath,
    config: ConfigServiceDep,
    _: CanReadConfig,
    from_version: Annotated[int, Query(ge=1)],
    to_version: Annotated[int, Query(ge=1)],
    environment: Annotated[str, Query(pattern=r"^[a-z0-9-]{0,32}$")] = "",
) -> DiffRead:
    return config.diff(key, environment, from_version, to_version)


@router.post("/{key}/rollback", summary="Bring an earlier version back")
def roll_back(
    key: KeyPath, form: RollbackForm, config: ConfigServiceDep, caller: CanWriteConfig
) -> ValueRead:
    return config.rollback(key, form.environment, form.user_id, form.version, caller, form.reason)
