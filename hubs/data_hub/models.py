"""Every table of data_hub, and their MetaData: what migrations are compared with."""

from __future__ import annotations

import hubs.data_hub.database.models as _civic  # noqa: F401 - their tables join the MetaData
from hubs.data_hub.base import Model, outbox

metadata = Model.metadata

__all__ = ["Model", "metadata", "outbox"]
