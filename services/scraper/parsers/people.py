"""People of a council or legislature, in whichever generic format its source has: the start step says which.

A file given by hand may be of any of them: a list in the Represent schema (CSV, xls, xlsx, zip), a
Represent list
or import file, GeoJSON, plain JSON, or the page that the registry has selectors for.
"""

from __future__ import annotations

import json

from services.scraper.parsers.base import Document, Parser
from services.scraper.parsers.html_people import read_page, read_profile
from services.scraper.parsers.json_people import read_features, read_items
from services.scraper.parsers.represent_api import looks_like as is_represent
from services.scraper.parsers.represent_api import read_list
from services.scraper.parsers.represent_csv import read_table
from services.scraper.parsers.text import decode, head, is_html_page


def recognise(document: Document) -> str:
    """Tell the formats apart by the document's first bytes, JSON by its shape."""
    if document.body.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        return "represent_csv"
    start = head(document.body, 4_096)
    if start.startswith(("{", "[")):
        return _json_step(document)
    if is_html_page(document.body) or start.startswith("<"):
        return "html"
    return "represent_csv"


def _json_step(document: Document) -> str:
    try:
        value = json.loads(decode(document.body, document.charset).lstrip("\ufeff"))
    except (ValueError, RecursionError):
        return "json"
    if is_represent(value):
        return "represent_json"
    return "geojson" if isinstance(value, dict) and isinstance(value.get("features"), list) else "json"


PARSER = Parser(
    name="people",
    version=2,
    steps={
        "represent_csv": read_table,
        "represent_json": read_list,
        "geojson": read_features,
        "json": read_items,
        "html": read_page,
        "html_profile": read_profile,
    },
    recognise=recognise,
)
