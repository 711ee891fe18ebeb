"""What a request for authorization says, once it was understood."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from hubs.security_hub.authorize.errors import SentBack, Unredirectable
from hubs.security_hub.clients.service import Client
from hubs.security_hub.roles.schemas import SCOPES, parse_scope
from shared.core.errors import Invalid

_CHALLENGE = re.compile(r"^[A-Za-z0-9_-]{43}$")
_PROMPTS = {"none", "login", "consent", "select_account"}
MAX_VALUE = 2_000


@dataclass(frozen=True)
class AuthorizationRequest:
    """A well-formed request of a known application."""

    client: Client
    redirect_uri: str
    is_redirect_given: bool
    state: str | None
    scopes: tuple[str, ...]
    resources: tuple[str, ...]
    code_challenge: str
    nonce: str
    prompts: frozenset[str]
    max_age: int | None
    login_hint: str


def read_request(
    params: Mapping[str, str], resources: tuple[str, ...], client: Client | None
) -> AuthorizationRequest:
    """Understand the parameters of an authorization request.

    Raises: Unredirectable when the application or its redirect URI is wrong; SentBack for everything else.
    """
    if client is None or "authorization_code" not in client.grant_types:
        raise Unredirectable("the application is not known here")
    given = params.get("redirect_uri", "")
    redirect_uri = given or (client.redirect_uris[0] if len(client.redirect_uris) == 1 else "")
    if not redirect_uri or not client.redirects_to(redirect_uri):
        raise Unredirectable("the application asks to send you to an address that it has not registered")
    state = params.get("state")

    def refuse(error: str, description: str) -> SentBack:
        return SentBack(error, description, redirect_uri, state)

    if any(len(value) > MAX_VALUE for value in params.values()):
        raise refuse("invalid_request", "a parameter is too long")
    if "request" in params or "request_uri" in params:
        name = "request" if "request" in params else "request_uri"
        raise refuse(f"{name}_not_supported", f"{name} is not supported")
    if params.get("response_type") != "code":
        kind = "invalid_request" if "response_type" not in params else "unsupported_response_type"
        raise refuse(kind, "response_type must be code")
    if params.get("response_mode", "query") != "query":
        raise refuse("invalid_request", "response_mode must be query")
    challenge = params.get("code_challenge", "")
    if params.get("code_challenge_method") != "S256" or not _CHALLENGE.match(challenge):
        raise refuse("invalid_request", "PKCE is required: code_challenge with code_challenge_method S256")
    try:
        scopes = parse_scope(params.get("scope", "")) or tuple(s for s in client.scopes if s in SCOPES)
    except Invalid as error:
        raise refuse("invalid_scope", error.detail) from None
    for scope in scopes:
        if scope not in SCOPES or not client.may(scope):
            raise refuse("invalid_scope", f"the application may not ask for {scope}")
    prompts = frozenset(params.get("prompt", "").split())
    if not prompts <= _PROMPTS or ("none" in prompts and len(prompts) > 1):
        raise refuse("invalid_request", "prompt is not understood")
    max_age = params.get("max_age", "")
    if max_age and not (max_age.isascii() and max_age.isdigit() and len(max_age) < 10):
        raise refuse("invalid_request", "max_age is a number of seconds")
    for resource in resources:
        parts = urlsplit(resource)
        if not parts.scheme or not parts.netloc or "#" in resource or len(resources) > 5:
            raise refuse("invalid_target", "a resource is an absolute URI without a fragment; at most five")
    return AuthorizationRequest(
        client=client,
        redirect_uri=redirect_uri,
        is_redirect_given=bool(given),
        state=state,
        scopes=scopes,
        resources=resources,
        code_challenge=challenge,
        nonce=params.get("nonce", ""),
        prompts=prompts,
        max_age=int(max_age) if max_age else None,
        login_hint=params.get("login_hint", "")[:254],
    )


def with_query(url: str, values: Mapping[str, str | None]) -> str:
    """Return a URL with further query parameters, whatever query it had kept; None is left out."""
    parts = urlsplit(url)
    added = urlencode({name: value for name, value in values.items() if value is not None})
    query = f"{parts.query}&{added}" if parts.query else added
    return urlunsplit((parts.scheme, parts.netloc, parts.path, query, ""))


def query_fields(query: str) -> list[tuple[str, str]]:
    """Return the fields of a query string.

    Raises: Unredirectable when it cannot be read.
    """
    try:
        return parse_qsl(query, keep_blank_values=True, max_num_fields=60, errors="strict")
    except (ValueError, UnicodeError):
        raise Unredirectable("the link cannot be read") from None
