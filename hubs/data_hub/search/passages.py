"""Which passages of a long text may hold a word: noted when it is indexed, looked up when it is shown.

To mark words, the engine reads a text from its first character to its last and stems each word, and a page of
hits has forty texts. Most have the words in one passage and in one language, if at all. So each text is kept
with a Bloom filter (B. H. Bloom, CACM 13:7, 1970) of the stems of each passage, 64 bytes for a thousand
characters: of five passages without a word, four at least are known to be without it.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

PASSAGE_CHARS = 1_000
_BITS = 512
_BYTES = _BITS // 8
_START = 4
_RECORD = _START + _BYTES

Analyse = Callable[[str], list[str]]


class Passage(NamedTuple):
    """Part of a text, in characters, and how many of the words asked for it may hold."""

    start: int
    end: int
    words: int


def note_passages(text: str, analyse: Analyse) -> bytes:
    """Return what `find_passages` reads: for each passage its first character (uint32) and its filter."""
    found = bytearray()
    for start, end in _split(text):
        bits = 0
        for word in set(analyse(text[start:end])):
            bits |= mask_of(word)
        found += start.to_bytes(_START, "little") + bits.to_bytes(_BYTES, "little")
    return bytes(found)


def mask_of(word: str) -> int:
    """Return the two bits (of 512) that stand for a stem."""
    digest = zlib.crc32(word.encode())
    return 1 << digest % _BITS | 1 << (digest >> 16) % _BITS


def find_passages(noted: bytes, length: int, masks: Sequence[int]) -> list[Passage]:
    """Return the passages of a text that may hold words, those with most of them first.

    ``length`` is the text's in characters; ``masks`` are those of the words.
    """
    found = []
    end = length
    for place in range(len(noted) - _RECORD, -1, -_RECORD):
        start = int.from_bytes(noted[place : place + _START], "little")
        bits = int.from_bytes(noted[place + _START : place + _RECORD], "little")
        words = 0
        for mask in masks:
            words += bits & mask == mask
        if words:
            found.append(Passage(start, end, words))
        end = start
    if len(found) > 1:
        found.sort(key=lambda passage: (-passage.words, passage.start))
    return found


def _split(text: str) -> Iterator[tuple[int, int]]:
    start = 0
    while len(text) - start > PASSAGE_CHARS:
        end = _last_break(text, start + PASSAGE_CHARS // 2, start + PASSAGE_CHARS)
        yield start, end
        start = end
    if start < len(text):
        yield start, len(text)


def _last_break(text: str, first: int, last: int) -> int:
    """Return where a passage best ends: after a paragraph, a sentence, a word, or where it must."""
    for mark in ("\n", ". ", " "):
        if (found := text.rfind(mark, first, last)) >= 0:
            return found + len(mark)
    return last
