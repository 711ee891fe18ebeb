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
        "token_endpoint": f"{base}/oauth/token",
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code", "refresh_token", "client_credentials"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": [ALGORITHM],
        "token_endpoint_auth_methods_supported": auth_methods,
        "code_challenge_methods_supported": ["S256"],
        "scopes_supported": [*PERSONAL_SCOPES, *(name for name in SCOPES if name not in PERSONAL_SCOPES)],
        "ui_locales_supported": ["en", "fr"],
    }
