"""How each kind of figure is drawn inside its frame."""

from __future__ import annotations

import math
from collections.abc import Callable
from xml.sax.saxutils import escape

from hubs.intelligence_hub.charts.scales import DASHES, colour, number, shade, ticks
from hubs.intelligence_hub.charts.schemas import Figure, Point

_LEFT, _RIGHT, _TOP, _BOTTOM = 64.0, 20.0, 60.0, 64.0
_MAX_LABELS = 24
Drawer = Callable[[Figure, str, int, int], str]


def _clean(words: object) -> str:
    # Characters that XML cannot hold would make the whole document unreadable.
    return escape("".join(c for c in str(words) if ord(c) >= 0x20 and ord(c) not in (0xFFFE, 0xFFFF)))


def _label(words: object, most: int = 18) -> str:
    text = str(words)
    return _clean(text if len(text) <= most else f"{text[: most - 1]}…")


def mark(index: int, x: float, y: float, size: float = 4.0) -> str:
    """Return a mark of a series: its form differs as well as its colour."""
    fill = f'fill="{colour(index)}" fill-opacity="0.8"'
    match index % 4:
        case 0:
            return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{size:g}" {fill}>'
        case 1:
            side = size * 1.8
            return f'<rect x="{x - side / 2:.1f}" y="{y - side / 2:.1f}" width="{side:g}" height="{side:g}" {fill}>'
        case 2:
            points = f"{x:.1f},{y - size * 1.2:.1f} {x + size * 1.1:.1f},{y + size:.1f} {x - size * 1.1:.1f},{y + size:.1f}"
            return f'<polygon points="{points}" {fill}>'
    reach = size * 1.3
    points = (
        f"{x:.1f},{y - reach:.1f} {x + reach:.1f},{y:.1f} {x:.1f},{y + reach:.1f} {x - reach:.1f},{y:.1f}"
    )
    return f'<polygon points="{points}" {fill}>'


def closed(shape: str) -> str:
    """Return a mark's element with its end."""
    return f"{shape}</{shape[1:].partition(' ')[0]}>"


class _Frame:
    """The plotting area with a vertical axis of numbers."""

    def __init__(self, figure: Figure, lang: str, width: int, height: int) -> None:
        self.lang = lang
        self.x0, self.x1 = _LEFT, width - _RIGHT
        self.y0, self.y1 = height - _BOTTOM, _TOP
        values = [point.y for point in figure.points]
        self.marks = ticks(min(0.0, *values), max(values) if values else 1.0)
        self.low, self.high = self.marks[0], self.marks[-1]

    def y(self, value: float) -> float:
        return self.y0 - (value - self.low) / (self.high - self.low) * (self.y0 - self.y1)

    def axis(self, figure: Figure) -> str:
        lines = "".join(
            f'<line x1="{self.x0:g}" x2="{self.x1:g}" y1="{self.y(mark):.1f}" y2="{self.y(mark):.1f}" '
            f'stroke="#d5dae1"/><text x="{self.x0 - 8:g}" y="{self.y(mark) + 4:.1f}" text-anchor="end">'
            f"{number(mark, self.lang)}</text>"
            for mark in self.marks
        )
        below = figure.axis("x", self.lang)
        across = f'<text x="{self.x1:g}" y="{self.y0 + 58:g}" text-anchor="end">{_label(below)}</text>'
        above = f'<text x="{self.x0:g}" y="{self.y1 - 10:g}">{_label(figure.axis("y", self.lang), 60)}</text>'
        return lines + above + (across if below else "")

    def below(self, x: float, words: object) -> str:
        return (
            f'<text transform="translate({x:.1f},{self.y0 + 14:g}) rotate(30)" font-size="11">'
            f"{_label(words)}</text>"
        )


def _legend(names: list[str], width: int, *, is_marked: bool = False) -> str:
    if names == [""]:
        return ""
    step = min(150.0, (width - 32) / max(1, len(names)))
    parts = []
    for i, name in enumerate(names[:12]):
        x = 16 + i * step
        swatch = f'<rect x="{x:.1f}" y="34" width="12" height="12" fill="{colour(i)}"/>'
        parts.append(closed(mark(i, x + 6, 40)) if is_marked else swatch)
        parts.append(f'<text x="{x + 16:.1f}" y="44">{_label(name)}</text>')
    return "".join(parts)


def _named(figure: Figure, lang: str) -> list[str]:
    return [figure.name(name, lang) for name in figure.series_names()]


def _bar(figure: Figure, lang: str, width: int, height: int) -> str:
    frame = _Frame(figure, lang, width, height)
    names = figure.series_names()
    groups = list(dict.fromkeys(str(point.x) for point in figure.points))
    slot = (frame.x1 - frame.x0) / len(groups)
    bar = max(1.0, slot * 0.8 / len(names))
    parts = [frame.axis(figure), _legend(_named(figure, lang), width)]
    for point in figure.points:
        x = frame.x0 + groups.index(str(point.x)) * slot + slot * 0.1 + names.index(point.series) * bar
        top, base = frame.y(max(0.0, point.y)), frame.y(min(0.0, point.y))
        parts.append(
            f'<rect x="{x:.1f}" y="{top:.1f}" width="{bar:.1f}" height="{max(0.5, base - top):.1f}" '
            f'fill="{colour(names.index(point.series))}"/>'
        )
    every = math.ceil(len(groups) / _MAX_LABELS)
    parts += [
        frame.below(frame.x0 + (i + 0.5) * slot, figure.name(name, lang))
        for i, name in enumerate(groups)
        if i % every == 0
    ]
    return "".join(parts)


