"""Searching: hits with highlights, exact facets, corrections of spelling and shortcuts."""

from __future__ import annotations

import threading
import time
from concurrent.futures import Executor
from dataclasses import dataclass, field
from typing import Any

import orjson
from tantivy import Order, Query, Searcher

from hubs.data_hub.search.asked import AskedTerms
from hubs.data_hub.search.engine import Generation
from hubs.data_hub.search.keeper import IndexKeeper
from hubs.data_hub.search.marking import Marker, beginning
from hubs.data_hub.search.querying import QueryCompiler
from hubs.data_hub.search.schemas import SearchAnswer, SearchRequest
from hubs.data_hub.search.shortcuts import find_shortcut
from hubs.data_hub.search.spelling import suggest_spelling
from hubs.data_hub.search.syntax import ParsedQuery, parse

MANY_POSTINGS = 20_000
"""From so many entries on, facets are counted beside the hits: a hop between threads costs less by then."""
_FACETS: dict[str, Any] = {
    "type": {"terms": {"field": "type", "size": 50}},
    "party": {"terms": {"field": "party", "size": 50}},
    "jurisdiction": {"terms": {"field": "jurisdiction", "size": 200}},
    "year": {"terms": {"field": "year", "size": 200}},
}
_ORDERS = {"date": Order.Asc, "-date": Order.Desc}


@dataclass(frozen=True)
class SearchThreads:
    """Where searches run, and where the facets of large answers are counted while their hits are read."""

    searching: Executor
    beside: Executor
    turn: threading.Lock = field(default_factory=threading.Lock)
    """Held by the search that works with the interpreter.

    Some calls of the engine let go of it for some microseconds: two threads that both work with it would
    change places at each of those, forty times a search, and each change costs more than the call.
    """


class SearchService:
    """Answers searches from the current generation."""

    def __init__(self, keeper: IndexKeeper, asked: AskedTerms, threads: SearchThreads) -> None:
        self._keeper = keeper
        self._asked = asked
        self._threads = threads

    def state(self) -> tuple[int, bool]:
        """Return what answers depend on beside the question: the index's position, whether it is rebuilt.

        Raises: IndexNotReady with the progress of the build.
        """
        return self._keeper.generation().position, self._keeper.state.is_building

    def search(self, request: SearchRequest) -> SearchAnswer:
        """Return a page of hits.

        Raises: QueryRefused; IndexNotReady with the progress of the build.
        """
        began = time.perf_counter()
        generation = self._keeper.generation()
        parsed = parse(request.text)
        with self._threads.turn:
            view = generation.view()
            searcher = view.searcher
            compiler = QueryCompiler(generation, view)
            query = compiler.compile(parsed, request.filters)
        counting = None
        if request.wants_facets and compiler.postings >= MANY_POSTINGS:
            counting = self._threads.beside.submit(_facets, searcher, query)
        result = _run(searcher, query, request)
        facets = _facets(searcher, query) if request.wants_facets and counting is None else {}
        with self._threads.turn:
            hits = self._hits(generation, searcher, compiler, parsed, result.hits, request)
        if counting is not None:
            # Nobody may have come to it yet.
            facets = _facets(searcher, query) if counting.cancel() else counting.result()
        meta = {
            "total": result.count,
            "facets": facets,
            "did_you_mean": suggest_spelling(generation, searcher, parsed) if result.count == 0 else None,
            "shortcut": find_shortcut(generation, searcher, request.text) if request.offset == 0 else None,
            "position": generation.position,
            "is_rebuilding": self._keeper.state.is_building,
            "took_ms": round((time.perf_counter() - began) * 1_000, 2),
        }
        self._asked.note(request.text, request.lang, result.count)
        return SearchAnswer(hits, meta)

    def suggest(self, text: str, limit: int) -> list[dict[str, Any]]:
        """Return people, bills and bodies whose titles begin with what was typed, the most frequent first."""
        generation = self._keeper.generation()
        folded = generation.analysers["whole"].analyze(text.strip())
        if not folded or not folded[0]:
            return []
        searcher = generation.searcher()
        found = []
        for term, _ in searcher.terms_with_prefix("suggest", folded[0], limit=limit):
            query = Query.term_query(generation.schema, "suggest", term, "basic")
            for _, address in searcher.search(query, limit=1, count=False, order_by_field="order").hits:
                card = orjson.loads(searcher.doc(address)["card"][0])
                found.append({name: card[name] for name in ("type", "id", "title_en", "title_fr", "url")})
        return found

    def _hits(
        self,
        generation: Generation,
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
                markers[lang] = Marker(generation, searcher, lang, *marked) if marked is not None else None
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
