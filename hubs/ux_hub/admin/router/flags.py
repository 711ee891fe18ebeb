"""A flag at the console: what it answers, who gets what, its history, and a try."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Path, Query
from starlette.responses import Response

from hubs.ux_hub.admin.dependencies import DeskDep
from hubs.ux_hub.admin.router.desk import ConsoleRoute, offered
from hubs.ux_hub.admin.service.actions import ACTIONS
from hubs.ux_hub.web.dependencies import OPEN
from shared.core.errors import AppError
from shared.http.json import loads

router = APIRouter(prefix="/{lang:lang}/admin/flags", route_class=ConsoleRoute, tags=["console"])


@router.get("/{item}", summary="A flag", **OPEN)
def show_flag(
    desk: DeskDep,
    item: Annotated[str, Path(max_length=100)],
    context: Annotated[str, Query(max_length=4_000)] = "",
) -> Response:
    name = quote(item, safe="")
    flag = desk.ask("security", f"/api/v1/flags/{name}")
    answer, problem = None, ""
    if context.strip():
        try:
            asked = {"context": loads(context)}
            answer = desk.act("security", "POST", f"/ofrep/v1/evaluate/flags/{name}", asked)
        except ValueError:
            problem = desk.page.t("console.not_json")
        except AppError as error:
            if error.status not in (400, 404, 422, 502):
                raise
            problem = error.detail or desk.page.t("console.refused")
    return desk.show(
        "admin/flag.html",
        flag=flag,
        versions=desk.ask("security", f"/api/v1/flags/{name}/versions")["data"],
        actions=offered(desk, ("set-flag", "kill-flag", "revive-flag", "delete-flag"), flag),
        may_roll_back=desk.session.may(ACTIONS["rollback-flag"].scope),
        context=context or '{"targetingKey": "somebody"}',
        answer=answer,
        problem=problem,
    )
