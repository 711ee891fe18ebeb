"""Rows of Legistar's Web API: one object or a list, with the page after it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from services.scraper.parsers.base import Document, Fetch, ParseResult
from services.scraper.parsers.json import parse_any_json
from services.scraper.parsers.text import clean, plain
from shared.contracts.civic import Identifier

PAGE = 1_000
"""Most rows that the API gives in one answer."""

Row = Mapping[str, Any]


def rows_of(document: Document, *required: str) -> list[Row]:
    """Return the rows of an answer, each with the required names.

    Raises: ParseFailed (``wrong-shape``, or as ``parse_any_json``).
    """
    value = parse_any_json(document)
    if isinstance(value, Mapping) and required[0] not in value and isinstance(value.get("value"), list):
        value = value["value"]
    rows = [value] if isinstance(value, Mapping) else value
    if not isinstance(rows, list):
        raise document.failed("wrong-shape", f"expected a list, found {type(value).__name__}")
    for row in rows:
        if not isinstance(row, Mapping) or any(name not in row for name in required):
            raise document.failed("wrong-shape", f"a row without {required}: {str(row)[:200]}")
        if row[required[0]] is None:
            raise document.failed("wrong-shape", f"a row whose {required[0]} is null")
    return rows


def base_of(document: Document) -> str:
    """Return the address of the client's API."""
    match = re.match(r"(https?://[^/]+/v1/[^/?#]+)", document.url)
    return (
        match[1]
        if match
        else f"https://webapi.legistar.com/v1/{document.source.parameter('client', 'client')}"
    )


def follow_page(document: Document, result: ParseResult) -> None:
    """Ask for the next page when this one is full."""
    value = parse_any_json(document)
    if not isinstance(value, list) or len(value) < PAGE or not document.url.startswith("http"):
        return
    parts = urlsplit(document.url)
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    query["$skip"] = str(int(query.get("$skip", "0") or 0) + len(value))
    query.setdefault("$top", str(PAGE))
    again = urlunsplit((parts.scheme, parts.netloc, parts.path, urlencode(query), ""))
    result.next(Fetch(url=again, step=document.step))


def identifiers(document: Document, kind: str, number: object) -> tuple[Identifier, ...]:
    """Return the number that the client's API gives a thing."""
    client = document.source.parameter("client") or document.source.jurisdiction.id
    return (
        (Identifier(scheme=f"legistar.com/{client}/{kind}", value=str(number)),) if number is not None else ()
    )


def text(row: Row, name: str) -> str:
    """Return a field as plain text on one line."""
    value = row.get(name)
    is_plain = isinstance(value, (str, int, float)) and not isinstance(value, bool)
    return clean(plain(str(value))) if is_plain else ""
