"""Text of upstream documents: slugs, whitespace, and bytes of doubtful encoding."""

from __future__ import annotations

import codecs
import html
import re

from shared.contracts.keys import slug

__all__ = ["clean", "decode", "head", "is_html_page", "plain", "slug", "straight_apostrophes"]

_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_TAG = re.compile(r"<[^>]{0,500}>")
_PAGE_START = re.compile(rb"\s*(?:<!--.{0,4000}?-->\s*)*<(?:!doctype\s+html|html|head|body)\b", re.I | re.S)


def clean(text: str | None) -> str:
    """Return ``text`` on one line with single spaces and without NUL or lone surrogates.

    Dashes and apostrophes stay as published; U+2028 and no-break spaces count as space.
    """
    if not text:
        return ""
    if text.isprintable() and "  " not in text:
        # The common case: no white space but single spaces, nothing to leave out.
        return text.strip(" ")
    kept = text.replace("\x00", "").encode("utf-8", "ignore").decode("utf-8")
    return " ".join(kept.split())


def plain(markup: str | None) -> str:
    """Return the text of a short HTML fragment, entities resolved, on one line."""
    return clean(html.unescape(_TAG.sub(" ", markup or "")))


def straight_apostrophes(text: str) -> str:
    """Return ``text`` with typographic apostrophes written as ``'``."""
    return text.replace("’", "'")


def decode(body: bytes, charset: str = "") -> str:
    """Return ``body`` as text: a byte order mark wins, then UTF-8 if it is, then what was declared.

    Declared charsets lie often enough that valid UTF-8 is believed first; the last resort is
    Windows-1252, which reads every byte.
    """
    for mark, name in _BOMS:
        if body.startswith(mark):
            return body.decode(name, "replace")
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError:
        pass
    try:
        return body.decode(charset or "cp1252")
    except (UnicodeDecodeError, LookupError):
        return body.decode("cp1252", "replace")


def head(body: bytes, size: int = 20_000) -> str:
    """Return the first ``size`` characters or so of a document: what tells formats apart."""
    # A character of UTF-16 takes two bytes; an odd byte would be half of one.
    return decode(body[: size * 2 if _is_utf16(body) else size]).lstrip("\ufeff\x00 \t\r\n")


def is_html_page(body: bytes) -> bool:
    """Tell whether ``body`` starts like an HTML page (what an error page with status 200 is)."""
    start = head(body, 8_192).encode() if _is_utf16(body) else body[:8_192].lstrip(codecs.BOM_UTF8)
    return _PAGE_START.match(start) is not None


def _is_utf16(body: bytes) -> bool:
    return body.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
