"""The chamber drawn as half rings of seats, from yes on the left to no on the right."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from markupsafe import Markup

WIDTH, HEIGHT = 400.0, 215.0
_INNER, _OUTER = 78.0, 190.0
_ORDER = {"yes": 0, "paired": 1, "abstain": 1, "absent": 1, "not voting": 1, "other": 1, "no": 2}
_MOST_SEATS = 700


class Seat(NamedTuple):
    """A seat: where it stands (in the drawing's units) and who sits there."""

    x: float
    y: float
    radius: float
    option: str
    name: str
    party: str


@lru_cache(maxsize=8)  # A chamber has as many seats for years; seven hundred of them take 100 kB.
def layout(count: int) -> tuple[Sequence[tuple[float, float]], float]:
    """Return the places of that many seats from left to right, and their radius."""
    if count <= 0:
        return [], 0.0
    rows = max(1, min(10, round(math.sqrt(count / 3.2))))
    radii = [_INNER + (_OUTER - _INNER) * (i + 0.5) / rows for i in range(rows)]
    total = sum(radii)
    sizes = [max(1, round(count * radius / total)) for radius in radii]
    while sum(sizes) != count:
        step = 1 if sum(sizes) < count else -1
        widest = max(range(rows), key=lambda i: (radii[i] / sizes[i]) * step)
        if sizes[widest] + step < 1:
            widest = max(range(rows), key=lambda i: sizes[i])
        sizes[widest] += step
        if count < rows and sum(sizes) == rows:
            sizes = [0] * (rows - count) + [1] * count
    places: list[tuple[float, float, float]] = []
    for radius, size in zip(radii, sizes, strict=True):
        for i in range(size):
            angle = math.pi - (math.pi * (i + 0.5) / size)
            places.append(
                (angle, WIDTH / 2 + radius * math.cos(angle), HEIGHT - 12 - radius * math.sin(angle))
            )
    places.sort(key=lambda place: -place[0])
    gap = (_OUTER - _INNER) / rows
    width = min((math.pi * r / s for r, s in zip(radii, sizes, strict=True) if s), default=gap)
    return [(round(x, 1), round(y, 1)) for _, x, y in places], round(min(gap, width) * 0.42, 1)


def circles(drawn: Sequence[Seat]) -> list[tuple[str, Markup]]:
    """Return the seats of each option as SVG, the options in alphabetical order."""
    groups: dict[str, list[str]] = {}
    for seat in drawn:
        groups.setdefault(seat.option, []).append(f'<circle cx="{seat.x}" cy="{seat.y}" r="{seat.radius}"/>')
    # Numbers alone are in it.
    return [(option, Markup("".join(parts))) for option, parts in sorted(groups.items())]  # noqa: S704


def seats(ballots: Sequence[Mapping[str, Any]]) -> list[Seat]:
    """Return a seat per ballot: yes left, no right, each by party; none for a vote too large to draw."""
    if len(ballots) > _MOST_SEATS:
        return []
    ordered = sorted(ballots, key=lambda b: (_ORDER.get(b["option"], 1), b["party"], b["name"]))
    places, radius = layout(len(ordered))
    return [
        Seat(x, y, radius, ballot["option"], ballot["name"], ballot["party"])
        for (x, y), ballot in zip(places, ordered, strict=True)
    ]
