"""Searching: hits with highlights, exact facets, corrections of spelling and shortcuts."""

from __future__ import annotations

import time
from typing import Any

import orjson
from tantivy import Order, Query, Searcher, SnippetGenerator

from hubs.data_hub.search.engine import Generation
from hubs.data_hub.search.keeper import IndexKeeper
from hubs.data_hub.search.querying import QueryCompiler
from hubs.data_hub.search.schemas import FacetValue, SearchAnswer, SearchMeta, SearchRequest
from hubs.data_hub.search.spelling import suggest_spelling
from hubs.data_hub.search.syntax import ParsedQuery, parse

SNIPPET_CHARS = 240
_FACETS: dict[str, Any] = {
    "type": {"terms": {"field": "type", "size": 50}},
    "party": {"terms": {"field": "party", "size": 50}},
    "jurisdiction": {"terms": {"field": "jurisdiction", "size": 200}},
    "year": {"terms": {"field": "year", "size": 200}},
}
_ORDERS = {"date": Order.Asc, "-date": Order.Desc}


class SearchService:
    """Answers searches from the current generation."""

    def __init__(self, keeper: IndexKeeper) -> None:
        self._keeper = keeper

    def search(self, request: SearchRequest) -> SearchAnswer:
        """Return a page of hits.

        Raises: QueryRefused; IndexNotReady with the progress of the build.
        """
        began = time.perf_counter()
        generation = self._keeper.generation()
        parsed = parse(request.text)
        compiler = QueryCompiler(generation)
        query = compiler.compile(parsed, request.filters)
        searcher = generation.searcher()
        result = _run(searcher, query, request)
        hits = self._hits(generation, searcher, compiler, parsed, result.hits, request)
        meta = SearchMeta(
            total=result.count,
            facets=_facets(searcher, query) if request.wants_facets else {},
            did_you_mean=suggest_spelling(generation, searcher, parsed) if result.count == 0 else None,
            position=generation.position,
            is_rebuilding=self._keeper.state.is_building,
            took_ms=0.0,
        )
        meta.took_ms = round((time.perf_counter() - began) * 1_000, 2)
        return SearchAnswer(data=hits, meta=meta)

    def suggest(self, text: str, limit: int) -> list[str]:
        """Return titles and names that begin with what was typed, the most frequent first."""
        generation = self._keeper.generation()
        folded = generation.analysers["whole"].analyze(text.strip())
        if not folded or not folded[0]:
            return []
        searcher = generation.searcher()
        return [term for term, _ in searcher.terms_with_prefix("suggest", folded[0], limit=limit)]

    def _hits(
        self,
        generation: Generation,
        searcher: Searcher,
        compiler: QueryCompiler,
        parsed: ParsedQuery,
        found: list[tuple[Any, Any]],
        request: SearchRequest,
    ) -> list[dict[str, Any]]:
        makers: dict[str, SnippetGenerator] = {}
        if request.wants_snippets:
            for lang in (request.lang,) if request.lang else ("en", "fr"):
                if (marked := compiler.for_highlight(parsed, lang)) is not None:
                    maker = SnippetGenerator.create(searcher, marked, generation.schema, f"body_{lang}")
                    maker.set_max_num_chars(SNIPPET_CHARS)
                    makers[lang] = maker
        hits = []
        for score, address in found:
            document = searcher.doc(address)
            hit: dict[str, Any] = orjson.loads(document["card"][0])
            hit["score"] = round(float(score), 4) if request.sort == "relevance" else None
            for lang, maker in makers.items():
                hit[f"snippet_{lang}"] = _snippet(maker, document, f"body_{lang}")
            hits.append(hit)
        return hits


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


def _snippet(maker: SnippetGenerator, document: Any, field: str) -> str:
    """Return the best passage, else the beginning, as HTML in which nothing but <mark> is a tag."""
    html: str = maker.snippet_from_doc(document).to_html()
    if html:
        # The engine escapes the text itself, so its own <b> is the only one.
        return html.replace("<b>", "<mark>").replace("</b>", "</mark>")
    text = str(document.get_first(field) or "")[:SNIPPET_CHARS]
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _facets(searcher: Searcher, query: Query) -> dict[str, list[FacetValue]]:
    answer = searcher.aggregate(query, _FACETS)
    facets = {
        name: [
            FacetValue(value=_value(name, b["key"]), count=b["doc_count"]) for b in answer[name]["buckets"]
        ]
        for name in _FACETS
    }
    facets["year"] = sorted((f for f in facets["year"] if int(f.value) > 1), key=lambda f: int(f.value))
    return facets


def _value(name: str, key: Any) -> str | int:
    return int(key) if name == "year" else str(key)
