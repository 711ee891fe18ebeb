"""OAuth 2.1 grants: what an application gets for its credentials, a code or a refresh token."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import urlsplit

from sqlalchemy.orm import Session

from hubs.security_hub.clients.errors import BadClient
from hubs.security_hub.clients.service import Client, ClientService
from hubs.security_hub.clients.service import build as build_clients
from hubs.security_hub.oauth.errors import OAuthError, invalid_client
from hubs.security_hub.roles.schemas import parse_scope
from hubs.security_hub.tokens.service import Grantee, TokenMint
from shared.app import Resources
from shared.contracts.http.tokens import TokenRead
from shared.core.errors import Invalid


class OAuthService:
    """The token endpoint's decisions."""

    def __init__(self, clients: ClientService, mint: TokenMint) -> None:
        self._clients = clients
        self._mint = mint

    def authenticate(self, client_id: str, secret: str | None) -> Client:
        """Return the client that asks; a public one only names itself.

        Raises: OAuthError (invalid_client).
        """
        if secret is not None:
            try:
                return self._clients.authenticate(client_id, secret)
            except BadClient as error:
                raise invalid_client(error.detail) from None
        client = self._clients.find(client_id)
        if client is None or not client.is_public:
            raise invalid_client("the client is not known or its secret is wrong")
        return client

    def client_credentials(self, client: Client, scope: str, resources: Iterable[str]) -> TokenRead:
        """Return a token for the client itself.

        Raises: OAuthError.
        """
        self.require_grant(client, "client_credentials")
        scopes = self.service_scopes(client, scope)
        grantee = Grantee(client.subject, client.client_id, "service", scopes)
        token, lifetime = self._mint.access_token(grantee, resources=checked_resources(resources))
        return TokenRead(access_token=token, expires_in=lifetime, scope=" ".join(scopes))

    @staticmethod
    def require_grant(client: Client, grant_type: str) -> None:
        """Refuse a grant that the client is not registered for.

        Raises: OAuthError (unauthorized_client).
        """
        if grant_type not in client.grant_types:
            raise OAuthError("unauthorized_client", f"this client may not use {grant_type}")

    @staticmethod
    def service_scopes(client: Client, scope: str) -> tuple[str, ...]:
        """Return the scopes asked for, or all that the client has when it asks for none.

        Raises: OAuthError (invalid_scope).
        """
        asked = parsed_scope(scope)
        if not asked:
            return client.scopes
        for name in asked:
            if not client.may(name):
                raise OAuthError("invalid_scope", f"this client may not have {name!r}")
        return asked


def parsed_scope(scope: str) -> tuple[str, ...]:
    """Return the scopes in a request.

    Raises: OAuthError (invalid_scope).
    """
    try:
        return parse_scope(scope)
    except Invalid as error:
        raise OAuthError("invalid_scope", error.detail) from None


def checked_resources(resources: Iterable[str]) -> tuple[str, ...]:
    """Return resource indicators (RFC 8707): absolute URIs without a fragment.

    Raises: OAuthError (invalid_target).
    """
    checked = tuple(resources)
    for resource in checked:
        parts = urlsplit(resource)
        if not parts.scheme or not parts.netloc or "#" in resource or len(resource) > 500 or len(checked) > 5:
            raise OAuthError(
                "invalid_target", "a resource is an absolute URI without a fragment; at most five"
            )
    return checked


def build(session: Session, resources: Resources) -> OAuthService:
    """Return the service for one transaction."""
    return OAuthService(build_clients(session, resources), resources.get(TokenMint))
