"""Normalise: the same text always has the same bytes (NFC, single spaces, no blanks at either end)."""

from __future__ import annotations

import re
import unicodedata
from typing import Any

from shared.http.json import dumps, loads

# JSON bytes in which no string can need a change: the common case is decided without parsing, and looking
# for a few plain bytes is many times faster than one expression for everything.
_ESCAPES = re.compile(rb"\\[nrtufb]")
_WIDE = re.compile(
    rb"\xc2[\x85\xa0\xad]|\xe1\x9a\x80|\xe2\x80[\x80-\x8f\xa8-\xaf]|\xe2\x81[\x9f\xa0]|\xe3\x80\x80|\xef\xbb\xbf"
)
_BLANKS = re.compile(r"[ \t\u00a0\u2000-\u200a\u202f]+")
_INVISIBLE = re.compile("[\u200b\u200e\u200f\u2060\ufeff\u00ad]")
_LINES = re.compile(r" ?\r?\n ?")


def normalise(body: bytes) -> bytes:
    """Return the record with every text normalised; the same object when nothing had to change."""
    if not _is_suspect(body):
        return body
    before = loads(body)
    after = {key: value if key in _VERBATIM else _clean(value) for key, value in before.items()}
    return dumps(after) if after != before else body


def _is_suspect(body: bytes) -> bool:
    if b"  " in body or b'" ' in body or b' "' in body or (b"\\" in body and _ESCAPES.search(body)):
        return True
    if body.isascii():
        return False
    return _WIDE.search(body) is not None or not unicodedata.is_normalized("NFC", body.decode())


# Addresses and keys are compared elsewhere byte by byte.
_VERBATIM = frozenset({"key", "sources"})


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return clean_text(value)
    if isinstance(value, list):
        return [_clean(one) for one in value]
    if isinstance(value, dict):
        return {key: one if key == "url" else _clean(one) for key, one in value.items()}
    return value


def clean_text(text: str) -> str:
    """Return text in NFC without invisible characters, doubled blanks and blanks at its ends; line ends stay.

    Dashes and apostrophes are kept as the source writes them.
    """
    text = unicodedata.normalize("NFC", _INVISIBLE.sub("", text))
    return _LINES.sub("\n", _BLANKS.sub(" ", text)).strip()
