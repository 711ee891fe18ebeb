"""The 26 former services and the process that answers for each today."""

from __future__ import annotations

FORMER_SERVICES: dict[str, str] = {
    "admin": "ux",
    "analytics": "intelligence",
    "api-gateway": "ux",
    "audit": "intelligence",
    "auth": "security",
    "cache": "data",
    "config": "security",
    "dashboard": "ux",
    "database": "data",
    "error-reporting": "ops",
    "etl": "business",
    "health": "ops",
    "legacy-django": "data",
    "mcp": "ux",
    "mobile-api": "ux",
    "monitoring": "ops",
    "notification": "ux",
    "op-import": "business",
    "opa": "intelligence",
    "plotly": "intelligence",
    "policy": "security",
    "queue": "business",
    "scraper": "scraper",
    "search": "data",
    "storage": "data",
    "web": "ux",
}
"""A service is operational when the process that holds it is up."""

TIERS: dict[str, str] = {
    "postgresql": "infra",
    "redis": "infra",
    "rabbitmq": "infra",
    "scraper": "worker",
    "importer": "worker",
    "celery-worker": "worker",
    "celery-beat": "worker",
    "opa": "worker",
    **dict.fromkeys(("security", "data", "business", "ops", "intelligence", "ux"), "hub"),
}
