"""Marking the words of a query in the texts of its hits."""

from __future__ import annotations

from tantivy import Document, Query, Searcher, SnippetGenerator

from hubs.data_hub.search.engine import IndexReader
from hubs.data_hub.search.passages import find_passages, mask_of

SNIPPET_CHARS = 240
MAX_TRIES = 3
"""Passages looked into: one of many may only seem to hold a word, three in a row hardly ever do."""


class Marker:
    """Marks the words of one query in bodies of one language."""

    def __init__(
        self, reader: IndexReader, searcher: Searcher, lang: str, query: Query, stems: list[str]
    ) -> None:
        """``stems`` are what the query looks for."""
        self._body, self._passages = f"body_{lang}", f"passages_{lang}"
        self._engine = SnippetGenerator.create(searcher, query, reader.schema, self._body)
        self._engine.set_max_num_chars(SNIPPET_CHARS)
        self._masks = [mask_of(stem) for stem in stems]

    def mark(self, text: str, document: Document) -> str:
        """Return the best passage of a hit's text as HTML, no tag but <mark> in it; "" without a word."""
        noted = document.get_first(self._passages)
        if noted is None:
            return self._html(document)
        for passage in find_passages(noted, len(text), self._masks)[:MAX_TRIES]:
            part = Document()
            part.add_text(self._body, text[passage.start : passage.end])
            if html := self._html(part):
                return html
        return ""

    def _html(self, document: Document) -> str:
        html: str = self._engine.snippet_from_doc(document).to_html()
        # The engine escapes the text itself, so its own <b> is the only one.
        return html.replace("<b>", "<mark>").replace("</b>", "</mark>")


def beginning(text: str) -> str:
    """Return the first characters of a text as HTML."""
    return text[:SNIPPET_CHARS].replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
