"""Signing in: password, then a code where one is asked for."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from hubs.security_hub.auth.dependencies import AuthServiceDep
from hubs.security_hub.auth.errors import BadCredentials, NotVerified, SecondFactorNeeded
from hubs.security_hub.auth.service import AuthService, Origin, Proven
from hubs.security_hub.challenges.errors import BadChallenge
from hubs.security_hub.factors.errors import BadCode
from hubs.security_hub.federation.errors import AddressTaken
from hubs.security_hub.federation.service import build as build_federation
from hubs.security_hub.pages.dependencies import BrowserDep, FormFieldsDep, PagesDep
from hubs.security_hub.pages.service import DEVICE, Browser, Pages, safe_next, say
from hubs.security_hub.passwords.errors import TooManyHashes
from hubs.security_hub.signin.dependencies import Destinations, DestinationsDep
from hubs.security_hub.throttle.errors import TooManyAttempts
from shared.app import Resources, ResourcesDep
from shared.auth import Public
from shared.core.errors import AppError
from shared.db.session import transaction

router = APIRouter()


def origin_of(browser: Browser) -> Origin:
    """Return whence a browser signs in."""
    return Origin(browser.address, browser.user_agent, browser.cookie(DEVICE)[:100])


def problem_text(browser: Browser, error: AppError) -> str:
    """Return what a page says about a refused sign-in."""
    match error:
        case TooManyAttempts():
            seconds = int(error.extensions.get("retry_after_s", 60))
            return say("signin.throttled", browser.language, minutes=max(1, -(-seconds // 60)))
        case TooManyHashes():
            return say("signin.busy", browser.language)
        case NotVerified():
            return say("signin.unverified", browser.language)
        case BadCode():
            return say("code.wrong", browser.language)
        case BadChallenge():
            return say("code.again", browser.language)
        case _:
            return say("signin.failed", browser.language)


def enter(
    auth: AuthService, pages: Pages, browser: Browser, proven: Proven, next_path: str, *, is_remembered: bool
) -> Response:
    """Open a session for a browser and send it on."""
    signed_in = auth.open_session(proven, origin_of(browser), is_remembered=is_remembered)
    browser.sign_in(signed_in.opened, signed_in.device_token, is_remembered=is_remembered)
    return pages.go(browser, safe_next(next_path))


def providers_of(resources: Resources, browser: Browser) -> list[dict[str, str]]:
    """Return the external providers that the page offers."""
    with transaction(resources.sessionmaker) as session:
        found = build_federation(session, resources).list(only_enabled=True)
    return [{"slug": p.slug, "name": p.name_en if browser.language == "en" else p.name_fr} for p in found]


def refuse_external(
    pages: Pages,
    browser: Browser,
    destinations: Destinations,
    resources: Resources,
    next_path: str,
    error: AppError,
    slug: str,
) -> Response:
    """Return the sign-in page, saying that another provider did not help."""
    names = {p["slug"]: p["name"] for p in providers_of(resources, browser)}
    key = "external.taken" if isinstance(error, AddressTaken) else "external.failed"
    text = say(key, browser.language, name=names.get(slug, slug[:40]))
    return _form(pages, browser, destinations, resources, next_path, "", error, text)


def _form(
    pages: Pages,
    browser: Browser,
    destinations: Destinations,
    resources: Resources,
    next_path: str,
    login: str,
    error: AppError | None = None,
    text: str = "",
) -> Response:
    path = safe_next(next_path)
    destination = destinations.of(path)
    response = pages.show(
        browser,
        "signin",
        status=error.status if error else 200,
        form_to=destination.form_to,
        client_name=destination.client_name,
        next=path,
        login=login,
        providers=providers_of(resources, browser),
        problem=text or (problem_text(browser, error) if error else ""),
    )
    if error:
        response.headers.update({k: v for k, v in error.headers.items() if k == "Retry-After"})
    return response


@router.get("/", include_in_schema=False)
@router.get("", summary="Sign-in page")
def show_form(
    browser: BrowserDep,
    pages: PagesDep,
    destinations: DestinationsDep,
    resources: ResourcesDep,
    _: Public,
    next: str = "",
    login_hint: Annotated[str, Query(max_length=254)] = "",
    lang: Annotated[str, Query(max_length=5)] = "",
) -> Response:
    return _form(pages, browser, destinations, resources, next, login_hint)


@router.post("", summary="Sign in with a password", openapi_extra={"x-open-query": True})
def sign_in(
    fields: FormFieldsDep,
    browser: BrowserDep,
    pages: PagesDep,
    destinations: DestinationsDep,
    resources: ResourcesDep,
    auth: AuthServiceDep,
    _: Public,
) -> Response:
    login, next_path = fields.get("login", "")[:254], safe_next(fields.get("next", ""))
    is_remembered = fields.get("remember") == "1"
    password = fields.get("password", "")
    try:
        if len(password) > auth.longest_password:
            raise BadCredentials("the account or the password is wrong")
        proven = auth.prove_password(login, password, origin_of(browser))
    except SecondFactorNeeded as needed:
        destination = destinations.of(next_path)
        return pages.show(
            browser,
            "code",
            form_to=destination.form_to,
            next=next_path,
            challenge=needed.challenge,
            remember=is_remembered,
        )
    except (BadCredentials, NotVerified, TooManyAttempts, TooManyHashes) as error:
        return _form(pages, browser, destinations, resources, next_path, login, error)
    return enter(auth, pages, browser, proven, next_path, is_remembered=is_remembered)


@router.post("/code", summary="Answer with a one-time or recovery code", openapi_extra={"x-open-query": True})
def answer_code(
    fields: FormFieldsDep,
    browser: BrowserDep,
    pages: PagesDep,
    destinations: DestinationsDep,
    resources: ResourcesDep,
    auth: AuthServiceDep,
    _: Public,
) -> Response:
    next_path = safe_next(fields.get("next", ""))
    is_remembered = fields.get("remember") == "1"
    challenge = fields.get("challenge", "")[:200]
    try:
        proven = auth.prove_code(challenge, fields.get("code", "")[:40], origin_of(browser))
    except BadChallenge as error:
        return _form(pages, browser, destinations, resources, next_path, "", error)
    except (BadCode, TooManyAttempts) as error:
        return pages.show(
            browser,
            "code",
            status=error.status,
            form_to=destinations.of(next_path).form_to,
            next=next_path,
            challenge=challenge,
            remember=is_remembered,
            problem=problem_text(browser, error),
        )
    return enter(auth, pages, browser, proven, next_path, is_remembered=is_remembered)
