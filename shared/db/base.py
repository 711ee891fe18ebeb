"""What every table shares: one MetaData per hub schema, constraint names, ids and timestamps.

A hub's `models.py` says::

    class Model(DeclarativeBase):
        registry = hub_registry("data")

    metadata = Model.metadata
"""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Date, MetaData, Text, Uuid, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, registry

from shared.core.clock import utc_now
from shared.core.ids import new_id
from shared.db.names import schema_name
from shared.db.types import UTCDateTime

# Names are fixed so that a migration can drop what another migration created, on any server.
NAMING_CONVENTION = {
    "pk": "pk_%(table_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
}


def hub_metadata(hub: str) -> MetaData:
    """Return a new MetaData bound to the hub's own schema."""
    return MetaData(schema=schema_name(hub), naming_convention=NAMING_CONVENTION)


def hub_registry(hub: str) -> registry:
    """Return a new registry (own class names, own MetaData) for one hub's models."""
    return registry(
        metadata=hub_metadata(hub),
        type_annotation_map={
            str: Text(),
            UUID: Uuid(),
            datetime: UTCDateTime(),
            date: Date(),
            dict[str, Any]: JSONB(),
            list[Any]: JSONB(),
            list[str]: JSONB(),
            list[dict[str, Any]]: JSONB(),
        },
    )


class HasId:
    """A time-ordered UUID (version 7) as primary key, known before the row is written."""

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id, sort_order=-100)


class HasTimestamps:
    """When the row appeared and when its content last changed, in UTC.

    `updated_at` is set by the code that knows that something really changed, not by every write.
    """

    created_at: Mapped[datetime] = mapped_column(
        UTCDateTime(), default=utc_now, server_default=func.now(), sort_order=900
    )
    updated_at: Mapped[datetime] = mapped_column(
        UTCDateTime(), default=utc_now, server_default=func.now(), sort_order=901
    )
