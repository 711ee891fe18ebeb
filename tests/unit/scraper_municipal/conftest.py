"""Documents of councils and provinces: from the recorded samples, from bytes, as the miniature renders them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from services.miniature.routes import Router
from services.miniature.world import World
from services.scraper.parsers.base import Document, ParseResult
from services.scraper.reading import read, standing_in
from services.scraper.registry import parser_of
from services.scraper.sources import registry

MakeDocument = Callable[..., Document]


@pytest.fixture
def make_document() -> MakeDocument:
    """Make a document of a source from bytes; the step is the one that its parser recognises."""

    def make(
        source_id: str, body: bytes | str, url: str = "file:///document", step: str = "", **fields: Any
    ) -> Document:
        source = registry().get(source_id).with_parameters(**fields.pop("parameters", {}))
        data = body.encode() if isinstance(body, str) else body
        document = Document(url=url, body=data, source=source, **fields)
        return replace(document, step=step or parser_of(source).recognise(document))

    return make


@pytest.fixture
def sample(samples: Path, make_document: MakeDocument) -> MakeDocument:
    """Make a document from a recorded upstream file."""

    def make(source_id: str, path: str, **fields: Any) -> Document:
        return make_document(source_id, (samples / path).read_bytes(), f"file:///{path}", **fields)

    return make


@pytest.fixture
def rendered(make_document: MakeDocument) -> MakeDocument:
    """Make a document as the miniature country serves it at a real address."""

    def make(source_id: str, url: str, method: str = "GET", body: bytes = b"", **fields: Any) -> Document:
        parts = urlsplit(url)
        query = {name.lower(): value for name, value in parse_qsl(parts.query)}
        page = Router().render(World(), method, parts.netloc, parts.path, query, body)
        assert page.status == 200, url
        return make_document(source_id, page.body, url, **fields)

    return make


@pytest.fixture
def parse() -> Callable[[Document], ParseResult]:
    """Read a document with its source's parser."""

    def run(document: Document) -> ParseResult:
        return read(parser_of(document.source), document).result

    return run


@pytest.fixture
def counts() -> Callable[[Document], Counter[str]]:
    """Count a document's records by kind, with those that stand in for what it asks to read next."""

    def run(document: Document) -> Counter[str]:
        reading = read(parser_of(document.source), document)
        found = {(record.kind, record.key) for record in reading.result.records}
        for fetch in reading.result.follow:
            found |= {(record.kind, record.key) for record in standing_in(reading, fetch)}
        return Counter(kind for kind, _ in found)

    return run


@pytest.fixture(scope="session")
def stated(samples: Path) -> dict[str, str]:
    """The counts that the samples' own table states, by path."""
    rows = re.findall(
        r"^\| (\S+) \|.*\| ([^|]*) \| \d+ \|$", (samples / "README.md").read_text(), re.MULTILINE
    )
    return {path: told.strip() for path, told in rows}
