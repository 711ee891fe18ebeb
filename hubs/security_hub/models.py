"""Every table of the hub: importing this module is knowing the whole schema."""

from __future__ import annotations

from hubs.security_hub.accounts import models as accounts
from hubs.security_hub.base import inbox, metadata, outbox
from hubs.security_hub.clients import models as clients
from hubs.security_hub.keys import models as keys
from hubs.security_hub.roles import models as roles
from hubs.security_hub.sessions import models as sessions
from hubs.security_hub.throttle import models as throttle
from hubs.security_hub.tokens import models as tokens
from hubs.security_hub.vault import models as vault

__all__ = [
    "accounts",
    "clients",
    "inbox",
    "keys",
    "metadata",
    "outbox",
    "roles",
    "sessions",
    "throttle",
    "tokens",
    "vault",
]
