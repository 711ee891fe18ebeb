"""Searching: hits with highlights, exact facets, corrections of spelling and shortcuts."""

from __future__ import annotations

import threading
import time
from queue import SimpleQueue
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

MANY_POSTINGS = 1_000
"""From so many entries on, a second processor that has nothing to do counts the facets beside the hits."""
Facets = dict[str, list[dict[str, Any]]]
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
        self._beside: _Counting | None = None

    @property
    def reader(self) -> IndexReader:
        """Return the index that is searched."""
        return self._reader

    def search(self, request: SearchRequest, state: IndexState, *, is_alone: bool = False) -> Found:
        """Return a page of hits; ``is_alone`` says that there is a processor to spare.

        Raises: QueryRefused.
        """
        began = time.perf_counter()
        reader = self._reader
        parsed = parse(request.text)
        view = reader.view()
        searcher = view.searcher
        compiler = QueryCompiler(reader, view)
        query = compiler.compile(parsed, request.filters)
        spare = is_alone and request.wants_facets and compiler.postings >= MANY_POSTINGS
        counting = self._counting() if spare else None
        if counting is not None:
            counting.begin(searcher, query)
        try:
            result = _run(searcher, query, request)
            facets = _facets(searcher, query) if request.wants_facets and counting is None else {}
            hits = self._hits(searcher, compiler, parsed, result.hits, request)
        finally:
            # Nothing of a search is left when the next one begins, which may let go of mapped files.
            counted = counting.end() if counting is not None else {}
        if isinstance(counted, Exception):
            raise counted
        facets |= counted
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

    def _counting(self) -> _Counting:
        if self._beside is None:
            self._beside = _Counting()
            self._beside.start()
        return self._beside

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
    """Counts the facets of a search while its hits are read, one search at a time."""

    def __init__(self) -> None:
        super().__init__(name="facets", daemon=True)
        self._asked: SimpleQueue[tuple[Searcher, Query]] = SimpleQueue()
        self._counted: SimpleQueue[Facets | Exception] = SimpleQueue()

    def begin(self, searcher: Searcher, query: Query) -> None:
        """Begin to count."""
        self._asked.put((searcher, query))

    def end(self) -> Facets | Exception:
        """Return the facets, or what was wrong, when they are counted."""
        return self._counted.get()

    def run(self) -> None:
        """Count what is asked for, until the process ends."""
        while True:
            self._counted.put(_try_facets(*self._asked.get()))


def _try_facets(searcher: Searcher, query: Query) -> Facets | Exception:
    # Returned, not kept: the thread must hold no searcher when it is done.
    try:
        return _facets(searcher, query)
    except Exception as error:  # noqa: BLE001 - it is the search's, which raises it
        return error


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


def _facets(searcher: Searcher, query: Query) -> Facets:
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
