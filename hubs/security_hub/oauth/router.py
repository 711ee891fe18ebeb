"""The endpoints that OAuth and OpenID Connect clients know."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter, FastAPI, Request
from starlette.responses import Response

from hubs.security_hub.authorize.errors import CodeRefused
from hubs.security_hub.oauth.dependencies import (
    ClientCredentials,
    ClientCredentialsDep,
    Form,
    FormDep,
    OAuthServiceDep,
)
from hubs.security_hub.oauth.errors import OAuthError, invalid_grant, invalid_request
from hubs.security_hub.oauth.metadata import server_metadata
from hubs.security_hub.oauth.service import OAuthService, build, end_after_theft
from hubs.security_hub.sessions.errors import RefreshTokenReused
from shared.app import ResourcesDep
from shared.auth import CanReadUserinfo, Public
from shared.contracts.http.tokens import TokenRead
from shared.core.errors import Unauthorized
from shared.db.session import transaction
from shared.http.conditional import conditional
from shared.http.json import dumps

router = APIRouter(tags=["oauth"])
# Applications that run in a browser call these from their own origin; no cookie counts here.
_OPEN_CORS = {"Access-Control-Allow-Origin": "*"}
_NO_STORE = {"Cache-Control": "no-store", "Pragma": "no-cache", **_OPEN_CORS}


@router.get("/.well-known/openid-configuration", summary="OpenID Connect discovery")
@router.get("/.well-known/oauth-authorization-server", summary="OAuth authorization server metadata")
def read_metadata(request: Request, resources: ResourcesDep, _: Public) -> Response:
    body = dumps(server_metadata(resources.settings.issuer))
    return conditional(request, body, cache_control="public, max-age=300", headers=_OPEN_CORS)


@router.post("/oauth/token", summary="Token endpoint")
def token(form: FormDep, credentials: ClientCredentialsDep, resources: ResourcesDep, _: Public) -> Response:
    try:
        # Its own transaction: what a stolen code or token had given is ended after this one was rolled back.
        with transaction(resources.sessionmaker) as session:
            tokens = _tokens(build(session, resources), form, credentials)
    except (CodeRefused, RefreshTokenReused) as error:
        end_after_theft(resources, error, credentials.client_id, form.get("code", ""))
        raise invalid_grant(error.detail) from None
    body = tokens.model_dump(exclude_none=True)
    return Response(dumps(body), media_type="application/json", headers=_NO_STORE)


def _tokens(oauth: OAuthService, form: Form, credentials: ClientCredentials) -> TokenRead:
    client = oauth.authenticate(credentials.client_id, credentials.secret)
    match form.get("grant_type", ""):
        case "client_credentials":
            return oauth.client_credentials(client, form.get("scope", ""), form.resources)
        case "authorization_code":
            uri, verifier = form.get("redirect_uri", ""), form.get("code_verifier", "")
            return oauth.exchange_code(client, form.get("code", ""), uri, verifier, form.resources)
        case "refresh_token":
            old, scope = form.get("refresh_token", ""), form.get("scope", "")
            return oauth.refresh(client, old, scope, form.resources)
        case "":
            raise invalid_request("grant_type is missing")
        case other:
            raise OAuthError("unsupported_grant_type", f"{other[:60]!r} is not supported")


@router.post("/oauth/introspect", summary="What a token is worth (RFC 7662)")
def introspect(
    form: FormDep, credentials: ClientCredentialsDep, oauth: OAuthServiceDep, _: Public
) -> Response:
    client = oauth.authenticate(credentials.client_id, credentials.secret)
    if not form.get("token"):
        raise invalid_request("token is missing")
    return Response(
        dumps(oauth.introspect(client, form["token"])), media_type="application/json", headers=_NO_STORE
    )


@router.post("/oauth/revoke", summary="Disown a token (RFC 7009)")
def revoke(form: FormDep, credentials: ClientCredentialsDep, oauth: OAuthServiceDep, _: Public) -> Response:
    client = oauth.authenticate(credentials.client_id, credentials.secret)
    if not form.get("token"):
        raise invalid_request("token is missing")
    oauth.revoke(client, form["token"])
    return Response(status_code=200, headers=_NO_STORE)


@router.get("/oauth/userinfo", summary="Who the token's person is")
@router.post("/oauth/userinfo", summary="Who the token's person is")
def userinfo(oauth: OAuthServiceDep, caller: CanReadUserinfo) -> Response:
    if caller.kind != "user" or oauth.is_revoked(caller.claims):
        raise Unauthorized(
            "the token is no person's", headers={"WWW-Authenticate": 'Bearer error="invalid_token"'}
        )
    body = oauth.userinfo(UUID(caller.subject), caller.scopes)
    return Response(dumps(body), media_type="application/json", headers=_NO_STORE)


def install_oauth_errors(app: FastAPI) -> None:
    """Answer OAuth errors in the shape that OAuth clients read."""

    async def on_oauth_error(request: Request, error: Exception) -> Response:
        assert isinstance(error, OAuthError)
        return Response(
            dumps(error.problem()),
            error.answer_status,
            headers={**_NO_STORE, **error.headers},
            media_type="application/json",
        )

    app.add_exception_handler(OAuthError, on_oauth_error)
