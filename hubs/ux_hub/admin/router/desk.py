"""The console's pages: the overview, a list per section, single jobs, runs, queues, entries; and actions."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from hubs.ux_hub.admin.dependencies import Desk, DeskDep
from hubs.ux_hub.admin.errors import NotSignedIn
from hubs.ux_hub.admin.service.actions import ACTIONS, Action, Form, fill_in, is_offered
from hubs.ux_hub.admin.service.proofs import is_included
from hubs.ux_hub.admin.service.sections import SECTIONS
from hubs.ux_hub.web.dependencies import OPEN, Handler, PageRoute
from hubs.ux_hub.web.errors import PageNotFound
from hubs.ux_hub.web.service.answering import PRIVATE
from hubs.ux_hub.web.service.record import cursor_of
from shared.core.errors import AppError, Conflict, Invalid

_MOST_FIELD_CHARS = 20_000
_DIFFERENCES = 50


class ConsoleRoute(PageRoute):
    """A route of the console: who is not signed in is led to the form and back."""

    passes = (NotSignedIn,)

    def get_route_handler(self) -> Handler:
        """Return the handler with the way to the form around it."""
        inner = super().get_route_handler()

        async def handle(request: Request) -> Response:
            try:
                return await inner(request)
            except NotSignedIn:
                lang = request.path_params.get("lang", "en")
                onward = request.url.path if request.method == "GET" else f"/{lang}/admin"
                where = f"/{lang}/admin/sign-in?next={quote(onward)}"
                return Response(status_code=303, headers={"Location": where, "Cache-Control": PRIVATE})

        return handle


router = APIRouter(prefix="/{lang:lang}/admin", route_class=ConsoleRoute, tags=["console"])


def _try(desk: Desk, hub: str, path: str, /, **params: Any) -> Any:
    """Return what a hub answers, None when it refuses this person or is away."""
    try:
        return desk.ask(hub, path, **params)
    except NotSignedIn:
        raise
    except AppError:
        return None


@router.get("", summary="Overview", **OPEN)
def show_overview(desk: DeskDep) -> Response:
    may = desk.session.may
    jobs = _try(desk, "business", "/api/v1/jobs", limit=8) if may("jobs:read") else None
    held = _try(desk, "business", "/api/v1/runs", state="held", limit=8) if may("jobs:read") else None
    return desk.show(
        "admin/overview.html",
        health=_try(desk, "ops", "/api/v1/health"),
        resources=_try(desk, "ops", "/api/v1/resources") if may("ops:read") else None,
        jobs=(jobs or {}).get("data"),
        held=(held or {}).get("data"),
    )


@router.get("/jobs/{item}", summary="A job as it goes", **OPEN)
def show_job(desk: DeskDep, item: str) -> Response:
    job = desk.ask("business", f"/api/v1/jobs/{quote(item, safe='')}")
    logs = desk.ask("business", f"/api/v1/jobs/{job['id']}/logs", limit=200)["data"]
    return desk.show(
        "admin/job.html",
        job=job,
        logs=logs,
        is_live=job["state"] in ("pending", "running"),
        actions=offered(desk, ("cancel-job", "retry-job"), job),
    )


@router.get("/runs/{item}", summary="An import run: what it would change, what the guards found", **OPEN)
def show_run(
    desk: DeskDep,
    item: str,
    change: Annotated[str, Query(pattern="^(inserted|updated|tombstoned)?$")] = "",
    cursor: Annotated[str, Query(max_length=2_000)] = "",
) -> Response:
    path = f"/api/v1/runs/{quote(item, safe='')}"
    run = desk.ask("business", path)
    found = _try(desk, "business", f"{path}/differences", change=change, cursor=cursor, limit=_DIFFERENCES)
    return desk.show(
        "admin/run.html",
        run=run,
        differences=(found or {}).get("data"),
        change=change,
        cursor=cursor_of((found or {}).get("next")),
        has_cursor=bool(cursor),
        is_live=run["state"] in ("staging", "ready"),
        actions=offered(desk, ("release-run", "refuse-run"), run),
    )


@router.get("/queues/{item}", summary="A queue and its dead letters", **OPEN)
def show_queue(desk: DeskDep, item: str) -> Response:
    name = quote(item, safe="")
    queue = desk.ask("business", f"/api/v1/queues/{name}")
    dead = None if queue["is_dead"] else _try(desk, "business", f"/api/v1/queues/{name}/dead", limit=50)
    waiting = _try(desk, "business", f"/api/v1/queues/{name}/messages", limit=20)
    return desk.show(
        "admin/queue.html",
        queue=queue,
        dead=(dead or {}).get("data"),
        waiting=(waiting or {}).get("data"),
        actions=offered(
            desk,
            ("purge-queue",) if queue["is_dead"] else ("replay-dead", "discard-dead", "purge-queue"),
            queue,
        ),
    )


@router.get("/clients/{item}", summary="An application or service account and its API keys", **OPEN)
def show_client(desk: DeskDep, item: str) -> Response:
    path = f"/api/v1/clients/{quote(item, safe='')}"
    client = desk.ask("security", path)
    keys = desk.ask("security", f"{path}/api-keys")["data"] if client["kind"] == "service" else None
    names = ("rotate-api-key", "revoke-api-key")
    return desk.show(
        "admin/client.html",
        client=client,
        keys=None if keys is None else [(key, offered(desk, names, key)) for key in keys],
    )


@router.get("/config/{item}", summary="Every change of a value", **OPEN)
def show_versions(desk: DeskDep, item: str) -> Response:
    versions = desk.ask("security", f"/api/v1/config/{quote(item, safe='')}/versions")["data"]
    return desk.show(
        "admin/versions.html",
        key=item,
        versions=versions,
        actions=offered(desk, ("set-config", "unset-config"), {}),
        may_roll_back=desk.session.may(ACTIONS["rollback-config"].scope),
    )


@router.get("/audit/proof", summary="The whole log recomputed now", **OPEN)
def verify_log(desk: DeskDep) -> Response:
    return desk.show(
        "admin/proof.html", found=desk.ask("intelligence", "/api/v1/audit/verification"), entry=None
    )


@router.get("/audit/{seq}", summary="An entry of the audit log, with its proof checked here", **OPEN)
def show_entry(desk: DeskDep, seq: int) -> Response:
    entry = desk.ask("intelligence", f"/api/v1/audit/entries/{seq}")
    proof = desk.ask("intelligence", "/api/v1/audit/proofs/inclusion", seq=seq)
    is_sound = proof["leaf_hash"] == entry["leaf_hash"] and is_included(proof)
    return desk.show("admin/proof.html", entry=entry, proof=proof, is_sound=is_sound, found=None)


@router.get("/do/{name}", summary="Ask before something is done", **OPEN)
def show_action(
    desk: DeskDep, name: str, request: Request, item: Annotated[str, Query(max_length=500)] = ""
) -> Response:
    action = _action(desk, name)
    given: dict[str, str] = {}
    if action.reads and action.fill is not None:
        given |= action.fill(desk.ask(action.hub, fill_in(action.reads, {"item": item})))
    asked = request.query_params
    given |= {f.name: asked[f.name][:_MOST_FIELD_CHARS] for f in action.fields if f.name in asked}
    return desk.show("admin/action.html", action=action, item=item, given=given, problem="")


@router.post("/do/{name}", summary="Do it", **OPEN)
async def receive_action(desk: DeskDep, name: str, request: Request) -> Response:
    # The one place through which the console changes anything.
    from anyio import to_thread

    async with request.form(max_files=0, max_fields=20) as sent:
        form = {key: str(value)[:_MOST_FIELD_CHARS] for key, value in sent.items()}
    return await to_thread.run_sync(_do, desk, name, form)


def _do(desk: Desk, name: str, form: Form) -> Response:
    desk.check_form(form.get("csrf", ""))
    action = _action(desk, name)
    item = form.get("item", "")
    values = {"item": item, **{field.name: form.get(field.name, "").strip() for field in action.fields}}
    missing = [field.name for field in action.fields if field.is_required and not values[field.name]]
    if missing or (action.needs_page and form.get("confirmed") != "yes"):
        problem = "missing" if missing and form.get("confirmed") == "yes" else ""
        return desk.show("admin/action.html", 422 if problem else 200, action=action, item=item, given=values,
                         problem=problem)  # fmt: skip
    try:
        made = desk.act(
            action.hub, action.method, action.address(values), action.body(values) if action.body else None
        )
    except (Invalid, Conflict) as error:
        return desk.show("admin/action.html", error.status, action=action, item=item, given=values,
                         problem=error.detail)  # fmt: skip
    if action.reveals and isinstance(made, dict) and made.get(action.reveals):
        # In the answer to the form itself: a secret stands in no address, in no page to be asked for again.
        where = fill_in(action.shows or f"/admin/{action.back}", values)
        return desk.show("admin/revealed.html", action=action, secret=made[action.reveals], where=where)
    known = {**values, **({"id": made["id"]} if isinstance(made, dict) and made.get("id") else {})}
    where = f"/admin/{action.back}"
    if action.shows and ("{id}" not in action.shows or "id" in known):
        where = fill_in(action.shows, known)
    return Response(
        status_code=303, headers={"Location": f"/{desk.page.lang}{where}", "Cache-Control": PRIVATE}
    )


def _action(desk: Desk, name: str) -> Action:
    action = ACTIONS.get(name)
    if action is None or not desk.session.may(action.scope):
        raise PageNotFound(f"there is nothing called {name[:60]!r} to do")
    return action


def offered(desk: Desk, names: tuple[str, ...], row: Any) -> list[Action]:
    """Return those actions that this person may do and that make sense for a row."""
    return [
        ACTIONS[name]
        for name in names
        if desk.session.may(ACTIONS[name].scope) and is_offered(ACTIONS[name], row)
    ]


@router.get("/{name}", summary="A list of the console", **OPEN)
def show_section(desk: DeskDep, name: str, request: Request) -> Response:
    section = SECTIONS.get(name)
    if section is None or not desk.session.may(section.scope):
        raise PageNotFound(f"there is no section {name[:60]!r}")
    chosen = {key: request.query_params.get(key, "")[:200] for key in section.filters}
    chosen = {k: v if not (c := section.filters[k]) or v in c else "" for k, v in chosen.items()}
    cursor = request.query_params.get("cursor", "")[:2_000]
    answer = desk.ask(section.hub, section.path, **section.params, **chosen, cursor=cursor)
    # Short lists come without a frame around them.
    is_bare = isinstance(answer, list)
    rows = [dict(row) for row in (answer if is_bare else answer[section.rows_in])]
    return desk.show(
        "admin/section.html",
        section=section,
        rows=[(row, offered(desk, section.actions, row)) for row in rows],
        forms=[ACTIONS[one] for one in section.forms if desk.session.may(ACTIONS[one].scope)],
        chosen=chosen,
        cursor=None if is_bare else cursor_of(answer.get("next")),
        has_cursor=bool(cursor),
    )
