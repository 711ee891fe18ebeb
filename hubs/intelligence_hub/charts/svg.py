"""Figures as SVG: with title, description and the numbers as a table for those who do not see the picture.

Accessible graphics: W3C "SVG-AAM"; ``role=img`` with title and desc, and the data again in a hidden table.
"""

from __future__ import annotations

from xml.sax.saxutils import escape, quoteattr

from hubs.intelligence_hub.charts.plots import DRAWERS
from hubs.intelligence_hub.charts.scales import number
from hubs.intelligence_hub.charts.schemas import Figure, Point

WIDTH, HEIGHT = 720, 420
_SPARK = (160, 40)
_TABLE_ROWS = 200


def render(figure: Figure, lang: str) -> str:
    """Return one SVG document; nothing in it runs and nothing is fetched."""
    width, height = _SPARK if figure.kind == "sparkline" else (WIDTH, HEIGHT)
    title, description = figure.title(lang), _described(figure, lang)
    body = DRAWERS[figure.kind](figure, lang, width, height) if figure.points else _empty(lang, width, height)
    heading = "" if figure.kind == "sparkline" else _text(16, 24, title, "font-size='15' font-weight='600'")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
        f'height="{height}" role="img" lang="{lang}" aria-labelledby="t d" '
        'font-family="system-ui,Segoe UI,DejaVu Sans,sans-serif" font-size="12" fill="#1c2430">'
        f'<title id="t">{_clean(title)}</title><desc id="d">{_clean(description)}</desc>'
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>{heading}{body}</svg>'
    )


def _described(figure: Figure, lang: str) -> str:
    rows = [
        f"{_series(figure, point, lang)}{point.words(lang)}: {number(point.y, lang)}"
        for point in figure.points[:_TABLE_ROWS]
    ]
    more = len(figure.points) - len(rows)
    if more > 0:
        rows.append(f"… {more}")
    source = figure.source(lang)
    parts = (figure.description(lang), "; ".join(rows), f"Source: {source}" if source else "")
    return " ".join(part for part in parts if part)


def _series(figure: Figure, point: Point, lang: str) -> str:
    return f"{figure.name(point.series, lang)}, " if point.series else ""


def table(figure: Figure, lang: str) -> str:
    """Return the same numbers as an HTML table with a caption."""
    heads = ("Série", "Élément", "Valeur") if lang == "fr" else ("Series", "Item", "Value")
    rows = "".join(
        f"<tr><td>{_clean(figure.name(point.series, lang))}</td>"
        f"<th scope='row'>{_clean(point.words(lang))}</th>"
        f"<td>{number(point.y, lang)}</td></tr>"
        for point in figure.points
    )
    head = "".join(f"<th scope='col'>{word}</th>" for word in heads)
    return (
        f"<table lang='{lang}'><caption>{_clean(figure.title(lang))}</caption>"
        f"<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
    )


def _empty(lang: str, width: int, height: int) -> str:
    word = "Aucune donnée" if lang == "fr" else "No data"
    return _text(width / 2, height / 2, word, "text-anchor='middle' fill='#5b6770'")


def _text(x: float, y: float, words: str, attributes: str = "") -> str:
    return f"<text x={quoteattr(f'{x:g}')} y={quoteattr(f'{y:g}')} {attributes}>{_clean(words)}</text>"


def _clean(words: str) -> str:
    # Characters that XML cannot hold would make the whole document unreadable.
    kept = (c for c in words if (c in "\t\n\r" or ord(c) >= 0x20) and ord(c) not in (0xFFFE, 0xFFFF))
    return escape("".join(kept), {'"': "&quot;", "'": "&#39;"})
