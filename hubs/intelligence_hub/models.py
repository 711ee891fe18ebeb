"""Every table of intelligence_hub, and their MetaData: what migrations are compared with."""

from __future__ import annotations

import hubs.intelligence_hub.analytics.models
import hubs.intelligence_hub.audit.models
import hubs.intelligence_hub.opa.models
import hubs.intelligence_hub.queries.models
import hubs.intelligence_hub.reports.models
from hubs.intelligence_hub.base import Model, inbox, outbox

metadata = Model.metadata

__all__ = ["Model", "hubs", "inbox", "metadata", "outbox"]
