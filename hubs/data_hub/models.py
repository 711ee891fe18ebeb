"""Every table of data_hub, and their MetaData: what migrations are compared with."""

from __future__ import annotations

import hubs.data_hub.database.models as _civic  # noqa: F401 - their tables join the MetaData
import hubs.data_hub.exports.models as _exports  # noqa: F401
import hubs.data_hub.geography.models as _places  # noqa: F401
import hubs.data_hub.search.models as _searches  # noqa: F401
import hubs.data_hub.storage.models as _files  # noqa: F401
from hubs.data_hub.base import Model, outbox

metadata = Model.metadata

__all__ = ["Model", "metadata", "outbox"]
