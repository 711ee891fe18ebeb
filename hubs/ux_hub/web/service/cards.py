"""The picture that other sites show for a page: title, what stands below it, a vote's seats (PNG, RFC 2083).

Drawn here from glyphs that were drawn once: a drawing library would weigh more than the rest of the pages.
"""

from __future__ import annotations

import base64
import math
import struct
import unicodedata
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from hubs.ux_hub.web.service.hemicycle import HEIGHT as SEATS_HEIGHT
from hubs.ux_hub.web.service.hemicycle import Seat
from shared.http.json import loads

WIDTH, HEIGHT = 1200, 630
GLYPHS = Path(__file__).parents[1] / "glyphs"
_MARGIN = 70
_PAPER, _INK = (253, 252, 250), (28, 27, 26)
_SHADES = 16
"""Palette entries from paper to ink; the colours below come after them."""
_COLOURS = {"accent": (17, 94, 86), "yes": (29, 107, 60), "no": (163, 36, 31), "none": (150, 145, 138)}
_INDEX = {name: _SHADES + at for at, name in enumerate(_COLOURS)}
_LINES = 4
_SCALE = 1.6
"""Pixels of the card per unit of the hemicycle's drawing."""


@dataclass(frozen=True)
class Font:
    """Glyphs by character: how wide, and a row of shades per line of pixels."""

    height: int
    space: int
    glyphs: dict[str, tuple[int, Sequence[bytes]]]

    def known(self, text: str) -> str:
        """Return a text in characters that are drawn; accents that are not are left out."""
        found = []
        for char in text:
            if char in self.glyphs:
                found.append(char)
            elif char.isspace():
                found.append(" ")
            else:
                found += [c for c in unicodedata.normalize("NFKD", char) if c in self.glyphs]
        return " ".join("".join(found).split())

    def width(self, text: str) -> int:
        """Return how many pixels a text takes."""
        return sum(self.space if char == " " else self.glyphs[char][0] for char in text)


@cache
def font(name: str) -> Font:
    """Return a font by name."""
    stored = loads(zlib.decompress((GLYPHS / f"{name}.json.z").read_bytes()))
    glyphs: dict[str, tuple[int, Sequence[bytes]]] = {}
    for char, (width, packed) in stored["glyphs"].items():
        shades = base64.b64decode(packed)
        glyphs[char] = (width, [shades[at : at + width] for at in range(0, len(shades), width)])
    return Font(stored["height"], stored["space"], glyphs)


def lines(text: str, letters: Font, most_width: int, most: int = _LINES) -> list[str]:
    """Return a text in lines that fit; what is left over ends in an ellipsis."""
    found: list[str] = []
    line = ""
    for word in letters.known(text).split(" "):
        longer = f"{line} {word}".strip()
        if not line or letters.width(longer) <= most_width:
            line = longer
            continue
        found.append(line)
        line = word
    found.append(line)
    cut = [_fitted(one, letters, most_width, is_cut=False) for one in found[:most]]
    if len(found) > most:
        cut[-1] = _fitted(cut[-1], letters, most_width, is_cut=True)
    return [one for one in cut if one]


def _fitted(line: str, letters: Font, most_width: int, *, is_cut: bool) -> str:
    end = "…" if is_cut or letters.width(line) > most_width else ""
    while line and letters.width(line + end) > most_width:
        line = line[:-1]
    return line.rstrip() + end


def draw(title: str, below: str, mark: str, seats: Sequence[Seat] = ()) -> bytes:
    """Return a card: the title, a line below it, our mark; a vote's seats on the right."""
    rows = [bytearray(WIDTH) for _ in range(HEIGHT)]
    _bar(rows, 0, 18)
    room = WIDTH - 2 * _MARGIN - (round(400 * _SCALE) - 40 if seats else 0)
    letters, small = font("title"), font("small")
    y = _MARGIN + 10
    for line in lines(title, letters, room, most=_LINES if seats else _LINES + 1):
        _write(rows, line, letters, _MARGIN, y)
        y += letters.height
    for line in lines(below, small, room, most=2):
        _write(rows, line, small, _MARGIN, y + 12)
        y += small.height
    for line in lines(mark, small, WIDTH - _MARGIN - 10, most=1):
        _write(rows, line, small, _MARGIN, HEIGHT - _MARGIN - 20)
    left, top = WIDTH - round(400 * _SCALE) - 20, (HEIGHT - round(SEATS_HEIGHT * _SCALE)) // 2
    for seat in seats:
        colour = _INDEX[seat.option if seat.option in ("yes", "no") else "none"]
        _disc(rows, left + seat.x * _SCALE, top + seat.y * _SCALE, seat.radius * _SCALE, colour)
    return _png(rows)


def _bar(rows: Sequence[bytearray], top: int, height: int) -> None:
    for row in rows[top : top + height]:
        row[:] = bytes([_INDEX["accent"]]) * WIDTH


def _write(rows: Sequence[bytearray], text: str, letters: Font, x: int, y: int) -> None:
    for char in text:
        if char == " ":
            x += letters.space
            continue
        width, shades = letters.glyphs[char]
        for row, shade in zip(rows[y:], shades, strict=False):
            row[x : x + width] = shade
        x += width


def _disc(rows: Sequence[bytearray], x: float, y: float, radius: float, colour: int) -> None:
    for at in range(math.ceil(y - radius), math.floor(y + radius) + 1):
        half = math.sqrt(max(0.0, radius**2 - (at - y) ** 2))
        start, end = round(x - half), round(x + half) + 1
        rows[at][start:end] = bytes([colour]) * (end - start)


def _png(rows: Iterable[bytearray]) -> bytes:
    palette = b"".join(
        bytes(round(p + (i - p) * shade / (_SHADES - 1)) for p, i in zip(_PAPER, _INK, strict=True))
        for shade in range(_SHADES)
    ) + b"".join(map(bytes, _COLOURS.values()))
    # Each line begins with its filter: none, since most of it is one colour.
    pixels = zlib.compress(b"".join(b"\0" + row for row in rows), 5)
    header = struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, 3, 0, 0, 0)
    parts = ((b"IHDR", header), (b"PLTE", palette), (b"IDAT", pixels), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, body) for kind, body in parts)


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
