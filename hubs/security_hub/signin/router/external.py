"""Signing in through another provider, with a browser alone."""

from __future__ import annotations

import hmac
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from hubs.security_hub.accounts.service import build as build_accounts
from hubs.security_hub.auth.dependencies import AuthServiceDep
from hubs.security_hub.auth.errors import BadCredentials
from hubs.security_hub.auth.service import Proven
from hubs.security_hub.challenges.errors import BadChallenge
from hubs.security_hub.challenges.service import take_answer
from hubs.security_hub.federation.dependencies import RemoteProvidersDep
from hubs.security_hub.federation.errors import AddressTaken, NotOurs, ProviderNotFound, ProviderRefused
from hubs.security_hub.federation.service import STATE, vouched_by
from hubs.security_hub.federation.service import build as build_federation
from hubs.security_hub.pages.dependencies import BrowserDep, FormFieldsDep, PagesDep
from hubs.security_hub.pages.service import safe_next
from hubs.security_hub.signin.dependencies import DestinationsDep
from hubs.security_hub.signin.router.enter import enter, refuse_external
from shared.app import ResourcesDep
from shared.auth import Public
from shared.db.session import transaction

router = APIRouter(prefix="/external")
Text = Annotated[str, Query(max_length=4_096)]
_OPEN = {"x-open-query": True}


@router.post("/{slug}", summary="Go to another provider", openapi_extra=_OPEN)
def begin(
    slug: str,
    fields: FormFieldsDep,
    browser: BrowserDep,
    pages: PagesDep,
    destinations: DestinationsDep,
    remote: RemoteProvidersDep,
    resources: ResourcesDep,
    _: Public,
) -> Response:
    next_path = safe_next(fields.get("next", ""))
    user_id = browser.live.user_id if browser.live else None
    try:
        with transaction(resources.sessionmaker) as session:
            registered = build_federation(session, resources).registration(slug)
        # No connection to our database is held while the other side is asked.
        metadata = remote.metadata(registered.issuer)
        with transaction(resources.sessionmaker) as session:
            federation = build_federation(session, resources)
            url = federation.begin(registered, metadata, browser.csrf, next_path, user_id)
    except (ProviderNotFound, ProviderRefused) as error:
        return refuse_external(pages, browser, destinations, resources, next_path, error, slug)
    return pages.go(browser, url)


@router.get("/{slug}/callback", summary="Come back from another provider", openapi_extra=_OPEN)
def come_back(
    slug: str,
    browser: BrowserDep,
    pages: PagesDep,
    destinations: DestinationsDep,
    remote: RemoteProvidersDep,
    auth: AuthServiceDep,
    resources: ResourcesDep,
    _: Public,
    state: Text = "",
    code: Text = "",
    iss: Text = "",
    error: Text = "",
) -> Response:
    next_path = ""
    try:
        asked = take_answer(resources, state, STATE)
        with transaction(resources.sessionmaker) as session:
            federation = build_federation(session, resources)
            journey = federation.journey(asked.payload)
            next_path = journey.next_path
            # The answer counts only in the browser that asked: nobody is signed in to somebody else's
            # account.
            if journey.provider != slug or not hmac.compare_digest(journey.binding, browser.csrf):
                raise ProviderRefused("the answer belongs to another browser")
            if error or not code:
                raise ProviderRefused(f"the provider said {error[:100]!r}")
            registered = federation.registration(slug)
        vouched = vouched_by(remote, registered, journey, code, iss)
        with transaction(resources.sessionmaker) as session:
            user_id = build_federation(session, resources).account_of(vouched, journey.user_id)
            user = build_accounts(session, resources).get(user_id)
        if not user.is_active:
            raise BadCredentials("the account or the password is wrong")
    except (
        BadChallenge,
        ProviderRefused,
        ProviderNotFound,
        NotOurs,
        AddressTaken,
        BadCredentials,
    ) as problem:
        return refuse_external(pages, browser, destinations, resources, next_path, problem, slug)
    proven = Proven(user_id, (), methods=("fed",))
    return enter(auth, pages, browser, proven, next_path, is_remembered=False)
