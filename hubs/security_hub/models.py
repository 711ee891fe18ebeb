"""Every table of the hub: importing this module is knowing the whole schema."""

from __future__ import annotations

from hubs.security_hub.accounts import models as accounts
from hubs.security_hub.apikeys import models as apikeys
from hubs.security_hub.authorize import models as authorize
from hubs.security_hub.base import inbox, metadata, outbox
from hubs.security_hub.bundles import models as bundles
from hubs.security_hub.challenges import models as challenges
from hubs.security_hub.clients import models as clients
from hubs.security_hub.config import models as config
from hubs.security_hub.factors import models as factors
from hubs.security_hub.federation import models as federation
from hubs.security_hub.flags import models as flags
from hubs.security_hub.keys import models as keys
from hubs.security_hub.organisations import models as organisations
from hubs.security_hub.passkeys import models as passkeys
from hubs.security_hub.policy import models as policy
from hubs.security_hub.roles import models as roles
from hubs.security_hub.sessions import models as sessions
from hubs.security_hub.throttle import models as throttle
from hubs.security_hub.tokens import models as tokens
from hubs.security_hub.vault import models as vault

__all__ = [
    "accounts",
    "apikeys",
    "authorize",
    "bundles",
    "challenges",
    "clients",
    "config",
    "factors",
    "federation",
    "flags",
    "inbox",
    "keys",
    "metadata",
    "organisations",
    "outbox",
    "passkeys",
    "policy",
    "roles",
    "sessions",
    "throttle",
    "tokens",
    "vault",
]
