"""Documents of councils and provinces: the fixtures of the unit tests, for what takes longer than those may."""

from __future__ import annotations

from tests.unit.scraper_municipal.conftest import (
    counts,
    make_document,
    parse,
    rendered,
    sample,
    stated,
)

__all__ = ["counts", "make_document", "parse", "rendered", "sample", "stated"]
