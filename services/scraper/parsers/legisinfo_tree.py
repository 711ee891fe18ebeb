"""LEGISinfo's documents as one tree, whether they came as JSON or as XML.

JSON has lists of objects; XML repeats the element. ``null``, an empty element and an element of
white space are all "not said". Titles differ between the formats only in the apostrophe: the XML
export writes ``'`` where JSON has ``’``; one glyph is used here so that both give equal records.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

from lxml import etree

from services.scraper.parsers.base import Document
from services.scraper.parsers.json import parse_any_json
from services.scraper.parsers.text import clean, head, plain, straight_apostrophes
from services.scraper.parsers.xml import parse_xml

Tree = Mapping[str, Any]
_NO_DAY = date(1, 1, 1)


def read_bills(document: Document) -> list[Tree]:
    """Return the bills of a LEGISinfo document.

    Raises: ParseFailed (``wrong-shape``, or as ``parse_xml`` and ``parse_any_json``).
    """
    if head(document.body, 200).startswith(("{", "[")):
        value = parse_any_json(document)
        bills = [value] if isinstance(value, dict) else value
        if not isinstance(bills, list) or not all(isinstance(bill, dict) for bill in bills):
            raise document.failed("wrong-shape", "neither a bill nor a list of bills")
        return list(bills)
    root = parse_xml(document)
    if root.tag != "Bills" or any(child.tag != "Bill" for child in root):
        raise document.failed("wrong-shape", f"root element {root.tag!r}, not Bills")
    return [_tree(child) for child in root]


def _tree(element: etree._Element) -> dict[str, Any]:
    tree: dict[str, Any] = {}
    for child in element:
        value: Any = _tree(child) if len(child) else (child.text or "")
        if child.tag in tree:
            held = tree[child.tag]
            tree[child.tag] = [*held, value] if isinstance(held, list) else [held, value]
        else:
            tree[child.tag] = value
    return tree


def text(tree: Tree, *names: str) -> str:
    """Return the first of ``names`` that says something, on one line."""
    for name in names:
        value = tree.get(name)
        if isinstance(value, (str, int, float)) and not isinstance(value, bool):
            found = straight_apostrophes(clean(str(value)))
            if found:
                return found
    return ""


def prose(tree: Tree, name: str) -> str:
    """Return the text of an HTML field, without its tags."""
    value = tree.get(name)
    return straight_apostrophes(plain(value)) if isinstance(value, str) else ""


def number(tree: Tree, *names: str) -> int:
    """Return the first of ``names`` that is a number other than 0, else 0."""
    for name in names:
        value = text(tree, name)
        if value.lstrip("-").isdigit() and int(value):
            return int(value)
    return 0


def flag(tree: Tree, name: str) -> bool:
    """Tell whether ``name`` is true."""
    value = tree.get(name)
    return value is True or (isinstance(value, str) and value.strip().lower() == "true")


def branch(tree: Tree, name: str) -> Tree:
    """Return the object ``name``, empty when it is not there."""
    value = tree.get(name)
    return value if isinstance(value, Mapping) else {}


def branches(tree: Tree, name: str) -> list[Tree]:
    """Return the objects of the list ``name``."""
    value = tree.get(name)
    held = value if isinstance(value, list) else [value]
    return [item for item in held if isinstance(item, Mapping)]


def day(document: Document, tree: Tree, name: str) -> date | None:
    """Return the Parliament's date of a date-time field; the year 1 stands for "none".

    The list writes local clock time as if it were UTC and then shifts it to local time
    (``2025-05-26T20:00:00-04:00`` is May 27): going back to UTC gives the time that the detail
    document states without an offset.

    Raises: ParseFailed (``wrong-shape``).
    """
    value = text(tree, name)
    if not value:
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        raise document.failed("wrong-shape", f"{name} is {value[:50]!r}, not a date") from None
    found = (moment.astimezone(UTC) if moment.tzinfo and moment.year > 1 else moment).date()
    return None if found == _NO_DAY else found
