"""The authorization endpoint: where an application sends a person, and the person decides."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlencode, urlsplit

from fastapi import APIRouter, Depends, FastAPI, Request
from starlette.responses import Response

from hubs.security_hub.accounts.service import build as build_accounts
from hubs.security_hub.authorize.dependencies import AuthorizeServiceDep
from hubs.security_hub.authorize.errors import SentBack, Unredirectable
from hubs.security_hub.authorize.schemas import AuthorizationRequest, query_fields
from hubs.security_hub.authorize.service import AskFirst, SignInFirst
from hubs.security_hub.pages.dependencies import BrowserDep, FormFieldsDep, PagesDep, find_browser
from hubs.security_hub.pages.service import Browser, Pages, form_source
from hubs.security_hub.roles.schemas import SCOPES
from hubs.security_hub.throttle.dependencies import client_address
from shared.app import ResourcesDep, resources_of
from shared.auth import Public
from shared.db.dependency import SessionDep

router = APIRouter(tags=["oauth"])
_OPEN = {"x-open-query": True}
_MARK = "op_since"


def read_query(request: Request) -> tuple[dict[str, str], tuple[str, ...]]:
    """Return the parameters of the request and its resources.

    Raises: Unredirectable for a parameter that comes twice; nothing in it can then be believed.
    """
    params: dict[str, str] = {}
    resources: list[str] = []
    for name, value in query_fields(request.url.query):
        if name == "resource":
            resources.append(value)
        elif name in params or "\0" in value:
            raise Unredirectable(f"{name} comes more than once, or holds a NUL")
        else:
            params[name] = value
    return params, tuple(dict.fromkeys(resources))


QueryDep = Annotated[tuple[dict[str, str], tuple[str, ...]], Depends(read_query)]


@router.get("/oauth/authorize", summary="Authorization endpoint", openapi_extra=_OPEN)
def authorize(
    request: Request,
    query: QueryDep,
    service: AuthorizeServiceDep,
    browser: BrowserDep,
    pages: PagesDep,
    session: SessionDep,
    resources: ResourcesDep,
    _: Public,
) -> Response:
    params, targets = query
    try:
        asked = service.read(params, targets)
        step = service.step(asked, browser.live, params.get(_MARK, ""))
    except SentBack as error:
        return pages.go(browser, service.send_back(error).url)
    if isinstance(step, SignInFirst):
        again = _query_with(params, targets, step.since)
        fields = {"next": f"/oauth/authorize?{again}"}
        if asked.login_hint:
            fields["login_hint"] = asked.login_hint
        return pages.go(browser, f"/signin?{urlencode(fields)}")
    if isinstance(step, AskFirst):
        assert browser.live is not None
        user = build_accounts(session, resources).get(browser.live.user_id)
        return _ask(pages, browser, asked, step, request.url.query, user.display_name or user.email)
    return pages.go(browser, step.url)


@router.post("/oauth/authorize", summary="The person's decision", openapi_extra=_OPEN)
def decide(
    query: QueryDep,
    fields: FormFieldsDep,
    service: AuthorizeServiceDep,
    browser: BrowserDep,
    pages: PagesDep,
    _: Public,
) -> Response:
    params, targets = query
    try:
        asked = service.read(params, targets)
    except SentBack as error:
        return pages.go(browser, service.send_back(error).url)
    if browser.live is None:
        again = urlencode({"next": f"/oauth/authorize?{_query_with(params, targets, '')}"})
        return pages.go(browser, f"/signin?{again}")
    is_allowed = fields.get("decision") == "allow"
    done = service.approve(asked, browser.live) if is_allowed else service.deny(asked, browser.live)
    return pages.go(browser, done.url)


def _query_with(params: dict[str, str], resources: tuple[str, ...], since: str) -> str:
    pairs = [(name, value) for name, value in params.items() if name not in (_MARK, "lang")]
    pairs += [("resource", resource) for resource in resources]
    return urlencode([*pairs, (_MARK, since)] if since else pairs)


def _ask(
    pages: Pages, browser: Browser, asked: AuthorizationRequest, step: AskFirst, query: str, who: str
) -> Response:
    column = 0 if browser.language == "en" else 1
    client = asked.client
    return pages.show(
        browser,
        "consent",
        form_to=[form_source(asked.redirect_uri)],
        client_name=client.name_en if browser.language == "en" else client.name_fr,
        who=who,
        scopes=[SCOPES[scope][column] for scope in step.scopes],
        host=urlsplit(asked.redirect_uri).netloc or urlsplit(asked.redirect_uri).scheme,
        query=query,
    )


def install_authorize_errors(app: FastAPI) -> None:
    """Answer requests that nobody can be sent back from with a page of ours."""

    def on_unredirectable(request: Request, error: Exception) -> Response:
        assert isinstance(error, Unredirectable)
        resources = resources_of(request)
        browser = find_browser(request, resources, client_address(request, resources))
        pages = resources.get(Pages)
        return pages.show(browser, "message", status=400, title="badlink.title", text="badlink.text")

    app.add_exception_handler(Unredirectable, on_unredirectable)
