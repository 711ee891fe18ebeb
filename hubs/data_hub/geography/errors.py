"""What can go wrong with a place."""

from __future__ import annotations

from shared.core.errors import Forbidden, Invalid, NotFound


class PlaceNotFound(NotFound):
    """Nothing is known about this place; a street address may help."""

    code = "place-not-found"
    title = "Place not found"


class BoundaryNotFound(NotFound):
    """No such boundary or set of boundaries."""

    code = "boundary-not-found"
    title = "Boundary not found"


class ShapeRefused(Invalid):
    """The shapes cannot be read; nothing of them was stored."""

    code = "shape-refused"
    title = "Shape refused"


class TooManyShapes(Forbidden):
    """More shapes, or larger ones, than one answer gives."""

    code = "too-many-shapes"
    title = "Too many shapes"
