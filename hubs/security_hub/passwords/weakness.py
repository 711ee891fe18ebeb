"""How a guesser thinks: common words with the usual trimmings, keyboard walks, runs, repeats, dates."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import cache
from importlib.resources import files

_ROWS = (
    "1234567890", "qwertyuiop", "asdfghjkl", "zxcvbnm", "azertyuiop", "qsdfghjklm", "wxcvbn", "qwertzuiop",
    "yxcvbnm", "abcdefghijklmnopqrstuvwxyz",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p", "qazwsxedcrfvtgbyhnujmikolp",
    "1q2w3e4r5t6y7u8i9o0p", "q1w2e3r4t5y6u7i8o9p0", "zaq12wsxcde34rfvbgt56yhn", "789456123",
    "147258369", "159753",
    "!@#$%^&*()", "a1b2c3d4e5f6g7h8i9", "1a2b3c4d5e6f7g8h9i",
)  # fmt: skip
_LEET = str.maketrans({
    "0": "o", "1": "i", "2": "z", "3": "e", "4": "a", "5": "s", "6": "g", "7": "t", "8": "b", "9": "g",
    "@": "a", "$": "s", "!": "i", "|": "l", "+": "t", "(": "c", "€": "e", "£": "l", "#": "h", "%": "x",
})  # fmt: skip
_LEET_L = str.maketrans({"1": "l", "!": "l", "7": "l"})
_SHORTEST_RUN = 4
# Digits and marks around a word: decoration that every guesser knows.
_ENDS = re.compile(r"^[!-@\[-`{-~]+|[!-@\[-`{-~]+$")
_FREE_LETTERS = 4


@cache
def _words() -> frozenset[str]:
    text = (files(__package__) / "common.txt").read_text("utf-8")
    lines = (line.partition("#")[0] for line in text.splitlines())
    return frozenset(_plain(word) for line in lines for word in line.split())


def weakness(password: str, about: Iterable[str] = ()) -> str:
    """Return why a password is easily guessed, or nothing: repeat, sequence, common, personal, digits.

    What remains after taking away known words, walks, repeats and decoration must hold at least four
    characters, otherwise everything in it was known beforehand.
    """
    lowered = _plain(password)
    if len(set(lowered)) <= 3 or _is_repeat(lowered):
        return "repeat"
    if lowered.isdigit() and (len(lowered) < 16 or _without_runs(lowered) == ""):
        return "digits"
    personal = [part for text in about for part in _parts(text)]
    for reading in _readings(lowered):
        if any(part in reading for part in personal) and _left(reading, personal) < _FREE_LETTERS:
            return "personal"
        if len(_without_runs(reading)) < _FREE_LETTERS:
            return "sequence"
        if _left(reading, personal) < _FREE_LETTERS and not _is_passphrase(password):
            return "common"
    return ""


def _plain(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(c for c in decomposed if not unicodedata.combining(c) and not c.isspace())


def _readings(lowered: str) -> set[str]:
    # Digits at the ends are decoration more often than letters in disguise; both readings are tried.
    bare = _ENDS.sub("", lowered) or lowered
    return {
        reading
        for text in (lowered, bare)
        for reading in (text, text.translate(_LEET), text.translate(_LEET_L).translate(_LEET))
    }


def _parts(text: str) -> list[str]:
    return [part for part in re.split(r"[\W_]+", _plain(text)) if len(part) >= 4]


def _is_repeat(text: str) -> bool:
    size = len(text)
    return any(
        size % width == 0 and text == text[:width] * (size // width) for width in range(1, size // 3 + 1)
    )


def _without_runs(text: str) -> str:
    """Return the text without walks over a keyboard or the alphabet, either way."""
    kept, at = [], 0
    while at < len(text):
        length = _run_length(text, at)
        if length >= _SHORTEST_RUN:
            at += length
        else:
            kept.append(text[at])
            at += 1
    return "".join(kept)


def _run_length(text: str, at: int) -> int:
    best = 0
    for row in _ROWS:
        for line in (row, row[::-1]):
            length = _SHORTEST_RUN
            while at + length <= len(text) and text[at : at + length] in line:
                best = max(best, length)
                length += 1
    return best


def _left(reading: str, personal: list[str]) -> int:
    """Return how many letters no word explains; digits and marks at the ends, and years, are decoration."""
    known = _words()
    longest = max((len(word) for word in known), default=0)
    text = _without_runs(reading)
    text = _ENDS.sub("", text)
    for part in sorted(personal, key=len, reverse=True):
        text = text.replace(part, " ")
    text = re.sub(r"(19|20)\d\d", " ", text)
    text = re.sub(r"(.)\1{2,}", r"\1", text)
    free, at = 0, 0
    while at < len(text):
        for length in range(min(longest, len(text) - at), 3, -1):
            if text[at : at + length] in known:
                at += length
                break
        else:
            free += text[at].isalnum() or not text[at].isascii()
            at += 1
    return free


def _is_passphrase(password: str) -> bool:
    """Tell whether these are four or more different words: known ones, and yet not guessed one after the
    other.
    """
    words = re.split(r"[\W\d_]+", password.casefold())
    return len({word for word in words if len(word) >= 4}) >= 4
