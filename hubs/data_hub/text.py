"""Folding of text: the same letters whatever their case, accents, dashes and apostrophes."""

from __future__ import annotations

import re
import unicodedata

_LIGATURES = str.maketrans({"œ": "oe", "æ": "ae", "ß": "ss", "ø": "o", "ł": "l", "đ": "d"})
_ASCII_WORD = re.compile(r"[a-z0-9]+")
_NOT_WORD = re.compile(r"[^a-z0-9]+")


def fold(text: str) -> str:
    """Return the text in lower case without accents, words apart by single spaces."""
    if text.isascii():
        return " ".join(_ASCII_WORD.findall(text.lower()))
    plain = unicodedata.normalize("NFKD", text.casefold().translate(_LIGATURES))
    bare = "".join(c for c in plain if not unicodedata.combining(c))
    kept = "".join(c if c.isalnum() else " " for c in bare)
    return " ".join(kept.split())


def slugify(text: str, limit: int = 80) -> str:
    """Return the text as part of a URL: lower-case ASCII words joined by dashes."""
    slug = _NOT_WORD.sub("-", fold(text)).strip("-")
    return slug[:limit].rstrip("-")
