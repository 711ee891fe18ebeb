"""Shortcuts: a postal code, a bill's number or a member's name leads straight to what it names."""

from __future__ import annotations

import re
from typing import Any

import orjson
from tantivy import Query, Searcher

from hubs.data_hub.search.engine import IndexReader
from hubs.data_hub.text import fold

_POSTAL = re.compile(r"^[ABCEGHJ-NPRSTVXY]\d[ABCEGHJ-NPRSTV-Z][ -]?\d[ABCEGHJ-NPRSTV-Z]\d$", re.IGNORECASE)
_BILL = re.compile(
    r"^(?:bill|projet de loi)?\s*([cs])[ -]?(\d{1,4})(?:\s+\(?(\d{1,2}-\d)\)?)?$", re.IGNORECASE
)
MAX_WORDS = 5


def find_shortcut(reader: IndexReader, searcher: Searcher, text: str) -> dict[str, Any] | None:
    """Return what a query names exactly, None when it names nothing of the kind or more than one thing."""
    bare = text.strip()
    if _POSTAL.match(bare):
        code = bare.upper().replace(" ", "").replace("-", "")
        return {
            "type": "postal_code",
            "title": f"{code[:3]} {code[3:]}",
            "url": f"/api/v1/representatives?postal_code={code}",
        }
    if match := _BILL.match(bare):
        number = f"{match[1].lower()}-{int(match[2])}"
        return _bill(reader, searcher, f"{match[3]}/{number}" if match[3] else number)
    return _person(reader, searcher, bare)


def _bill(reader: IndexReader, searcher: Searcher, code: str) -> dict[str, Any] | None:
    schema = reader.schema
    query = Query.term_query(schema, "codes", code, "basic").and_must_match(
        Query.term_query(schema, "type", "bill", "basic")
    )
    # The newest bill of the number: they start again with each session.
    found = searcher.search(query, limit=1, order_by_field="order")
    return _card(searcher, found.hits[0][1]) if found.hits else None


def _person(reader: IndexReader, searcher: Searcher, text: str) -> dict[str, Any] | None:
    words = reader.analysers["plain"].analyze(text)
    if not 2 <= len(words) <= MAX_WORDS:
        return None
    # Most queries hold a word that is in nobody's name: a phrase costs more than to see that.
    if not all(searcher.doc_freq("names", word) for word in words):
        return None
    schema = reader.schema
    query = Query.phrase_query(schema, "names", list(words)).and_must_match(
        Query.term_query(schema, "type", "person", "basic")
    )
    cards = [_card(searcher, address) for _, address in searcher.search(query, limit=5).hits]
    exact = [card for card in cards if fold(card["title"]) == fold(text)]
    return exact[0] if len(exact) == 1 else None


def _card(searcher: Searcher, address: Any) -> dict[str, Any]:
    card = orjson.loads(searcher.doc(address)["card"][0])
    return {"type": card["type"], "id": card["id"], "title": card["title_en"], "url": card["url"]}
