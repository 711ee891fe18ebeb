"""The endpoints that OAuth and OpenID Connect clients know."""

from __future__ import annotations

from fastapi import APIRouter, FastAPI, Request
from starlette.responses import Response

from hubs.security_hub.oauth.dependencies import ClientCredentialsDep, FormDep, OAuthServiceDep
from hubs.security_hub.oauth.errors import OAuthError, invalid_request
from hubs.security_hub.oauth.metadata import server_metadata
from shared.app import ResourcesDep
from shared.auth import Public
from shared.contracts.http.tokens import TokenRead
from shared.http.conditional import conditional
from shared.http.json import dumps

router = APIRouter(tags=["oauth"])
_NO_STORE = {"Cache-Control": "no-store", "Pragma": "no-cache"}


@router.get("/.well-known/openid-configuration", summary="OpenID Connect discovery")
@router.get("/.well-known/oauth-authorization-server", summary="OAuth authorization server metadata")
def read_metadata(request: Request, resources: ResourcesDep, _: Public) -> Response:
    """Return where everything is and what is supported."""
    return conditional(
        request,
        dumps(server_metadata(resources.settings.issuer)),
        cache_control="public, max-age=300",
        headers={"Access-Control-Allow-Origin": "*"},
    )


@router.post("/oauth/token", summary="Token endpoint")
def token(form: FormDep, credentials: ClientCredentialsDep, oauth: OAuthServiceDep, _: Public) -> Response:
    """Exchange client credentials, a code or a refresh token for an access token."""
    client = oauth.authenticate(credentials.client_id, credentials.secret)
    match form.get("grant_type", ""):
        case "client_credentials":
            return _answer(oauth.client_credentials(client, form.get("scope", ""), form.resources))
        case "":
            raise invalid_request("grant_type is missing")
        case other:
            raise OAuthError("unsupported_grant_type", f"{other[:60]!r} is not supported")


def _answer(tokens: TokenRead) -> Response:
    body = tokens.model_dump(exclude_none=True)
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
