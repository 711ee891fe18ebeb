"""The state as a small accessible picture."""

from __future__ import annotations

from html import escape
from typing import Literal

from hubs.ops_hub.health.names import name_of
from hubs.ops_hub.health.schemas import State

_WORDS = {
    "en": {"up": "all systems up", "degraded": "degraded", "down": "down", "unknown": "not known yet"},
    "fr": {"up": "tout fonctionne", "degraded": "perturbé", "down": "en panne", "unknown": "encore inconnu"},
}
_ONE = {
    "en": {"up": "up", "degraded": "degraded", "down": "down", "unknown": "not known yet"},
    "fr": {"up": "fonctionne", "degraded": "perturbé", "down": "en panne", "unknown": "encore inconnu"},
}
_COLOURS = {"up": "#1a6b33", "degraded": "#8a4b00", "down": "#a3121e", "unknown": "#4a4f57"}
_LABEL = "OpenPolicy"
_CHAR_PX = 6.6
_PAD_PX = 10


def badge(state: State, target: str, lang: Literal["en", "fr"]) -> str:
    """Return the badge of the platform, or of one target, as SVG with its text as the accessible name."""
    words = _ONE if target else _WORDS
    word = words[lang][state]
    label = escape(name_of(target)[lang == "fr"]) if target else _LABEL
    left = round(len(label) * _CHAR_PX) + 2 * _PAD_PX
    right = round(len(word) * _CHAR_PX) + 2 * _PAD_PX
    width = left + right
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="22" role="img" lang="{lang}" '
        f'aria-label="{label}: {word}"><title>{label}: {word}</title>'
        f'<rect width="{left}" height="22" fill="#2b2f36"/>'
        f'<rect x="{left}" width="{right}" height="22" fill="{_COLOURS[state]}"/>'
        '<g fill="#fff" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11" text-anchor="middle">'
        f'<text x="{left / 2}" y="15">{label}</text>'
        f'<text x="{left + right / 2}" y="15">{word}</text></g></svg>'
    )
