"""The hub's abstract model, and the two tables through which its events leave and arrive."""

from __future__ import annotations

from sqlalchemy.orm import DeclarativeBase

from shared.db.base import hub_registry
from shared.outbox.models import inbox_table, outbox_table


class Model(DeclarativeBase):
    """Base of every table of this hub."""

    registry = hub_registry("ux")


outbox = outbox_table(Model.metadata)
inbox = inbox_table(Model.metadata)
