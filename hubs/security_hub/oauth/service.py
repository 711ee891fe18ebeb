"""OAuth 2.1 grants: what an application gets for its credentials, a code or a refresh token; and what it
may learn.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from sqlalchemy.orm import Session

from hubs.security_hub.accounts.errors import UserNotFound
from hubs.security_hub.accounts.schemas import UserRead
from hubs.security_hub.accounts.service import AccountService
from hubs.security_hub.accounts.service import build as build_accounts
from hubs.security_hub.authorize.errors import CodeRefused
from hubs.security_hub.authorize.service import AuthorizeService
from hubs.security_hub.authorize.service import build as build_authorize
from hubs.security_hub.clients.errors import BadClient
from hubs.security_hub.clients.service import Client, ClientService
from hubs.security_hub.clients.service import build as build_clients
from hubs.security_hub.oauth.errors import OAuthError, invalid_client, invalid_grant
from hubs.security_hub.roles.schemas import parse_scope
from hubs.security_hub.roles.service import RoleService
from hubs.security_hub.roles.service import build as build_roles
from hubs.security_hub.sessions.errors import BadRefreshToken, RefreshTokenReused
from hubs.security_hub.sessions.service import Granted, Live, SessionService
from hubs.security_hub.sessions.service import build as build_sessions
from hubs.security_hub.tokens.errors import BadToken
from hubs.security_hub.tokens.service import Grantee, RevocationService, TokenMint
from hubs.security_hub.tokens.service import build as build_revocation
from shared.app import Resources
from shared.contracts.http.tokens import TokenRead
from shared.core.errors import Invalid
from shared.db.session import transaction

REFRESH_PREFIX = "opr_"


class OAuthService:
    """The decisions of the token, introspection, revocation, userinfo and logout endpoints."""

    def __init__(
        self,
        clients: ClientService,
        accounts: AccountService,
        roles: RoleService,
        sessions: SessionService,
        authorize: AuthorizeService,
        revocation: RevocationService,
        mint: TokenMint,
    ) -> None:
        self._clients = clients
        self._accounts = accounts
        self._roles = roles
        self._sessions = sessions
        self._authorize = authorize
        self._revocation = revocation
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
        _require_grant(client, "client_credentials")
        scopes = _service_scopes(client, scope)
        grantee = Grantee(client.subject, client.client_id, "service", scopes)
        token, lifetime = self._mint.access_token(grantee, resources=checked_resources(resources))
        return TokenRead(access_token=token, expires_in=lifetime, scope=" ".join(scopes))

    def exchange_code(
        self, client: Client, code: str, redirect_uri: str, verifier: str, resources: Iterable[str]
    ) -> TokenRead:
        """Return tokens for a code, once.

        Raises: OAuthError; CodeRefused, after which the code must be burnt.
        """
        _require_grant(client, "authorization_code")
        has_refresh = "refresh_token" in client.grant_types
        found = self._authorize.redeem(
            client.client_id, code, redirect_uri, verifier, has_refresh=has_refresh
        )
        granted = Granted(
            found.grant_id,
            found.user_id,
            found.session.session_id if found.session else None,
            client.client_id,
            found.scopes,
            found.resources,
            found.refresh_token,
        )
        return self._user_tokens(client, granted, found.scopes, resources, found.session, found.nonce)

    def refresh(self, client: Client, refresh_token: str, scope: str, resources: Iterable[str]) -> TokenRead:
        """Return new tokens for a refresh token, which is exchanged for another one.

        Raises: OAuthError; RefreshTokenReused, after which the whole grant must end.
        """
        _require_grant(client, "refresh_token")
        try:
            granted = self._sessions.refresh(refresh_token, client.client_id)
        except RefreshTokenReused:
            raise
        except BadRefreshToken as error:
            raise invalid_grant(error.detail) from None
        asked = parsed_scope(scope)
        if not set(asked) <= set(granted.scopes):
            raise OAuthError("invalid_scope", "a refresh cannot widen what was granted")
        live = self._sessions.find(granted.session_id) if granted.session_id else None
        return self._user_tokens(client, granted, asked or granted.scopes, resources, live, "")

    def introspect(self, client: Client, token: str) -> dict[str, Any]:
        """Return what a token is worth now (RFC 7662); an application learns about its own tokens only."""
        if client.is_public:
            raise invalid_client("introspection needs a client with a secret")
        found = self._describe(token)
        is_server = client.kind in ("platform", "service")
        if found is None or (not is_server and found["client_id"] != client.client_id):
            return {"active": False}
        return {"active": True, **found}

    def revoke(self, client: Client, token: str) -> None:
        """Disown a token of the client's (RFC 7009); whatever else it is given changes nothing."""
        if token.startswith(REFRESH_PREFIX):
            granted = self._sessions.find_by_refresh(token)
            if granted is not None and granted.client_id == client.client_id:
                self._sessions.end_grant(granted.grant_id, "revoked by the application")
            return
        try:
            claims = self._mint.read(token, "at+jwt")
        except BadToken:
            return
        if claims.get("client_id") == client.client_id:
            self._revocation.revoke(claims)

    def userinfo(self, user_id: UUID, scopes: frozenset[str]) -> dict[str, Any]:
        """Return what the token's scopes let an application know of a person.

        Raises: UserNotFound.
        """
        return {"sub": str(user_id), **_about(self._accounts.get(user_id), scopes)}

    def is_revoked(self, claims: dict[str, Any]) -> bool:
        """Tell whether an access token was disowned, by itself or with the grant it came from."""
        grant = claims.get("gid")
        if grant and not self._sessions.is_grant_live(UUID(str(grant))):
            return True
        return self._revocation.is_revoked(claims)

    def hinted_session(self, id_token: str) -> tuple[str, str]:
        """Return the client and the session that an ID token speaks of, expired or not; empty when it is
        not ours.
        """
        try:
            claims = self._mint.read(id_token, "JWT", may_be_expired=True)
        except BadToken:
            return "", ""
        return str(claims.get("aud", "")), str(claims.get("sid", ""))

    def logout_uri(self, client_id: str, uri: str) -> str:
        """Return where to go after signing out: a registered address of the client, else nowhere."""
        client = self._clients.find(client_id) if client_id else None
        return uri if client is not None and uri in client.logout_uris else ""

    def _user_tokens(
        self,
        client: Client,
        granted: Granted,
        scopes: tuple[str, ...],
        resources: Iterable[str],
        live: Live | None,
        nonce: str,
    ) -> TokenRead:
        targets = checked_resources(resources)
        if not set(targets) <= set(granted.resources):
            raise OAuthError("invalid_target", "the resource was not part of the authorization")
        try:
            user = self._accounts.get(granted.user_id)
        except UserNotFound:
            raise invalid_grant("the account has ended") from None
        if not user.is_active:
            raise invalid_grant("the account has ended")
        rights = self._roles.rights_of(user.id)
        present = tuple(scope for scope in scopes if rights.allow(scope) and client.may(scope))
        grantee = Grantee(
            str(user.id),
            client.client_id,
            "user",
            present,
            # A role is more than the person granted to somebody else's application.
            rights.roles if client.is_trusted else (),
            session_id=str(granted.session_id or ""),
        )
        # With the grant's id the token can be told from others when the grant ends before it does.
        token, lifetime = self._mint.access_token(
            grantee, resources=targets or granted.resources, gid=str(granted.grant_id)
        )
        id_token = None
        if "openid" in present:
            id_token = self._mint.id_token(
                grantee,
                nonce=nonce,
                auth_time=live.authenticated_at if live else None,
                amr=live.methods if live else (),
                access_token=token,
                **_about(user, frozenset(present)),
            )
        return TokenRead(
            access_token=token,
            expires_in=lifetime,
            refresh_token=granted.refresh_token,
            id_token=id_token,
            scope=" ".join(present),
        )

    def _describe(self, token: str) -> dict[str, Any] | None:
        if token.startswith(REFRESH_PREFIX):
            granted = self._sessions.find_by_refresh(token)
            if granted is None:
                return None
            return {
                "client_id": granted.client_id,
                "sub": str(granted.user_id),
                "scope": " ".join(granted.scopes),
                "token_type": "refresh_token",
                "iss": self._mint.issuer,
                "exp": int(granted.expires_at.timestamp()) if granted.expires_at else None,
            }
        try:
            claims = self._mint.read(token, "at+jwt")
        except BadToken:
            return None
        if self.is_revoked(claims) or not self._is_session_live(claims):
            return None
        return {**claims, "token_type": "Bearer"}

    def _is_session_live(self, claims: dict[str, Any]) -> bool:
        if not claims.get("sid"):
            return True
        return self._sessions.find(UUID(str(claims["sid"]))) is not None


