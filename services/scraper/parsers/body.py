"""The checks that every format shares before its bytes are parsed."""

from __future__ import annotations

from services.scraper.parsers.base import MAX_DOCUMENT_BYTES, Document
from services.scraper.parsers.text import decode, is_html_page

_BLANK = "\x00 \t\r\n\ufeff"


def text_of(document: Document, expected: str, charset: str = "") -> str:
    """Return the decoded text of a document that should be ``expected`` (XML, JSON, CSV, HTML).

    ``charset`` is the format's own word on the encoding; without it the HTTP header's counts.

    Raises: ParseFailed (``too-large``, ``html-error-page``, ``empty-body``).
    """
    if len(document.body) > MAX_DOCUMENT_BYTES:
        detail = f"{len(document.body)} bytes; at most {MAX_DOCUMENT_BYTES} are read"
        raise document.failed("too-large", detail)
    if expected != "HTML" and is_html_page(document.body):
        raise document.failed("html-error-page", f"an HTML page came in place of {expected}")
    text = decode(document.body, charset or document.charset).strip(_BLANK)
    if not text:
        raise document.failed("empty-body", "the document is empty")
    return text
