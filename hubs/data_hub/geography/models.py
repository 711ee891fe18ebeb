"""Tables of boundary sets, boundaries with their rings, and postal codes."""

from __future__ import annotations

import datetime as dt
from typing import Any
from uuid import UUID

from sqlalchemy import Boolean, ForeignKey, Index, LargeBinary, SmallInteger, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSON
from sqlalchemy.dialects.postgresql.base import ischema_names
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import UserDefinedType

from hubs.data_hub.base import Model
from shared.db.base import HasId


class Ring(UserDefinedType[str]):
    """PostgreSQL's own ``polygon``: a closed ring of (longitude, latitude)."""

    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        """Return the name of the type."""
        return "POLYGON"


# The dialect knows the type by no class of its own; without one it could not compare it with the models.
ischema_names.setdefault("polygon", Ring)


class BoundarySet(HasId, Model):
    """A set of boundaries of one kind, e.g. the federal electoral districts of one redistribution."""

    __tablename__ = "boundary_set"
    slug: Mapped[str] = mapped_column(unique=True)
    name_en: Mapped[str]
    name_fr: Mapped[str]
    singular_en: Mapped[str]
    singular_fr: Mapped[str]
    domain: Mapped[str]
    authority: Mapped[str]
    jurisdiction: Mapped[str]
    organization_key: Mapped[str]
    """The body whose members sit for these districts."""
    source_url: Mapped[str]
    licence_url: Mapped[str]
    last_updated: Mapped[dt.date | None]
    valid_from: Mapped[dt.date | None]
    valid_through: Mapped[dt.date | None]
    updated_at: Mapped[dt.datetime]


class Boundary(HasId, Model):
    """One district and its shape."""

    __tablename__ = "boundary"
    set_id: Mapped[UUID] = mapped_column(ForeignKey("data.boundary_set.id", ondelete="CASCADE"))
    slug: Mapped[str]
    external_id: Mapped[str]
    name_en: Mapped[str]
    name_fr: Mapped[str]
    name_folded: Mapped[str]
    division_id: Mapped[str] = mapped_column(index=True)
    attributes: Mapped[dict[str, Any]] = mapped_column(JSON)
    """The properties that came with the shape."""
    centroid_lat: Mapped[float]
    centroid_lng: Mapped[float]
    extent: Mapped[list[Any]] = mapped_column(JSON)
    """West, south, east, north in degrees."""
    shape: Mapped[bytes] = mapped_column(LargeBinary)
    """GeoJSON MultiPolygon, compressed with zlib."""
    simple_shape: Mapped[bytes] = mapped_column(LargeBinary)

    __table_args__ = (
        UniqueConstraint("set_id", "slug"),
        Index(None, "set_id", "external_id"),
        Index(None, "set_id", "name_folded"),
    )


class BoundaryRing(Model):
    """A ring of a boundary: a point is inside where an odd number of its rings hold it."""

    __tablename__ = "boundary_ring"
    boundary_id: Mapped[UUID] = mapped_column(
        ForeignKey("data.boundary.id", ondelete="CASCADE"), primary_key=True
    )
    number: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    is_hole: Mapped[bool] = mapped_column(Boolean)
    ring: Mapped[str] = mapped_column(Ring)

    __table_args__ = (Index("ix_boundary_ring_ring", "ring", postgresql_using="gist"),)


class PostalCode(Model):
    """A postal code and one district that it lies in, with the share of its addresses there where known."""

    __tablename__ = "postal_code"
    code: Mapped[str] = mapped_column(primary_key=True)
    set_slug: Mapped[str] = mapped_column(primary_key=True)
    external_id: Mapped[str] = mapped_column(primary_key=True)
    share: Mapped[float | None]
    source: Mapped[str]


class PostalCentroid(Model):
    """Where the middle of a postal code lies."""

    __tablename__ = "postal_centroid"
    code: Mapped[str] = mapped_column(primary_key=True)
    lat: Mapped[float]
    lng: Mapped[float]
    city: Mapped[str]
    province: Mapped[str]
    source: Mapped[str]
