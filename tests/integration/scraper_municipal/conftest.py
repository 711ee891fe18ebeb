"""Documents of councils and provinces: the fixtures of the unit tests, for what takes longer than those may."""

from __future__ import annotations

import time

from services.scraper.parsers.base import ParseFailed
from services.scraper.reading import read
from services.scraper.registry import parser_of
from tests.unit.scraper_municipal.conftest import (
    counts,
    make_document,
    parse,
    rendered,
    sample,
    stated,
)

__all__ = ["counts", "make_document", "outcome", "parse", "rendered", "sample", "stated"]

# A bug or a hang shows as one of these; every other code is a reason.
BUGS = {"parser-error"}
PATIENCE_S = 60.0


def outcome(document) -> str:
    """Return the code of a refusal, or ``""``; a crash of the parser fails the test."""
    started = time.monotonic()
    try:
        read(parser_of(document.source), document)
        code = ""
    except ParseFailed as failure:
        code = failure.code
    assert code not in BUGS, document.url
    assert time.monotonic() - started < PATIENCE_S, document.url
    return code
