"""JSON of upstream documents, size-limited, whatever encoding it was served in."""

from __future__ import annotations

import json
from typing import Any, TypeVar

from services.scraper.parsers.base import Document
from services.scraper.parsers.body import text_of

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
    text = text_of(document, "JSON")
    try:
        # NaN and Infinity are no JSON, but some servers write them for a value that is not there.
        return json.loads(text, parse_constant=lambda _: None)
    except json.JSONDecodeError as error:
        is_cut_off = not text.endswith(("}", "]")) or error.pos >= len(text) - 1
        code = "truncated" if is_cut_off else "not-json"
        raise document.failed(code, f"JSON error at character {error.pos}: {error.msg}") from None
    except RecursionError:
        raise document.failed("not-json", "nested too deeply") from None
    except ValueError as error:
        raise document.failed("not-json", f"a number without end: {error}"[:300]) from None
