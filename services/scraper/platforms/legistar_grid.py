"""Legistar's grids: the table of a page, its headings and rows, and what is in a cell."""

from __future__ import annotations

import re
from urllib.parse import urljoin

from lxml import html

from services.scraper.parsers.base import Document
from services.scraper.parsers.page import parse_page
from services.scraper.parsers.text import clean

_MAX_ROWS = 20_000


def grid(document: Document, name: str) -> tuple[list[str], list[html.HtmlElement]]:
    """Return the headings and the rows of a page's table.

    Raises: ParseFailed (``wrong-shape`` without the table, or as ``parse_page``).
    """
    found = grid_in(parse_page(document), name)
    if not found[0]:
        raise document.failed("wrong-shape", f"no table {name}; the page may have changed")
    return found


def grid_in(root: html.HtmlElement, name: str) -> tuple[list[str], list[html.HtmlElement]]:
    """Return the headings (none without the table) and the rows of a table."""
    for table in root.xpath("//table[contains(@class, 'rgMasterTable')]"):
        if name in (table.get("id") or ""):
            headings = [clean(" ".join(cell.itertext())).lower() for cell in table.xpath("./thead/tr/th")]
            rows = table.xpath("./tbody/tr[contains(@class, 'rgRow') or contains(@class, 'rgAltRow')]")
            return headings or [""], rows[:_MAX_ROWS]
    return [], []


def cells_of(headings: list[str], row: html.HtmlElement) -> dict[str, str]:
    """Return the words of a row's cells by heading."""
    told: dict[str, str] = {}
    for heading, cell in zip(headings, row, strict=False):
        if heading:
            told.setdefault(heading, words(cell))
    return told


def by_id(scope: html.HtmlElement, ending: str) -> html.HtmlElement | None:
    """Return the element whose id ends in a control's name."""
    found = scope.xpath(f".//*[@id and substring(@id, string-length(@id) - {len(ending)}) = '_{ending}']")
    return next(iter(found), None)


def words(element: html.HtmlElement | None) -> str:
    """Return an element's text on one line."""
    return clean(" ".join(element.itertext())) if element is not None else ""


def href(document: Document, link: html.HtmlElement | None) -> str:
    """Return the absolute address of a link, or ``""`` for one that leads nowhere."""
    told = clean(link.get("href")) if link is not None else ""
    if not told or told.startswith(("#", "javascript:", "mailto:")):
        return ""
    address = urljoin(document.url, told)
    return address if address.startswith("http") or not document.url.startswith("http") else ""


def number_in(link: html.HtmlElement | None, attribute: str = "href") -> str:
    """Return the number of a thing in a link's address."""
    match = (
        re.search(r"[?&](?:ID|LEGID)=(\d+)", link.get(attribute) or "", re.I) if link is not None else None
    )
    return match[1] if match else ""


def number_of(row: html.HtmlElement, *endings: str) -> str:
    """Return the first number that one of a row's links has."""
    return next((number for ending in endings if (number := number_in(by_id(row, ending)))), "")


def scheme(document: Document, kind: str) -> str:
    """Return the scheme of a client's numbers."""
    return f"legistar.com/{document.source.parameter('client') or document.source.jurisdiction.id}/{kind}"
