"""The hub's abstract model and the table through which its events leave."""

from __future__ import annotations

from sqlalchemy.orm import DeclarativeBase

from shared.db.base import hub_registry
from shared.outbox.models import outbox_table


class Model(DeclarativeBase):
    """Base of every table of this hub."""

    registry = hub_registry("ops")


outbox = outbox_table(Model.metadata)
