"""intelligence_hub: the HubSpec, and nothing else."""

from __future__ import annotations

# The policy interpreter must be in the process before SQLAlchemy is (see the decision record).
import hubs.intelligence_hub.opa.backends.embedded  # noqa: F401  isort:skip
from fastapi import FastAPI

from hubs.intelligence_hub.analytics.consumers import start_keeping
from hubs.intelligence_hub.analytics.router import router as analytics_router
from hubs.intelligence_hub.audit.consumers import start_consumer as start_audit_consumer
from hubs.intelligence_hub.audit.opening import open_log
from hubs.intelligence_hub.audit.router import router as audit_router
from hubs.intelligence_hub.audit.tasks import start_retention
from hubs.intelligence_hub.charts.router import router as charts_router
from hubs.intelligence_hub.opa.door import DecisionApp
from hubs.intelligence_hub.opa.opening import open_decisions
from hubs.intelligence_hub.opa.router import router as opa_router
from hubs.intelligence_hub.queries.router import router as queries_router
from hubs.intelligence_hub.queries.service import open_queries
from hubs.intelligence_hub.reports.router import router as reports_router
from hubs.intelligence_hub.reports.tasks import start_reporting
from hubs.intelligence_hub.settings import IntelligenceSettings
from shared.app import HubSpec, create_hub_app
from shared.settings import HubSettings

SPEC = HubSpec(
    name="intelligence",
    title="OpenPolicy intelligence hub: numbers, audit, decisions",
    routers=[audit_router, opa_router, analytics_router, charts_router, queries_router, reports_router],
    start=[
        open_log,
        start_audit_consumer,
        start_retention,
        open_decisions,
        start_keeping,
        open_queries,
        start_reporting,
    ],
    settings_class=IntelligenceSettings,
    app_class=DecisionApp,
)


def create_app(settings: HubSettings | None = None) -> FastAPI:
    """Build the hub; nothing is opened before its lifespan."""
    return create_hub_app(SPEC, settings)
