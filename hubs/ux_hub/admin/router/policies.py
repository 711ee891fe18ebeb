"""Policies at the console: versions, the editor with its test run, differences, impact."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any
from urllib.parse import quote

from anyio import to_thread
from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response

from hubs.ux_hub.admin.dependencies import Desk, DeskDep
from hubs.ux_hub.admin.router.desk import ConsoleRoute, offered
from hubs.ux_hub.admin.service.drafts import MAX_FILES, Draft, draft_of, new_draft, read_draft
from hubs.ux_hub.web.dependencies import OPEN
from hubs.ux_hub.web.errors import PageNotFound
from hubs.ux_hub.web.service.answering import PRIVATE
from shared.core.errors import AppError, Conflict, Invalid

router = APIRouter(prefix="/{lang:lang}/admin/policies", route_class=ConsoleRoute, tags=["console"])
Item = Annotated[str, Path(max_length=100)]
Number = Annotated[int, Path(ge=1, le=10**6)]
_ACTIONS = ("test-version", "submit-version", "review-version", "publish-version", "rollback-version")
_DECISIONS = 500
"""Latest logged decisions that a version is tried on."""


def _path(item: str, rest: str = "") -> str:
    return f"/api/v1/policies/{quote(item, safe='')}{rest}"


@router.get("/{item}", summary="A policy and its versions", **OPEN)
def show_policy(desk: DeskDep, item: Item) -> Response:
    policy = desk.ask("security", _path(item))
    return desk.show(
        "admin/policy.html",
        policy=policy,
        versions=desk.ask("security", _path(item, "/versions"))["data"],
        actions=offered(desk, ("retire-policy",), policy) if policy["published_version"] else [],
    )


@router.get("/{item}/versions/{version}", summary="A version: files, tests, impact", **OPEN)
def show_version(
    desk: DeskDep,
    item: Item,
    version: Number,
    path: Annotated[str, Query(max_length=300, pattern=r"^[A-Za-z0-9_/]*$")] = "",
) -> Response:
    found = desk.ask("security", _path(item, f"/versions/{version}"))
    policy = desk.ask("security", _path(item))
    impact, problem = _impact(desk, item, version, path) if path else (None, "")
    return desk.show(
        "admin/version.html",
        policy=policy,
        version=found,
        decision_path=path or policy["root"],
        impact=impact,
        problem=problem,
        may_ask=desk.session.may("policies:write") and desk.session.may("audit:read"),
        actions=offered(desk, _ACTIONS, found),
    )


def _impact(desk: Desk, item: str, version: int, path: str) -> tuple[Mapping[str, Any] | None, str]:
    """Return what a version would have changed of the latest decisions at a path, or why that is unknown."""
    logged = desk.ask("intelligence", "/api/v1/decisions", path=path, limit=_DECISIONS)["data"]
    if not logged:
        return None, desk.page.t("console.no_decisions")
    decisions = [
        {
            "decision_id": one["decision_id"], "path": one["path"], "input": one["input"],
            "result": one["result"], "has_result": one["is_defined"],
        }
        for one in logged
    ]  # fmt: skip
    try:
        body = {"path": path, "decisions": decisions}
        return desk.act("security", "POST", _path(item, f"/versions/{version}/impact"), body), ""
    except (Invalid, Conflict) as error:
        return None, error.detail


@router.get("/{item}/diff", summary="How two versions differ", **OPEN)
def show_diff(
    desk: DeskDep,
    item: Item,
    from_: Annotated[int, Query(alias="from", ge=1, le=10**6)],
    to: Annotated[int, Query(ge=1, le=10**6)],
) -> Response:
    found = desk.ask("security", _path(item, "/diff"), from_version=from_, to_version=to)
    return desk.show("admin/diff.html", item=item, diff=found)


def _edit(desk: Desk, policy: Mapping[str, Any], draft: Draft, status: int = 200, **more: Any) -> Response:
    shown = {"problem": "", "report": None, "tests": None, **more}
    return desk.show("admin/policy_edit.html", status, policy=policy, draft=draft, **shown)


@router.get("/{item}/edit", summary="The editor, beginning with a version", **OPEN)
def show_editor(
    desk: DeskDep, item: Item, from_: Annotated[int | None, Query(alias="from", ge=1, le=10**6)] = None
) -> Response:
    _require(desk)
    policy = desk.ask("security", _path(item))
    versions = desk.ask("security", _path(item, "/versions"))["data"]
    start = from_ or (versions[0]["version"] if versions else None)
    if start is None:
        return _edit(desk, policy, new_draft(policy["root"]))
    return _edit(desk, policy, draft_of(desk.ask("security", _path(item, f"/versions/{start}"))))


@router.post("/{item}/edit", summary="Check and test what is written, or keep it as a version", **OPEN)
async def receive_draft(desk: DeskDep, item: Item, request: Request) -> Response:
    async with request.form(max_files=0, max_fields=4 * MAX_FILES + 10) as sent:
        form = {key: str(value) for key, value in sent.items()}
    return await to_thread.run_sync(_write, desk, item, form)


def _write(desk: Desk, item: str, form: Mapping[str, str]) -> Response:
    desk.check_form(form.get("csrf", ""))
    _require(desk)
    policy = desk.ask("security", _path(item))
    draft = Draft(data=form.get("data", ""), message=form.get("message", ""))
    try:
        draft = read_draft(form)
        content = draft.content()
        if form.get("do") == "save":
            made = desk.act(
                "security", "POST", _path(item, "/versions"), {**content, "message": draft.message[:500]}
            )
            where = f"/{desk.page.lang}/admin/policies/{quote(item, safe='')}/versions/{made['version']}"
            return Response(status_code=303, headers={"Location": where, "Cache-Control": PRIVATE})
        root = quote(policy["root"], safe="")
        report = desk.act("security", "POST", f"/api/v1/policies/validate?root={root}", content)
        # Tests of what does not even parse say nothing.
        tests = (
            desk.act("security", "POST", f"/api/v1/policies/try-tests?root={root}", content)
            if report["is_valid"] and content["tests"]
            else None
        )
    except (Invalid, Conflict) as error:
        return _edit(desk, policy, draft, error.status, problem=error.detail, report=_problems(error))
    return _edit(desk, policy, draft, report=report, tests=tests)


def _problems(error: AppError) -> Mapping[str, Any] | None:
    found = error.extensions.get("problems")
    return {"is_valid": False, "problems": found} if isinstance(found, list) else None


def _require(desk: Desk) -> None:
    if not desk.session.may("policies:write"):
        raise PageNotFound("this account may not write policies")
