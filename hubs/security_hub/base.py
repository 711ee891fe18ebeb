"""What every table of this hub derives from."""

from __future__ import annotations

from sqlalchemy.orm import DeclarativeBase

from shared.db.base import hub_registry
from shared.outbox.models import inbox_table, outbox_table


class Model(DeclarativeBase):
    """Base of the hub's tables, all in the schema ``security``."""

    registry = hub_registry("security")


metadata = Model.metadata
outbox = outbox_table(metadata)
inbox = inbox_table(metadata)
