"""Every table of ux_hub, and their MetaData: what migrations are compared with."""

from __future__ import annotations

import hubs.ux_hub.notification.models
from hubs.ux_hub.base import Model, inbox, outbox

metadata = Model.metadata

__all__ = ["Model", "hubs", "inbox", "metadata", "outbox"]
