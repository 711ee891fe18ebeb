"""Counting words of English and French text, the same way wherever words are counted."""

from __future__ import annotations

import re
from collections import Counter

# Letters with inner apostrophes and hyphens; digits make no word.
_WORD = re.compile(r"[^\W\d_]+(?:['\u2019\u2011-][^\W\d_]+)*")
# What French elides before a vowel is a word of its own: l'eau is l' and eau.
_ELIDED = re.compile(r"^(?:[cdjlmnst]|qu|jusqu|lorsqu|puisqu|quoiqu)['\u2019]")
_MOST = 20_000


def words_of(text: str) -> list[str]:
    """Return the words of a text in lower case, in order."""
    return [word.lower().replace("\u2019", "'").replace("\u2011", "-") for word in _WORD.findall(text)]


def count_words(text: str, lang: str) -> tuple[int, dict[str, int]]:
    """Return how many words a text has, and how often each of two letters or more."""
    words = words_of(text)
    counts: Counter[str] = Counter()
    for word in words:
        bare = _ELIDED.sub("", word) if lang == "fr" else word.removesuffix("'s")
        if len(bare) > 1:
            counts[bare] += 1
    return len(words), dict(counts.most_common(_MOST))
