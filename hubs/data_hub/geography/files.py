"""Reading shapes: GeoJSON (RFC 7946) and zipped shapefiles (ESRI, July 1998), both in degrees."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import orjson

from hubs.data_hub.geography.errors import ShapeRefused
from hubs.data_hub.geography.shapes import MAX_VERTICES, Polygon, Ring, closed, is_on_earth, signed_area

MAX_FEATURES = 20_000
MAX_UNPACKED_BYTES = 64 * 2**20
_MAX_RATIO = 200
_POLYGON_TYPES = (5, 15, 25)


@dataclass(frozen=True)
class Feature:
    """A shape and the properties that came with it."""

    properties: dict[str, Any]
    polygons: list[Polygon]


def read_shapes(data: bytes, max_unpacked_bytes: int = MAX_UNPACKED_BYTES) -> list[Feature]:
    """Return the features of a GeoJSON document or a zipped shapefile, told apart by their first bytes.

    Raises: ShapeRefused when it is neither, is too large, or is not in degrees.
    """
    features = list(_shapefile(data, max_unpacked_bytes) if data[:4] == b"PK\x03\x04" else _geojson(data))
    if not features:
        raise ShapeRefused("there is no polygon in it")
    if sum(len(ring) for f in features for polygon in f.polygons for ring in polygon) > MAX_VERTICES:
        raise ShapeRefused(f"more than {MAX_VERTICES} points")
    return features


def _geojson(data: bytes) -> Iterator[Feature]:
    try:
        document = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise ShapeRefused(f"neither GeoJSON nor a zip archive: {error}") from None
    if not isinstance(document, dict) or document.get("type") != "FeatureCollection":
        raise ShapeRefused("expected a GeoJSON FeatureCollection")
    features = document.get("features")
    if not isinstance(features, list) or len(features) > MAX_FEATURES:
        raise ShapeRefused(f"expected a list of at most {MAX_FEATURES} features")
    for index, feature in enumerate(features):
        if not isinstance(feature, dict):
            raise ShapeRefused(f"feature {index} is no object")
        properties = feature.get("properties") or {}
        if "id" in feature and isinstance(properties, dict):
            properties = {"id": feature["id"], **properties}
        if not isinstance(properties, dict):
            raise ShapeRefused(f"feature {index}: properties is no object")
        yield Feature(properties, _polygons(index, feature.get("geometry")))


def _polygons(index: int, geometry: Any) -> list[Polygon]:
    if not isinstance(geometry, dict):
        raise ShapeRefused(f"feature {index} has no geometry")
    coordinates = geometry.get("coordinates")
    match geometry.get("type"):
        case "Polygon":
            parts: Any = [coordinates]
        case "MultiPolygon":
            parts = coordinates
        case other:
            raise ShapeRefused(f"feature {index}: expected a polygon, not {str(other)[:40]!r}")
    try:
        return [[_checked(index, ring) for ring in part] for part in parts]
    except (TypeError, IndexError, ValueError, KeyError):
        raise ShapeRefused(f"feature {index}: coordinates are malformed") from None


def _checked(index: int, ring: Sequence[Sequence[float]]) -> Ring:
    points = closed(ring)
    if len(points) < 4:
        raise ShapeRefused(f"feature {index}: a ring needs four points")
    for point in points:
        if not is_on_earth(point):
            raise ShapeRefused(f"feature {index}: {point} is not in degrees of longitude and latitude")
    return points


def _shapefile(data: bytes, max_bytes: int) -> Iterator[Feature]:
    shp, dbf, encoding = _unpack(data, max_bytes)
    rows = list(_dbf_rows(dbf, encoding))
    for index, parts in enumerate(_shp_records(shp)):
        if index >= MAX_FEATURES:
            raise ShapeRefused(f"more than {MAX_FEATURES} shapes")
        if parts is None:
            continue
        rings = [_checked(index, ring) for ring in parts]
        yield Feature(rows[index] if index < len(rows) else {}, _grouped(rings))


def _unpack(data: bytes, max_bytes: int) -> tuple[bytes, bytes, str]:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            infos = archive.infolist()
            size = sum(info.file_size for info in infos)
            if len(infos) > 200 or size > max_bytes or size > _MAX_RATIO * max(len(data), 10_000):
                raise ShapeRefused("the archive unpacks to too much")
            names = {info.filename.lower(): info for info in infos}
            shp = next((n for n in names if n.endswith(".shp")), None)
            if shp is None or f"{shp[:-4]}.dbf" not in names:
                raise ShapeRefused("the archive holds no .shp with its .dbf")
            projection = names.get(f"{shp[:-4]}.prj")
            if projection is not None and archive.read(projection)[:7].upper() == b"PROJCS[":
                raise ShapeRefused("the shapes are in a projection; convert them to degrees (EPSG:4326)")
            page = names.get(f"{shp[:-4]}.cpg")
            said = archive.read(page).decode("ascii", "replace").strip().lower() if page else "latin-1"
            encoding = "utf-8" if "utf" in said else "latin-1"
            return archive.read(names[shp]), archive.read(names[f"{shp[:-4]}.dbf"]), encoding
    except (zipfile.BadZipFile, EOFError, RuntimeError) as error:
        raise ShapeRefused(f"the archive cannot be read: {error}") from None


def _shp_records(data: bytes) -> Iterator[list[Ring] | None]:
    if len(data) < 100 or struct.unpack(">i", data[:4])[0] != 9994:
        raise ShapeRefused("the .shp is no shapefile")
    at = 100
    while at + 12 <= len(data):
        words = struct.unpack(">i", data[at + 4 : at + 8])[0]
        record = data[at + 8 : at + 8 + 2 * words]
        at += 8 + 2 * words
        if words <= 0 or len(record) < 2 * words:
            raise ShapeRefused("the .shp is cut short")
        kind = struct.unpack("<i", record[:4])[0]
        if kind == 0:
            yield None
            continue
        if kind not in _POLYGON_TYPES:
            raise ShapeRefused(f"the .shp holds shapes of type {kind}, not polygons")
        try:
            count, points = struct.unpack("<ii", record[36:44])
            starts = [*struct.unpack(f"<{count}i", record[44 : 44 + 4 * count]), points]
            flat = struct.unpack(f"<{2 * points}d", record[44 + 4 * count : 44 + 4 * count + 16 * points])
        except struct.error:
            raise ShapeRefused("the .shp is malformed") from None
        pairs = list(zip(flat[::2], flat[1::2], strict=True))
        yield [pairs[a:b] for a, b in pairwise(starts)]


def _grouped(rings: list[Ring]) -> list[Polygon]:
    """Return polygons: in a shapefile outer rings run clockwise; holes the other way, after their ring."""
    polygons: list[Polygon] = []
    for ring in rings:
        if signed_area(ring) <= 0 or not polygons:
            polygons.append([ring])
        else:
            polygons[-1].append(ring)
    return polygons


def _dbf_rows(data: bytes, encoding: str) -> Iterator[dict[str, Any]]:
    if len(data) < 32:
        raise ShapeRefused("the .dbf is cut short")
    count, header, size = struct.unpack("<IHH", data[4:12])
    fields = []
    at = 32
    while at + 32 <= len(data) and data[at] != 0x0D:
        name = data[at : at + 11].split(b"\x00")[0].decode("ascii", "replace")
        fields.append((name, data[at + 16]))
        at += 32
    if sum(length for _, length in fields) + 1 != size:
        raise ShapeRefused("the .dbf is malformed")
    for number in range(min(count, MAX_FEATURES)):
        row = data[header + number * size : header + (number + 1) * size]
        values, at = {}, 1
        for name, length in fields:
            values[name] = row[at : at + length].decode(encoding, "replace").strip("\x00 ")
            at += length
        yield values