def _about(user: UserRead, scopes: frozenset[str]) -> dict[str, Any]:
    """Return the claims about a person that scopes allow."""
    claims: dict[str, Any] = {}
    if "profile" in scopes:
        claims["name"] = user.display_name or user.username or ""
        claims["locale"] = user.language
        if user.username:
            claims["preferred_username"] = user.username
    if "email" in scopes:
        claims["email"] = user.email
        claims["email_verified"] = user.is_verified
    return claims


def _require_grant(client: Client, grant_type: str) -> None:
    if grant_type not in client.grant_types:
        raise OAuthError("unauthorized_client", f"this client may not use {grant_type}")


def _service_scopes(client: Client, scope: str) -> tuple[str, ...]:
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
    return OAuthService(
        build_clients(session, resources),
        build_accounts(session, resources),
        build_roles(session, resources),
        build_sessions(session, resources),
        build_authorize(session, resources),
        build_revocation(session, resources),
        resources.get(TokenMint),
    )


def end_after_theft(
    resources: Resources, error: CodeRefused | RefreshTokenReused, client_id: str, code: str
) -> None:
    """End what a refused code or a twice-used refresh token had given, in a transaction of its own."""
    with transaction(resources.sessionmaker) as session:
        if isinstance(error, RefreshTokenReused):
            build_sessions(session, resources).end_grant(error.grant_id, "refresh token used twice")
        else:
            build_authorize(session, resources).burn(client_id, code)
