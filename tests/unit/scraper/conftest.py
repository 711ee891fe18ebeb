"""Documents for parsers: from the recorded samples, and as the miniature Parliament renders them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest

from services.miniature.routes import Router
from services.miniature.world import World
from services.scraper.parsers.base import Document, ParseResult
from services.scraper.reading import read
from services.scraper.registry import parser_of
from services.scraper.sources import registry

MakeDocument = Callable[..., Document]
Parse = Callable[..., ParseResult]


@pytest.fixture
def make_document() -> MakeDocument:
    """Make a document of a source from bytes; the step is the one that its parser recognises."""

    def make(
        source_id: str, body: bytes, url: str = "file:///document", step: str = "", **fields
    ) -> Document:
        source = registry().get(source_id)
        if "session" in source.parameters:
            source = source.with_parameters(session=fields.pop("session", ""))
        document = Document(url=url, body=body, source=source, **fields)
        return replace(document, step=step or parser_of(source).recognise(document))

    return make


@pytest.fixture
def sample(samples: Path, make_document: MakeDocument) -> MakeDocument:
    """Make a document from a recorded upstream file."""

    def make(source_id: str, path: str, **fields) -> Document:
        return make_document(source_id, (samples / path).read_bytes(), f"file:///{path}", **fields)

    return make


@pytest.fixture
def rendered(make_document: MakeDocument) -> MakeDocument:
    """Make a document as the miniature Parliament serves it at a real address."""

    def make(source_id: str, url: str, **fields) -> Document:
        parts = urlsplit(url)
        query = {name.lower(): value for name, value in parse_qsl(parts.query)}
        page = Router().render(World(), "GET", parts.netloc, parts.path, query)
        assert page.status == 200, url
        return make_document(source_id, page.body, url, **fields)

    return make


@pytest.fixture
def parse() -> Parse:
    """Read a document with its source's parser."""

    def run(document: Document) -> ParseResult:
        return read(parser_of(document.source), document).result

    return run
