"""Documents for parsers: from the recorded samples, and as the miniature Parliament renders them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest

from services.miniature.routes import Router
from services.miniature.world import World
from services.scraper.archive_reader import ArchivedResponse
from services.scraper.parsers.base import Document, ParseResult
from services.scraper.reading import read
from services.scraper.registry import parser_of
from services.scraper.sources import registry
from services.scraper.walk import read_archive
from shared.contracts.civic import Record
from shared.contracts.events.scraping import ScrapeProblem

MakeDocument = Callable[..., Document]
Parse = Callable[..., ParseResult]


@dataclass
class Crawled:
    """What a walk through a source gave."""

    records: dict[tuple[str, str], Record] = field(default_factory=dict)
    skipped: Counter[str] = field(default_factory=Counter)
    problems: list[ScrapeProblem] = field(default_factory=list)
    unread: dict[str, str] = field(default_factory=dict)
    complete: set[tuple[str, str]] = field(default_factory=set)
    documents: list[Document] = field(default_factory=list)

    def add(self, records: Iterable[Record]) -> None:
        """Take records as the data hub would: a later one replaces an earlier one."""
        self.records.update({(record.kind, record.key): record for record in records})

    def of(self, kind: str) -> list:
        """Return the records of one kind."""
        return [record for (each, _), record in self.records.items() if each == kind]


Crawl = Callable[..., Crawled]


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


class MiniatureArchive:
    """Answers of the miniature Parliament in place of an archive."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self._router, self._world = Router(), World()

    def requests(self) -> list[str]:
        """Return nothing: any request may be asked."""
        return []

    def find(self, key: str) -> ArchivedResponse:
        """Return what the miniature answers to a GET."""
        self.asked.append(key)
        parts = urlsplit(key)
        query = {name.lower(): value for name, value in parse_qsl(parts.query)}
        page = self._router.render(self._world, "GET", parts.netloc, parts.path, query)
        headers = {name.lower(): value for name, value in page.headers}
        headers["content-type"] = page.content_type
        return ArchivedResponse(key, key, page.status, page.body, headers)


@pytest.fixture
def crawl() -> Crawl:
    """Walk a source through the miniature Parliament without network; all records, by kind and key."""

    def run(source_id: str, **parameters) -> Crawled:
        source = registry().get(source_id).with_parameters(**parameters)
        crawled = Crawled()

        def unread(reading, fetch, records, failure) -> None:
            crawled.add(records)
            crawled.unread[fetch.url] = failure.code

        for reading in read_archive(parser_of(source), source, MiniatureArchive(), unread):
            crawled.documents.append(reading.document)
            crawled.add(reading.result.records)
            crawled.skipped.update(reading.result.skipped)
            crawled.problems += reading.result.problems
            crawled.complete |= {(each.kind, each.prefix) for each in reading.result.complete}
        return crawled

    return run


@pytest.fixture
def parse() -> Parse:
    """Read a document with its source's parser."""

    def run(document: Document) -> ParseResult:
        return read(parser_of(document.source), document).result

    return run
