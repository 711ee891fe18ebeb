"""Every table of business_hub, and their MetaData: what migrations are compared with."""

from __future__ import annotations

import hubs.business_hub.etl.models
import hubs.business_hub.op_import.models
import hubs.business_hub.queue.models
from hubs.business_hub.base import Model, inbox, outbox

metadata = Model.metadata

__all__ = ["Model", "hubs", "inbox", "metadata", "outbox"]
