"""Scales, ticks and colours shared by the drawings."""

from __future__ import annotations

import math

# Okabe and Ito's palette, told apart with every common form of colour blindness; darkened where text needs it.
PALETTE = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#7a5195", "#5b6770")
# Each series also differs by pattern or mark, so that colour is never alone.
DASHES = ("", "6 3", "2 3", "8 3 2 3", "1 3", "10 4", "4 2 1 2", "3 6")


_SMALLEST = 1e-8


def colour(index: int) -> str:
    """Return the colour of a series."""
    return PALETTE[index % len(PALETTE)]


def ticks(low: float, high: float, wanted: int = 5) -> list[float]:
    """Return round numbers that cover a span; one too small to be written with ten digits counts as none."""
    if high - low < _SMALLEST:
        high = low + 1
    raw = (high - low) / max(1, wanted)
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(power * factor for factor in (1, 2, 2.5, 5, 10) if power * factor >= raw)
    first, last = math.floor(low / step), math.ceil(high / step)
    return [round(index * step, 10) for index in range(first, last + 1)]


def number(value: float, lang: str) -> str:
    """Return a number as its language writes it (1,234.5 or 1 234,5 with a narrow no-break space)."""
    text = f"{value:,.4f}".rstrip("0").rstrip(".")
    if lang == "fr":
        text = text.replace(",", "\u202f").replace(".", ",")
    return text


def shade(share: float) -> str:
    """Return a blue from light to dark for a share from 0 to 1."""
    light, dark = (0xE8, 0xF1, 0xFA), (0x08, 0x30, 0x6B)
    share = min(1.0, max(0.0, share))
    mixed = [round(a + (b - a) * share) for a, b in zip(light, dark, strict=True)]
    return "#{:02x}{:02x}{:02x}".format(*mixed)
