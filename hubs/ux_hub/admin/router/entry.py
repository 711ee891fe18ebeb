"""Coming in and going out: ``/{lang}/admin/sign-in`` and ``/{lang}/admin/sign-out``."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form
from starlette.responses import Response

from hubs.ux_hub.admin.dependencies import COOKIE, DeskDep, Hubs, SessionsDep, is_own_site
from hubs.ux_hub.admin.errors import ForgedForm
from hubs.ux_hub.admin.service.sessions import LIFETIME_S
from hubs.ux_hub.web.dependencies import OPEN, Page, PageDep, PageRoute
from hubs.ux_hub.web.service.answering import PRIVATE, answer
from hubs.ux_hub.web.service.sanitising import local_path
from shared.app import ResourcesDep
from shared.auth import Public
from shared.core.errors import AppError

router = APIRouter(prefix="/{lang:lang}/admin", route_class=PageRoute, tags=["console"])
Text = Annotated[str, Form(max_length=300)]


def _form(
    page: Page, problem: str = "", challenge: str = "", onward: str = "", status: int = 200
) -> Response:
    html = page.html(
        "admin/sign_in.html", problem=problem, challenge=challenge, onward=onward, is_indexed=False
    )
    return answer(page.request, html, status=status, cache_control=PRIVATE)


@router.get("/sign-in", summary="Sign-in form", **OPEN)
def show_sign_in(page: PageDep, _: Public, next: str = "") -> Response:
    return _form(page, onward=local_path(next, ""))


@router.post("/sign-in", summary="Sign in", **OPEN)
def sign_in(
    page: PageDep,
    sessions: SessionsDep,
    resources: ResourcesDep,
    _: Public,
    login: Text = "",
    password: Text = "",
    code: Text = "",
    challenge: Text = "",
    next: Annotated[str, Form(max_length=1_000)] = "",
) -> Response:
    if not is_own_site(page.request):
        raise ForgedForm("this form is not from this site")
    security = resources.get(Hubs).caller("security", None)
    onward = local_path(next, f"/{page.lang}/admin")
    try:
        if challenge:
            body = {"challenge": challenge, "code": code.strip()}
            tokens = security.request("POST", "/api/v1/auth/login/code", json=body)
        else:
            body = {"login": login, "password": password}
            tokens = security.request("POST", "/api/v1/auth/login", json=body)
        session = sessions.open(tokens)
    except AppError as error:
        if error.status >= 500:
            raise
        asked = str(error.extensions.get("challenge") or challenge)
        # The first factor sufficed: ask for the second, without a word of blame.
        problem = "" if error.extensions.get("challenge") else _blame(error)
        return _form(page, problem, asked, onward, status=200 if not problem else error.status)
    response = Response(status_code=303, headers={"Location": onward, "Cache-Control": PRIVATE})
    _set_cookie(response, resources, session.name, LIFETIME_S)
    return response


def _blame(error: AppError) -> str:
    return {401: "wrong", 403: "no_role", 422: "wrong", 429: "too_often"}.get(error.status, "wrong")


def _set_cookie(response: Response, resources: ResourcesDep, value: str, age_s: int) -> None:
    is_secure = (resources.settings.public_url or resources.settings.hubs.ux).startswith("https://")
    response.set_cookie(
        COOKIE, value, max_age=age_s, path="/", secure=is_secure, httponly=True, samesite="strict"
    )


@router.post("/sign-out", summary="Sign out", **OPEN)
def sign_out(desk: DeskDep, sessions: SessionsDep, resources: ResourcesDep, csrf: Text = "") -> Response:
    desk.check_form(csrf)
    sessions.end(desk.session.name)
    target = f"/{desk.page.lang}/admin/sign-in"
    response = Response(status_code=303, headers={"Location": target, "Cache-Control": PRIVATE})
    _set_cookie(response, resources, "", 0)
    return response
