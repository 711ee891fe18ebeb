"""Which words somebody uses most, apart from those that everybody uses."""

from __future__ import annotations

import html
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from hubs.ux_hub.web.service.language import Lang

_TAG = re.compile(r"<[^>]*>")
_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
_FEWEST_LETTERS = 4
"""Shorter words are articles and the like in both languages."""
_FOLDER = Path(__file__).parents[1] / "words"


@cache
def common(lang: Lang) -> frozenset[str]:
    """Return the words that hold sentences and sittings together: they say nothing about who uses them."""
    return frozenset((_FOLDER / f"{lang}.txt").read_text(encoding="utf-8").split())


def most_used(speeches: Iterable[Mapping[str, Any]], lang: Lang, most: int = 30) -> list[tuple[str, int]]:
    """Return the words of some speeches in one language with how often each was said, the most used first."""
    counted: Counter[str] = Counter()
    for speech in speeches:
        for paragraph in speech.get("paragraphs") or ():
            text = html.unescape(_TAG.sub(" ", str(paragraph.get(f"text_{lang}") or "")))
            counted.update(
                word
                for word in _WORD.findall(text.casefold())
                if len(word) >= _FEWEST_LETTERS and word not in common(lang)
            )
    return sorted(counted.items(), key=lambda item: (-item[1], item[0]))[:most]
