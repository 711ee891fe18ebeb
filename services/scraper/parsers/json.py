"""JSON of upstream documents, size-limited, whatever encoding it was served in."""

from __future__ import annotations

import json
from typing import Any, TypeVar

from services.scraper.parsers.base import MAX_DOCUMENT_BYTES, Document
from services.scraper.parsers.text import decode, is_html_page

T = TypeVar("T")


def parse_json(document: Document, shape: type[T]) -> T:
    """Return the JSON value of ``document``, which must be a ``shape`` (``list`` or ``dict``).

    Raises: ParseFailed (``too-large``, ``html-error-page``, ``empty-body``, ``truncated``,
    ``not-json``, ``wrong-shape``).
    """
    value = parse_any_json(document)
    if not isinstance(value, shape):
        raise document.failed("wrong-shape", f"expected {shape.__name__}, found {type(value).__name__}")
    return value


def parse_any_json(document: Document) -> Any:
    """Return the JSON value of ``document``, of any type.

    Raises: ParseFailed, with the codes of ``parse_json`` other than ``wrong-shape``.
    """
    if len(document.body) > MAX_DOCUMENT_BYTES:
        raise document.failed("too-large", f"{len(document.body)} bytes; at most {MAX_DOCUMENT_BYTES} are read")
    if is_html_page(document.body):
        raise document.failed("html-error-page", "an HTML page came in place of JSON")
    text = decode(document.body, document.charset).strip("\x00 \t\r\n")
    if not text:
        raise document.failed("empty-body", "the document is empty")
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        code = "truncated" if error.pos >= len(text) - 1 or "Unterminated" in error.msg else "not-json"
        raise document.failed(code, f"JSON error at character {error.pos}: {error.msg}") from None
    except RecursionError:
        raise document.failed("not-json", "nested too deeply") from None
