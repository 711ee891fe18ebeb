"""What can go wrong with a search."""

from __future__ import annotations

from shared.core.errors import Invalid, Unavailable


class QueryRefused(Invalid):
    """The query cannot be read, or asks for too much at once."""

    code = "query-refused"
    title = "Query refused"


class IndexNotReady(Unavailable):
    """The index is being built; everything else works meanwhile."""

    code = "index-not-ready"
    title = "Search index not ready"
