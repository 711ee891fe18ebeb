"""Plane geometry on rings of (longitude, latitude): centroid, extent, simplification. No third-party code."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

Point = tuple[float, float]
Ring = list[Point]
Polygon = list[Ring]
"""An outer ring and its holes."""

MAX_VERTICES = 2_000_000
SIMPLE_TOLERANCE = 0.002
"""Degrees, about 200 m: what the simplified shape may stray."""


def is_on_earth(point: Sequence[float]) -> bool:
    """Tell whether these are degrees of longitude and latitude."""
    lng, lat = point[0], point[1]
    return math.isfinite(lng) and math.isfinite(lat) and -180 <= lng <= 180 and -90 <= lat <= 90


def closed(ring: Sequence[Sequence[float]]) -> Ring:
    """Return a ring whose last point is its first, without heights and repeated points."""
    points: Ring = []
    for point in ring:
        here = (float(point[0]), float(point[1]))
        if not points or points[-1] != here:
            points.append(here)
    if points and points[0] != points[-1]:
        points.append(points[0])
    return points


def signed_area(ring: Ring) -> float:
    """Return the area of a ring in square degrees, negative when it runs clockwise."""
    return sum(a[0] * b[1] - b[0] * a[1] for a, b in pairwise(ring)) / 2


def centroid(polygons: Sequence[Polygon]) -> Point:
    """Return the centre of mass of polygons with holes (longitude, latitude)."""
    total = x = y = 0.0
    for polygon in polygons:
        for number, ring in enumerate(polygon):
            area, cx, cy = _moments(ring)
            weight = abs(area) if number == 0 else -abs(area)
            total, x, y = total + weight, x + cx * weight, y + cy * weight
    if total <= 0:
        points = [point for polygon in polygons for ring in polygon for point in ring]
        return (sum(p[0] for p in points) / len(points), sum(p[1] for p in points) / len(points))
    return (x / total, y / total)


def _moments(ring: Ring) -> tuple[float, float, float]:
    # Measured from the ring's own corner: far from the origin the products lose the digits that matter.
    ox, oy = ring[0]
    area = cx = cy = 0.0
    for (ax, ay), (bx, by) in pairwise(ring):
        cross = (ax - ox) * (by - oy) - (bx - ox) * (ay - oy)
        area += cross
        cx += (ax + bx - 2 * ox) * cross
        cy += (ay + by - 2 * oy) * cross
    if area == 0:
        return 0.0, ox, oy
    return area / 2, ox + cx / (3 * area), oy + cy / (3 * area)


def extent(polygons: Sequence[Polygon]) -> tuple[float, float, float, float]:
    """Return west, south, east and north."""
    points = [point for polygon in polygons for point in polygon[0]]
    return (
        min(p[0] for p in points),
        min(p[1] for p in points),
        max(p[0] for p in points),
        max(p[1] for p in points),
    )


def simplify(polygons: Sequence[Polygon], tolerance: float = SIMPLE_TOLERANCE) -> list[Polygon]:
    """Return polygons with fewer points (Ramer-Douglas-Peucker); rings too small to see go, but never all."""
    simple = []
    for polygon in polygons:
        rings = [ring for ring in (_thin(ring, tolerance) for ring in polygon) if len(ring) >= 4]
        if rings and len(rings[0]) >= 4:
            simple.append(rings)
    if not simple:
        largest = max(polygons, key=lambda polygon: abs(signed_area(polygon[0])))
        simple = [[largest[0]]]
    return simple


def _thin(ring: Ring, tolerance: float) -> Ring:
    if len(ring) <= 8:
        return ring
    keep = bytearray(len(ring))
    keep[0] = keep[-1] = 1
    # A closed ring has no chord of its own: it is cut at the point farthest from its start.
    middle = max(range(len(ring)), key=lambda i: _distance2(ring[i], ring[0]))
    keep[middle] = 1
    stack = [(0, middle), (middle, len(ring) - 1)]
    while stack:
        first, last = stack.pop()
        worst, at = tolerance * tolerance, -1
        for i in range(first + 1, last):
            away = _off_segment2(ring[i], ring[first], ring[last])
            if away > worst:
                worst, at = away, i
        if at >= 0:
            keep[at] = 1
            stack += [(first, at), (at, last)]
    return [point for point, kept in zip(ring, keep, strict=True) if kept]


def _distance2(a: Point, b: Point) -> float:
    return (a[0] - b[0]) ** 2 + (a[1] - b[1]) ** 2


def _off_segment2(p: Point, a: Point, b: Point) -> float:
    dx, dy = b[0] - a[0], b[1] - a[1]
    length = dx * dx + dy * dy
    if length == 0:
        return _distance2(p, a)
    t = max(0.0, min(1.0, ((p[0] - a[0]) * dx + (p[1] - a[1]) * dy) / length))
    return _distance2(p, (a[0] + t * dx, a[1] + t * dy))


def to_geojson(polygons: Sequence[Polygon]) -> dict[str, object]:
    """Return a GeoJSON MultiPolygon."""
    return {
        "type": "MultiPolygon",
        "coordinates": [[[list(point) for point in ring] for ring in polygon] for polygon in polygons],
    }
