"""GeoJSON shapes as WKT (OGC 06-103r4) and KML 2.2 (OGC 07-147r2)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from xml.sax.saxutils import escape

Geometry = Mapping[str, Any]


def as_wkt(geometry: Geometry) -> str:
    """Return a Point or MultiPolygon as well-known text, longitude first."""
    if geometry["type"] == "Point":
        return f"POINT ({_pair(geometry['coordinates'], ' ')})"
    polygons = (
        "(" + ", ".join("(" + ", ".join(_pair(point, " ") for point in ring) + ")" for ring in polygon) + ")"
        for polygon in geometry["coordinates"]
    )
    return f"MULTIPOLYGON ({', '.join(polygons)})"


def as_kml(named: Iterable[tuple[str, Geometry]]) -> str:
    """Return names with their shapes as a KML document."""
    marks = "".join(
        f"<Placemark><name>{escape(name)}</name>{_kml(geometry)}</Placemark>" for name, geometry in named
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<kml xmlns="http://www.opengis.net/kml/2.2"><Document>{marks}</Document></kml>\n'
    )


def _kml(geometry: Geometry) -> str:
    if geometry["type"] == "Point":
        return f"<Point><coordinates>{_pair(geometry['coordinates'], ',')}</coordinates></Point>"
    return (
        "<MultiGeometry>" + "".join(_polygon(rings) for rings in geometry["coordinates"]) + "</MultiGeometry>"
    )


def _polygon(rings: Sequence[Sequence[Sequence[float]]]) -> str:
    parts = []
    for number, ring in enumerate(rings):
        place = "innerBoundaryIs" if number else "outerBoundaryIs"
        points = " ".join(_pair(point, ",") for point in ring)
        parts.append(f"<{place}><LinearRing><coordinates>{points}</coordinates></LinearRing></{place}>")
    return f"<Polygon>{''.join(parts)}</Polygon>"


def _pair(point: Sequence[float], between: str) -> str:
    return f"{point[0]}{between}{point[1]}"
