"""The declarative base of every table in the schema ``data``, and the outbox among them."""

from __future__ import annotations

from sqlalchemy.orm import DeclarativeBase

from shared.db.base import hub_registry
from shared.outbox.models import outbox_table


class Model(DeclarativeBase):
    """A table of data_hub."""

    registry = hub_registry("data")


outbox = outbox_table(Model.metadata)
