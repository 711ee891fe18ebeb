"""XML of upstream documents, read without entities, network or unbounded trees."""

from __future__ import annotations

import re
from datetime import date, datetime

from lxml import etree

from services.scraper.parsers.base import Document
from services.scraper.parsers.body import text_of
from services.scraper.parsers.text import clean

_DECLARATION = re.compile(r"^\s*<\?xml[^>]*\?>")
NIL = "{http://www.w3.org/2001/XMLSchema-instance}nil"


def parse_xml(document: Document) -> etree._Element:
    """Return the root element of ``document``.

    The encoding is settled before parsing (byte order mark, then UTF-8, then the declaration),
    so ``encoding='utf8'`` and declarations that lie are both read. Entities are not resolved.

    Raises: ParseFailed (``too-large``, ``html-error-page``, ``empty-body``, ``unsafe-xml``,
    ``truncated``, ``not-xml``).
    """
    text = text_of(document, "XML", _declared_encoding(document.body))
    text = _DECLARATION.sub("", text, count=1).lstrip()
    if "<!" in text and ("<!DOCTYPE" in text[:100_000].upper() or "<!ENTITY" in text.upper()):
        raise document.failed("unsafe-xml", "the document declares a DOCTYPE or entities")
    try:
        root = etree.fromstring(text.encode("utf-8", "ignore"), _parser())
    except etree.XMLSyntaxError as error:
        is_cut_off = (text.startswith("<") and not text.endswith(">")) or "Premature end" in (error.msg or "")
        code = "truncated" if is_cut_off else "not-xml"
        raise document.failed(code, f"XML syntax error: {error.msg}") from None
    if root is None:
        raise document.failed("not-xml", "no root element")
    return root


def _parser() -> etree.XMLParser:
    # A parser object is not reusable across threads; making one costs microseconds.
    return etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
        encoding="utf-8",
    )


def _declared_encoding(body: bytes) -> str:
    match = re.match(rb"[^<]{0,4}<\?xml[^>]*encoding\s*=\s*['\"]([A-Za-z0-9_.-]{1,40})['\"]", body[:300])
    return match[1].decode() if match else ""


def leaf(element: etree._Element, name: str) -> str:
    """Return the text of the child ``name``, cleaned; absent, empty and nil are all ``""``."""
    child = element.find(name)
    text = None if child is None else child.text
    return "" if child is None or not text or child.get(NIL) == "true" else clean(text)


def leaves(element: etree._Element) -> dict[str, str]:
    """Return the text of every child by its name as ``leaf`` does, in one pass: for rows of many columns.

    A name that occurs twice keeps its first text.
    """
    found: dict[str, str] = {}
    for child in element:
        name, text = child.tag, child.text
        if name not in found:
            found[name] = clean(text) if text and child.get(NIL) != "true" else ""
    return found


def whole_text(element: etree._Element | None) -> str:
    """Return all text below ``element``, on one line."""
    return "" if element is None else clean("".join(map(str, element.itertext())))


def local_day(text: str) -> date | None:
    """Return the date of an upstream local date-time such as ``2021-03-10T15:50:00``."""
    try:
        return datetime.fromisoformat(text).date() if text else None
    except ValueError:
        return None
