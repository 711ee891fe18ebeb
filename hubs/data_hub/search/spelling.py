"""Did you mean: for a query without a hit, the nearest words that the index knows."""

from __future__ import annotations

from tantivy import Searcher

from hubs.data_hub.search.engine import IndexReader
from hubs.data_hub.search.syntax import ParsedQuery
from hubs.data_hub.text import fold

MAX_WORDS = 6
_CANDIDATES = 2_000
_FIELDS = ("names", "words")
_KNOWN_IN = (("names", "plain"), ("words", "plain"), ("body_en", "en"), ("body_fr", "fr"))


def suggest_spelling(reader: IndexReader, searcher: Searcher, parsed: ParsedQuery) -> str | None:
    """Return the query with its unknown words replaced by the nearest known ones, None when none is near."""
    words = [word for text in parsed.words for word in fold(text).split()][:MAX_WORDS]
    if not words:
        return None
    corrected = [_nearest(reader, searcher, word) for word in words]
    if corrected == words or not any(corrected):
        return None
    return " ".join(better or word for better, word in zip(corrected, words, strict=True))


def _nearest(reader: IndexReader, searcher: Searcher, word: str) -> str:
    """Return the word itself when the index knows it, else the most frequent one within one or two edits."""
    for name, analyser in _KNOWN_IN:
        tokens = reader.analysers[analyser].analyze(word)
        if tokens and searcher.doc_freq(name, tokens[0]):
            return word
    reach = 1 if len(word) < 6 else 2
    letters = set(word)
    best: tuple[int, int, str] | None = None
    for name in _FIELDS:
        # The first letters are seldom the wrong ones, and three letters begin far fewer words than two.
        for prefix in dict.fromkeys((word[:3], word[:2], word[:1])):
            for term, count in searcher.terms_with_prefix(name, prefix, limit=_CANDIDATES):
                if is_far(letters, term, reach):
                    continue
                distance = edit_distance(word, term, reach)
                if distance is not None and (best is None or (distance, -count) < best[:2]):
                    best = (distance, -count, term)
            if best is not None:
                break
    return best[2] if best else ""


def is_far(letters: set[str], word: str, most: int) -> bool:
    """Tell whether a word is surely more edits away from such letters: one changes two of them at most."""
    return len(letters.symmetric_difference(word)) > 2 * most


def edit_distance(left: str, right: str, most: int) -> int | None:
    """Return the number of edits (a swap of neighbours is one) between two words, None beyond ``most``."""
    if abs(len(left) - len(right)) > most:
        return None
    before: list[int] = []
    row = list(range(len(right) + 1))
    for i, a in enumerate(left, 1):
        current = [i]
        for j, b in enumerate(right, 1):
            cost = min(row[j] + 1, current[j - 1] + 1, row[j - 1] + (a != b))
            if i > 1 and j > 1 and a == right[j - 2] and left[i - 2] == b:
                cost = min(cost, before[j - 2] + 1)
            current.append(cost)
        if min(current) > most:
            return None
        before, row = row, current
    return row[-1] if row[-1] <= most else None
