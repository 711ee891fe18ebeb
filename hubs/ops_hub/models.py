"""Every table of ops_hub, and their MetaData: what migrations are compared with."""

from __future__ import annotations

import hubs.ops_hub.error_reporting.models
import hubs.ops_hub.health.models
import hubs.ops_hub.monitoring.models
from hubs.ops_hub.base import Model, outbox

metadata = Model.metadata

__all__ = ["Model", "hubs", "metadata", "outbox"]
