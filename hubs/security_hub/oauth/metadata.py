"""What the discovery documents say (RFC 8414, OpenID Connect Discovery 1.0)."""

from __future__ import annotations

from typing import Any

from hubs.security_hub.keys.service import ALGORITHM
from hubs.security_hub.roles.schemas import PERSONAL_SCOPES, SCOPES


def server_metadata(issuer: str) -> dict[str, Any]:
    """Return the authorization server's metadata; both well-known documents are this one."""
    auth_methods = ["client_secret_basic", "client_secret_post", "none"]
    base = issuer.rstrip("/")
    return {
        "issuer": issuer,
        "jwks_uri": f"{base}/.well-known/jwks.json",
        "authorization_endpoint": f"{base}/oauth/authorize",
        "token_endpoint": f"{base}/oauth/token",
        "userinfo_endpoint": f"{base}/oauth/userinfo",
        "introspection_endpoint": f"{base}/oauth/introspect",
        "revocation_endpoint": f"{base}/oauth/revoke",
        "end_session_endpoint": f"{base}/oauth/logout",
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code", "refresh_token", "client_credentials"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": [ALGORITHM],
        "token_endpoint_auth_methods_supported": auth_methods,
        "introspection_endpoint_auth_methods_supported": auth_methods[:2],
        "revocation_endpoint_auth_methods_supported": auth_methods,
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": True,
        "request_parameter_supported": False,
        "request_uri_parameter_supported": False,
        "claims_supported": [
            "sub",
            "name",
            "preferred_username",
            "locale",
            "email",
            "email_verified",
            "auth_time",
            "amr",
            "sid",
        ],
        "prompt_values_supported": ["none", "login", "consent", "select_account"],
        "scopes_supported": [*PERSONAL_SCOPES, *(name for name in SCOPES if name not in PERSONAL_SCOPES)],
        "ui_locales_supported": ["en", "fr"],
    }
