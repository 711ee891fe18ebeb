"""Every query on boundaries and postal codes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, delete, func, or_, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from hubs.data_hub.geography.models import Boundary, BoundaryRing, BoundarySet, PostalCentroid, PostalCode

Row = Mapping[str, Any]
_SETS, _BOUNDARIES = BoundarySet.__table__, Boundary.__table__
_PLAIN = tuple(c for c in _BOUNDARIES.columns if c.name not in ("shape", "simple_shape", "attributes"))


class GeographyRepository:
    """Queries of one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def upsert_set(self, values: Row) -> UUID:
        """Write a boundary set by its slug and return its id."""
        statement = insert(BoundarySet).values(**values)
        written = statement.on_conflict_do_update(
            index_elements=["slug"], set_={k: v for k, v in values.items() if k not in ("id", "slug")}
        ).returning(BoundarySet.id)
        return self._session.execute(written).scalar_one()

    def find_set(self, slug: str) -> Row | None:
        """Return a boundary set."""
        found = self._session.execute(select(_SETS).where(_SETS.c.slug == slug)).mappings().first()
        return dict(found) if found else None

    def sets(self, *, limit: int, offset: int, domain: str = "", name: str = "") -> tuple[list[Row], int]:
        """Return boundary sets with their number of boundaries, by name, and how many there are."""
        count = (
            select(func.count()).where(_BOUNDARIES.c.set_id == _SETS.c.id).correlate(_SETS).scalar_subquery()
        )
        statement = select(*_SETS.columns, count.label("count"))
        clauses = []
        if domain:
            clauses.append(_SETS.c.domain == domain)
        if name:
            clauses.append(_SETS.c.name_en == name)
        total = self._session.execute(select(func.count()).select_from(_SETS).where(*clauses)).scalar_one()
        rows = self._session.execute(
            statement.where(*clauses).order_by(_SETS.c.name_en, _SETS.c.id).limit(limit).offset(offset)
        )
        return [dict(row) for row in rows.mappings()], int(total)

    def hashes(self, set_id: UUID) -> dict[str, tuple[UUID, bytes]]:
        """Return id and shape of each boundary of a set by slug: what a load compares with."""
        rows = self._session.execute(
            select(_BOUNDARIES.c.slug, _BOUNDARIES.c.id, _BOUNDARIES.c.shape).where(
                _BOUNDARIES.c.set_id == set_id
            )
        )
        return {row.slug: (row.id, bytes(row.shape)) for row in rows}

    def write_boundary(self, values: Row, rings: Sequence[tuple[bool, str]]) -> None:
        """Write one boundary by id with its rings."""
        statement = insert(Boundary).values(**values)
        self._session.execute(
            statement.on_conflict_do_update(
                index_elements=["id"], set_={k: v for k, v in values.items() if k != "id"}
            )
        )
        self._session.execute(delete(BoundaryRing).where(BoundaryRing.boundary_id == values["id"]))
        self._session.execute(
            text(
                "INSERT INTO data.boundary_ring (boundary_id, number, is_hole, ring)"
                " VALUES (:boundary_id, :number, :is_hole, CAST(:ring AS polygon))"
            ),
            [
                {"boundary_id": values["id"], "number": number, "is_hole": is_hole, "ring": ring}
                for number, (is_hole, ring) in enumerate(rings)
            ],
        )

    def remove_boundaries(self, set_id: UUID, keep: Sequence[str]) -> int:
        """Remove the boundaries of a set whose slugs are not kept; return how many."""
        gone = delete(Boundary).where(Boundary.set_id == set_id, Boundary.slug.not_in(list(keep)))
        return len(self._session.execute(gone.returning(Boundary.id)).all())

    def at_points(self, points: Sequence[tuple[float, float]], on: date) -> list[Row]:
        """Return, for each (longitude, latitude), the boundaries valid on a day that hold it."""
        statement = text(
            "SELECT p.n AS n, b.id AS id FROM unnest(CAST(:lngs AS float8[]), CAST(:lats AS float8[]))"
            " WITH ORDINALITY AS p(x, y, n)"
            " JOIN data.boundary_ring r ON r.ring @> point(p.x, p.y)"
            " JOIN data.boundary b ON b.id = r.boundary_id JOIN data.boundary_set s ON s.id = b.set_id"
            " WHERE (s.valid_from IS NULL OR s.valid_from <= :day)"
            " AND (s.valid_through IS NULL OR s.valid_through >= :day)"
            # Not by parity: where two parts of a district touch, a point lies on the ring of either.
            " GROUP BY p.n, b.id HAVING sum(CASE WHEN r.is_hole THEN -1 ELSE 1 END) > 0"
        )
        rows = self._session.execute(
            statement, {"lngs": [p[0] for p in points], "lats": [p[1] for p in points], "day": on}
        )
        return [dict(row) for row in rows.mappings()]

    def boundaries_by_id(self, ids: Sequence[UUID]) -> list[Row]:
        """Return boundaries with their sets, ordered by set and name."""
        rows = self._session.execute(
            self._joined(()).where(_BOUNDARIES.c.id.in_(ids)).order_by(_SETS.c.slug, _BOUNDARIES.c.name_en)
        )
        return [dict(row) for row in rows.mappings()]

    def concordance(self, code: str, on: date) -> list[Row]:
        """Return the boundaries that a postal code lies in, with shares, of sets valid on a day."""
        postal = PostalCode.__table__
        statement = (
            self._joined((postal.c.share, postal.c.source))
            .join(
                postal,
                (postal.c.set_slug == _SETS.c.slug) & (postal.c.external_id == _BOUNDARIES.c.external_id),
            )
            .where(
                postal.c.code == code,
                or_(_SETS.c.valid_from.is_(None), _SETS.c.valid_from <= on),
                or_(_SETS.c.valid_through.is_(None), _SETS.c.valid_through >= on),
            )
            .order_by(_SETS.c.slug, postal.c.share.desc().nulls_last(), _BOUNDARIES.c.name_en)
        )
        return [dict(row) for row in self._session.execute(statement).mappings()]

    def centroid(self, code: str) -> Row | None:
        """Return where the middle of a postal code lies."""
        table = PostalCentroid.__table__
        found = self._session.execute(select(table).where(table.c.code == code)).mappings().first()
        return dict(found) if found else None

    def write_postal(self, concordances: Sequence[Row], centroids: Sequence[Row]) -> None:
        """Write postal codes; what a source says of a code and set replaces what it said before."""
        for code, set_slug in sorted({(row["code"], row["set_slug"]) for row in concordances}):
            self._session.execute(
                delete(PostalCode).where(PostalCode.code == code, PostalCode.set_slug == set_slug)
            )
        if concordances:
            self._session.execute(insert(PostalCode), list(concordances))
        if centroids:
            statement = insert(PostalCentroid)
            names = ("lat", "lng", "city", "province", "source")
            self._session.execute(
                statement.on_conflict_do_update(
                    index_elements=["code"], set_={name: statement.excluded[name] for name in names}
                ),
                list(centroids),
            )

    def boundaries(
        self, clauses: Sequence[ColumnElement[bool]], *, limit: int, offset: int
    ) -> tuple[list[Row], int]:
        """Return boundaries with their sets by set and name, and how many there are."""
        statement = self._joined(()).where(*clauses)
        total = self._session.execute(
            select(func.count()).select_from(statement.order_by(None).subquery())
        ).scalar_one()
        ordered = statement.order_by(_SETS.c.slug, _BOUNDARIES.c.name_en, _BOUNDARIES.c.id)
        rows = self._session.execute(ordered.limit(limit).offset(offset)).mappings()
        return [dict(row) for row in rows], int(total)

    def names(self, set_slugs: Sequence[str]) -> list[tuple[str, str, str]]:
        """Return set, folded name and slug of each boundary of these sets."""
        statement = (
            select(_SETS.c.slug, _BOUNDARIES.c.name_folded, _BOUNDARIES.c.slug)
            .join(_SETS, _SETS.c.id == _BOUNDARIES.c.set_id)
            .where(_SETS.c.slug.in_(set_slugs))
        )
        return [(row[0], row[1], row[2]) for row in self._session.execute(statement)]

    def find_boundary(self, set_slug: str, slug: str) -> Row | None:
        """Return one boundary by its slug or external id, its attributes included."""
        statement = self._joined((_BOUNDARIES.c.attributes,)).where(
            _SETS.c.slug == set_slug, or_(_BOUNDARIES.c.slug == slug, _BOUNDARIES.c.external_id == slug)
        )
        found = self._session.execute(statement.limit(1)).mappings().first()
        return dict(found) if found else None

    def geometries_size(self, ids: Sequence[UUID], *, is_simple: bool) -> int:
        """Return the bytes of the compressed GeoJSON of boundaries together."""
        column = _BOUNDARIES.c.simple_shape if is_simple else _BOUNDARIES.c.shape
        total = func.coalesce(func.sum(func.octet_length(column)), 0)
        return int(self._session.execute(select(total).where(_BOUNDARIES.c.id.in_(ids))).scalar_one())

    def geometries(self, ids: Sequence[UUID], *, is_simple: bool) -> dict[UUID, bytes]:
        """Return the compressed GeoJSON of boundaries by id."""
        column = _BOUNDARIES.c.simple_shape if is_simple else _BOUNDARIES.c.shape
        rows = self._session.execute(select(_BOUNDARIES.c.id, column).where(_BOUNDARIES.c.id.in_(ids)))
        return {row[0]: row[1] for row in rows}

    def shape(self, boundary_id: UUID, *, is_simple: bool) -> bytes | None:
        """Return the compressed GeoJSON of a boundary."""
        column = _BOUNDARIES.c.simple_shape if is_simple else _BOUNDARIES.c.shape
        return self._session.execute(
            select(column).where(_BOUNDARIES.c.id == boundary_id)
        ).scalar_one_or_none()

    def in_sets(self, slugs: Sequence[str]) -> ColumnElement[bool]:
        """Return the condition: of one of these sets."""
        return _SETS.c.slug.in_(slugs)

    def named(self, field: str, operator: str, value: str) -> ColumnElement[bool]:
        """Return a condition on a text column of boundaries (external_id, name_en, slug)."""
        column = _BOUNDARIES.c[field]
        match operator:
            case "iexact":
                return func.lower(column) == value.lower()
            case "contains":
                return column.contains(value, autoescape=True)
            case "icontains":
                return func.lower(column).contains(value.lower(), autoescape=True)
            case "startswith":
                return column.startswith(value, autoescape=True)
            case "istartswith":
                return func.lower(column).startswith(value.lower(), autoescape=True)
            case "endswith":
                return column.endswith(value, autoescape=True)
            case "iendswith":
                return func.lower(column).endswith(value.lower(), autoescape=True)
            case "isnull":
                return (column == "") if value.lower() in ("true", "1", "yes") else (column != "")
            case "in":
                return column.in_(value.split(","))
        return column == value

    def with_ids(self, ids: Sequence[UUID]) -> ColumnElement[bool]:
        """Return the condition: one of these boundaries."""
        return _BOUNDARIES.c.id.in_(ids)

    def _joined(self, more: Sequence[Any]) -> Select[Any]:
        return select(
            *_PLAIN,
            _SETS.c.slug.label("set_slug"),
            _SETS.c.name_en.label("set_name_en"),
            _SETS.c.name_fr.label("set_name_fr"),
            _SETS.c.singular_en.label("set_singular_en"),
            _SETS.c.organization_key,
            *more,
        ).join(_SETS, _SETS.c.id == _BOUNDARIES.c.set_id)