def _places(figure: Figure, frame: _Frame) -> Callable[[Point], float]:
    numeric = all(not isinstance(point.x, str) for point in figure.points)
    if numeric:
        xs = [float(point.x) for point in figure.points]
        low, high = min(xs), max(xs)
        span = (high - low) or 1.0
        return lambda point: frame.x0 + (float(point.x) - low) / span * (frame.x1 - frame.x0)
    groups = {name: i for i, name in enumerate(dict.fromkeys(str(point.x) for point in figure.points))}
    step = (frame.x1 - frame.x0) / max(1, len(groups) - 1)
    return lambda point: frame.x0 + groups[str(point.x)] * step


def _line(figure: Figure, lang: str, width: int, height: int) -> str:
    frame = _Frame(figure, lang, width, height)
    place = _places(figure, frame)
    names = figure.series_names()
    parts = [frame.axis(figure), _legend(_named(figure, lang), width)]
    for index, name in enumerate(names):
        points = " ".join(
            f"{place(point):.1f},{frame.y(point.y):.1f}" for point in figure.points if point.series == name
        )
        parts.append(
            f'<polyline points="{points}" fill="none" stroke="{colour(index)}" stroke-width="2" '
            f'stroke-dasharray="{DASHES[index % len(DASHES)]}"/>'
        )
    groups = list({str(point.x): point for point in figure.points}.values())
    every = math.ceil(len(groups) / _MAX_LABELS)
    parts += [frame.below(place(point), point.words(lang)) for point in groups[::every]]
    return "".join(parts)


def _scatter(figure: Figure, lang: str, width: int, height: int) -> str:
    frame = _Frame(figure, lang, width, height)
    place = _places(figure, frame)
    names = figure.series_names()
    order = {name: index for index, name in enumerate(names)}
    shapes = [(mark(order[p.series], place(p), frame.y(p.y)), p.words(lang)) for p in figure.points]
    dots = "".join(_titled(shape, words) for shape, words in shapes)
    return frame.axis(figure) + _legend(_named(figure, lang), width, is_marked=True) + dots


def _titled(shape: str, words: str) -> str:
    return f"{shape}<title>{_clean(words)}</title></{shape[1:].partition(' ')[0]}>"


def _pie(figure: Figure, lang: str, width: int, height: int) -> str:
    total = sum(point.y for point in figure.points) or 1.0
    cx, cy, r = width * 0.32, height / 2 + 16, min(width, height) * 0.36
    parts, angle = [], -math.pi / 2
    for index, point in enumerate(figure.points):
        share = point.y / total
        end = angle + share * 2 * math.pi
        if share >= 0.9999:
            parts.append(f'<circle cx="{cx:g}" cy="{cy:g}" r="{r:g}" fill="{colour(index)}"/>')
        elif share:
            large = int(share > 0.5)
            parts.append(
                f'<path d="M{cx:g} {cy:g}L{cx + r * math.cos(angle):.2f} {cy + r * math.sin(angle):.2f}'
                f'A{r:g} {r:g} 0 {large} 1 {cx + r * math.cos(end):.2f} {cy + r * math.sin(end):.2f}Z" '
                f'fill="{colour(index)}" stroke="#fff"/>'
            )
        if index < _MAX_LABELS // 2:
            y = 70 + index * 24
            percent = number(round(share * 100, 1), lang)
            parts.append(
                f'<rect x="{width * 0.62:g}" y="{y}" width="12" height="12" fill="{colour(index)}"/>'
                f'<text x="{width * 0.62 + 18:g}" y="{y + 10}">{_label(point.label or point.x)}: '
                f"{number(point.y, lang)} ({percent}\u00a0%)</text>"
            )
        angle = end
    return "".join(parts)


