"""Searching: hits with highlights, exact facets, corrections of spelling and shortcuts."""

from __future__ import annotations

import threading
import time
from typing import Any

import orjson
from tantivy import Order, Query, Searcher

from hubs.data_hub.search.engine import IndexReader
from hubs.data_hub.search.marking import Marker, beginning
from hubs.data_hub.search.querying import QueryCompiler
from hubs.data_hub.search.shortcuts import find_shortcut
from hubs.data_hub.search.spelling import suggest_spelling
from hubs.data_hub.search.syntax import ParsedQuery, parse
from hubs.data_hub.search.wire import Found, IndexState, SearchRequest, SuggestRequest

MANY_POSTINGS = 20_000
"""From so many entries on, facets are counted beside the hits: a thread of their own costs less by then."""
_FACETS: dict[str, Any] = {
    "type": {"terms": {"field": "type", "size": 50}},
    "party": {"terms": {"field": "party", "size": 50}},
    "jurisdiction": {"terms": {"field": "jurisdiction", "size": 200}},
    "year": {"terms": {"field": "year", "size": 200}},
}
_ORDERS = {"date": Order.Asc, "-date": Order.Desc}


class SearchService:
    """Answers searches from one index, one at a time."""

    def __init__(self, reader: IndexReader) -> None:
        self._reader = reader

    @property
    def reader(self) -> IndexReader:
        """Return the index that is searched."""
        return self._reader

    def search(self, request: SearchRequest, state: IndexState) -> Found:
        """Return a page of hits.

        Raises: QueryRefused.
        """
        began = time.perf_counter()
        reader = self._reader
        parsed = parse(request.text)
        view = reader.view()
        searcher = view.searcher
        compiler = QueryCompiler(reader, view)
        query = compiler.compile(parsed, request.filters)
        counting = None
        if request.wants_facets and compiler.postings >= MANY_POSTINGS:
            counting = _Counting(searcher, query)
            counting.start()
        try:
            result = _run(searcher, query, request)
            facets = _facets(searcher, query) if request.wants_facets and counting is None else {}
            hits = self._hits(searcher, compiler, parsed, result.hits, request)
        finally:
            # Nothing of a search is left when the next one begins, which may let go of mapped files.
            if counting is not None:
                counting.join()
        if counting is not None:
            facets = counting.result()
        meta = {
            "total": result.count,
            "facets": facets,
            "did_you_mean": suggest_spelling(reader, searcher, parsed) if result.count == 0 else None,
            "shortcut": find_shortcut(reader, searcher, request.text) if request.offset == 0 else None,
            "position": state.position,
            "is_rebuilding": state.is_rebuilding,
            "took_ms": round((time.perf_counter() - began) * 1_000, 2),
        }
        return Found(result.count, orjson.dumps(hits), orjson.dumps(meta))

    def suggest(self, request: SuggestRequest) -> Found:
        """Return people, bills and bodies whose titles begin with what was typed, the most frequent first."""
        reader = self._reader
        folded = reader.analysers["whole"].analyze(request.text.strip())
        found: list[dict[str, Any]] = []
        if folded and folded[0]:
            searcher = reader.view().searcher
            for term, _ in searcher.terms_with_prefix("suggest", folded[0], limit=request.limit):
                query = Query.term_query(reader.schema, "suggest", term, "basic")
                for _, address in searcher.search(query, limit=1, count=False, order_by_field="order").hits:
                    card = orjson.loads(searcher.doc(address)["card"][0])
                    found.append({name: card[name] for name in ("type", "id", "title_en", "title_fr", "url")})
        return Found(len(found), orjson.dumps(found), b"{}")

    def _hits(
        self,
        searcher: Searcher,
        compiler: QueryCompiler,
        parsed: ParsedQuery,
        found: list[tuple[Any, Any]],
        request: SearchRequest,
    ) -> list[orjson.Fragment]:
        markers: dict[str, Marker | None] = {}
        if request.wants_snippets and parsed.words:
            for lang in (request.lang,) if request.lang else ("en", "fr"):
                marked = compiler.for_highlight(parsed, lang)
                markers[lang] = Marker(self._reader, searcher, lang, *marked) if marked is not None else None
        hits = []
        for score, address in found:
            document = searcher.doc(address)
            more: dict[str, Any] = {"score": round(float(score), 4) if request.sort == "relevance" else None}
            for lang, marker in markers.items():
                text = str(document.get_first(f"body_{lang}") or "")
                html = marker.mark(text, document) if marker is not None and text else ""
                more[f"snippet_{lang}"] = html or beginning(text)
            hits.append(_extended(document["card"][0], more))
        return hits


class _Counting(threading.Thread):
    """Counts the facets of a large answer while its hits are read."""

    def __init__(self, searcher: Searcher, query: Query) -> None:
        super().__init__(name="facets", daemon=True)
        self._searcher, self._query = searcher, query
        self._facets: dict[str, list[dict[str, Any]]] | Exception = {}

    def run(self) -> None:
        """Count."""
        try:
            self._facets = _facets(self._searcher, self._query)
        except Exception as error:  # noqa: BLE001 - it is the search's, which asks for the result
            self._facets = error

    def result(self) -> dict[str, list[dict[str, Any]]]:
        """Return the facets that were counted; raise what stopped it."""
        if isinstance(self._facets, Exception):
            raise self._facets
        return self._facets


def _extended(card: bytes, more: dict[str, Any]) -> orjson.Fragment:
    """Return a JSON object with more members, without reading what it has."""
    return orjson.Fragment(card[:-1] + b"," + orjson.dumps(more)[1:])


def _run(searcher: Searcher, query: Query, request: SearchRequest) -> Any:
    if request.sort == "relevance":
        return searcher.search(
            query, limit=request.limit, offset=request.offset, count=True, weight_by_field="weight"
        )
    return searcher.search(
        query,
        limit=request.limit,
        offset=request.offset,
        count=True,
        order_by_field="order",
        order=_ORDERS[request.sort],
    )


def _facets(searcher: Searcher, query: Query) -> dict[str, list[dict[str, Any]]]:
    answer = searcher.aggregate(query, _FACETS)
    facets = {
        name: [{"value": bucket["key"], "count": bucket["doc_count"]} for bucket in answer[name]["buckets"]]
        for name in _FACETS
    }
    years = [{"value": int(entry["value"]), "count": entry["count"]} for entry in facets["year"]]
    facets["year"] = sorted(
        (entry for entry in years if entry["value"] > 1), key=lambda entry: entry["value"]
    )
    return facets
