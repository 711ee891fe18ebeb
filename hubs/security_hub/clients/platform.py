"""The platform's own processes as clients: what each may do, and no more."""

from __future__ import annotations

from typing import NamedTuple


class PlatformClient(NamedTuple):
    """One process kind of the platform."""

    name_en: str
    name_fr: str
    scopes: tuple[str, ...]


PLATFORM_CLIENTS: dict[str, PlatformClient] = {
    "hub:ux": PlatformClient(
        "Door hub",
        "Pôle d’accès",
        (
            "data:read",
            "keys:exchange",
            "policies:decide",
            "audit:write",
            "config:read",
            "jobs:read",
            "ops:read",
            "users:read",
        ),
    ),
    "hub:security": PlatformClient("Security hub", "Pôle de sécurité", ("audit:write", "config:read")),
    "hub:data": PlatformClient(
        "Data hub", "Pôle de données", ("audit:write", "config:read", "policies:decide")
    ),
    "hub:business": PlatformClient(
        "Business hub",
        "Pôle de traitement",
        ("data:read", "data:write", "jobs:*", "audit:write", "config:read", "policies:decide"),
    ),
    "hub:ops": PlatformClient(
        "Operations hub", "Pôle d’exploitation", ("ops:*", "jobs:read", "audit:write", "config:read")
    ),
    "hub:intelligence": PlatformClient(
        "Intelligence hub",
        "Pôle d’analyse",
        ("data:read", "policies:read", "policies:report", "audit:write", "config:read"),
    ),
    "importer": PlatformClient(
        "Importer", "Importateur", ("data:read", "data:write", "jobs:*", "audit:write", "config:read")
    ),
    "scraper": PlatformClient("Scraper", "Moissonneur", ("data:write", "config:read")),
    "opa": PlatformClient("Policy agent", "Agent d’accès", ("policies:read", "policies:report")),
    "cli": PlatformClient("Operator’s command", "Commande d’exploitation", ("*",)),
}