def _heatmap(figure: Figure, lang: str, width: int, height: int) -> str:
    rows, columns = figure.series_names(), list(dict.fromkeys(str(p.x) for p in figure.points))
    low, high = min(p.y for p in figure.points), max(p.y for p in figure.points)
    left, top = 130.0, 60.0
    cell_w, cell_h = (width - left - 20) / len(columns), (height - top - 70) / len(rows)
    parts = []
    for point in figure.points:
        x, y = left + columns.index(str(point.x)) * cell_w, top + rows.index(point.series) * cell_h
        share = (point.y - low) / (high - low) if high > low else 0.5
        parts.append(
            f'<rect x="{x:.1f}" y="{y:.1f}" width="{cell_w:.1f}" height="{cell_h:.1f}" fill="{shade(share)}" '
            f'stroke="#fff"><title>{_clean(point.series)}, {_clean(point.x)}: '
            f"{number(point.y, lang)}</title></rect>"
        )
        if len(figure.points) <= 120:
            ink = "#ffffff" if share > 0.5 else "#1c2430"
            parts.append(
                f'<text x="{x + cell_w / 2:.1f}" y="{y + cell_h / 2 + 4:.1f}" text-anchor="middle" '
                f'fill="{ink}">{number(round(point.y, 2), lang)}</text>'
            )
    every = math.ceil(max(len(rows), len(columns)) / _MAX_LABELS)
    parts += [
        f'<text x="{left - 8:g}" y="{top + (i + 0.5) * cell_h + 4:.1f}" text-anchor="end">{_label(name)}</text>'
        for i, name in enumerate(rows)
        if i % every == 0
    ]
    parts += [
        f'<text transform="translate({left + (i + 0.5) * cell_w:.1f},{height - 56}) rotate(30)">{_label(name)}</text>'
        for i, name in enumerate(columns)
        if i % every == 0
    ]
    return "".join(parts)


def seats(total: int) -> list[tuple[float, float]]:
    """Return the places of ``total`` seats in a half circle, from left to right, as (x, y) from 0 to 1."""
    rows = max(1, min(12, round(math.sqrt(total / 4))))
    radii = [1 - 0.55 * i / max(1, rows - 1) if rows > 1 else 0.8 for i in range(rows)]
    shares = [total * radius / sum(radii) for radius in radii]
    counts = [math.floor(share) for share in shares]
    for index in sorted(range(rows), key=lambda i: counts[i] - shares[i])[: total - sum(counts)]:
        counts[index] += 1
    placed = []
    for radius, count in zip(radii, counts, strict=True):
        for i in range(count):
            angle = math.pi * (1 - (i + 0.5) / count)
            placed.append((angle, radius))
    placed.sort(key=lambda seat: (-seat[0], seat[1]))
    return [(0.5 + radius * math.cos(angle) / 2, 1 - radius * math.sin(angle)) for angle, radius in placed]


def _hemicycle(figure: Figure, lang: str, width: int, height: int) -> str:
    names = [point.words(lang) for point in figure.points]
    counts = [round(point.y) for point in figure.points]
    total = sum(counts)
    if not total:
        return ""
    left, right, top, bottom = 60.0, width - 60.0, 80.0, height - 70.0
    size = max(2.0, min(9.0, 110 / math.sqrt(total)))
    owners = [index for index, count in enumerate(counts) for _ in range(count)]
    dots = "".join(
        # Every second side is drawn hollow: colour is not all that tells sides apart.
        f'<circle cx="{left + x * (right - left):.1f}" cy="{top + y * (bottom - top):.1f}" r="{size:.1f}" '
        f'fill="{colour(owner) if owner % 2 == 0 else "#ffffff"}" stroke="{colour(owner)}" stroke-width="2"/>'
        for (x, y), owner in zip(seats(total), owners, strict=True)
    )
    words = [f"{name} {number(count, lang)}" for name, count in zip(names, counts, strict=True)]
    return dots + _legend(words, width)


def _timeline(figure: Figure, lang: str, width: int, height: int) -> str:
    frame = _Frame(figure, lang, width, height)
    place = _places(figure, frame)
    middle = (frame.y0 + frame.y1) / 2
    parts = [f'<line x1="{frame.x0:g}" x2="{frame.x1:g}" y1="{middle:g}" y2="{middle:g}" stroke="#5b6770"/>']
    for index, point in enumerate(figure.points):
        x, up = place(point), index % 2 == 0
        y = middle - 40 if up else middle + 50
        parts.append(
            f'<circle cx="{x:.1f}" cy="{middle:g}" r="6" fill="{colour(index)}"/>'
            f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{middle:g}" y2="{y:g}" stroke="{colour(index)}"/>'
            f'<text x="{x:.1f}" y="{y - 4 if up else y + 12:g}" text-anchor="middle">{_label(point.words(lang))}</text>'
            f'<text x="{x:.1f}" y="{y - 18 if up else y + 26:g}" text-anchor="middle" font-size="10">'
            f"{_label(point.x)}</text>"
        )
    return "".join(parts)


def _sparkline(figure: Figure, lang: str, width: int, height: int) -> str:
    del lang
    values = [point.y for point in figure.points]
    low, span = min(values), (max(values) - min(values)) or 1.0
    step = (width - 8) / max(1, len(values) - 1)
    points = " ".join(
        f"{4 + i * step:.1f},{height - 6 - (value - low) / span * (height - 12):.1f}"
        for i, value in enumerate(values)
    )
    return f'<polyline points="{points}" fill="none" stroke="{colour(0)}" stroke-width="2"/>'


DRAWERS: dict[str, Drawer] = {
    "bar": _bar,
    "line": _line,
    "pie": _pie,
    "scatter": _scatter,
    "heatmap": _heatmap,
    "hemicycle": _hemicycle,
    "timeline": _timeline,
    "sparkline": _sparkline,
}
