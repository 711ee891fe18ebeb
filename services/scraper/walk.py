"""Reading archives and loose files offline: the same parsers, no Scrapy, no network."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import urljoin

from services.scraper.archive import request_key
from services.scraper.archive_reader import Archive, ArchivedResponse
from services.scraper.parsers.base import MAX_DOCUMENT_BYTES, Document, Fetch, ParseFailed, Parser
from services.scraper.reading import Reading, ancestors_of, read, standing_in
from services.scraper.sources import Source
from shared.contracts.civic import Record, SourceRef

_MAX_REDIRECTS = 5
_MARK = "SESSION"
Unread = Callable[[Reading, Fetch, list[Record], ParseFailed], None]
"""Called for a followed document that is not read, with the records that stand in for it and why."""


def sources_in(archive: Archive, source: Source) -> list[Source]:
    """Return ``source`` once for each session that the archive holds a start document of.

    A source that has its session set, or that has none, is returned as it is.
    """
    templates = [start.url for start in source.start if "$session" in start.url]
    if source.parameter("session") or not templates:
        return [source]
    found: dict[str, None] = {}
    for template in templates:
        filled = source.with_parameters(session=_MARK).fill(template)
        pattern = re.compile(re.escape(filled).replace(_MARK, r"(\d{1,2}-\d)"))
        for key in archive.requests():
            if match := pattern.fullmatch(key):
                found[match[1]] = None
    return [source.with_parameters(session=session) for session in sorted(found)] or [source]


def read_archive(parser: Parser, source: Source, archive: Archive, unread: Unread) -> Iterator[Reading]:
    """Walk a source through archived responses.

    Raises: ParseFailed (``not-archived`` for a required document without an answer, and as ``read``).
    """
    waiting: deque[tuple[Fetch, tuple[SourceRef, ...], Reading | None]] = deque(
        (fetch, (), None) for fetch in parser.start(source)
    )
    seen: set[str] = set()
    while waiting:
        fetch, ancestors, parent = waiting.popleft()
        key = request_key(fetch.method, fetch.url, fetch.body)
        if key in seen:
            continue
        seen.add(key)
        try:
            reading = read(parser, _archived_document(archive, source, fetch, ancestors))
        except ParseFailed as failure:
            is_missing = failure.code in {"not-archived", "http-404", "http-410"}
            if parent is None and not (fetch.may_be_missing and is_missing):
                raise
            if fetch.is_required and not is_missing:
                raise
            if parent is not None:
                unread(parent, fetch, standing_in(parent, fetch), failure)
            continue
        yield reading
        waiting.extend((each, ancestors_of(reading, each), reading) for each in reading.result.follow)


def _archived_document(
    archive: Archive, source: Source, fetch: Fetch, ancestors: tuple[SourceRef, ...]
) -> Document:
    companions = {}
    for name, url in fetch.companions.items():
        try:
            companions[name] = _document(_answer(archive, url, request_key("GET", url)), source, fetch, ())
        except ParseFailed:
            if fetch.is_companion_required:
                raise
    answer = _answer(archive, fetch.url, request_key(fetch.method, fetch.url, fetch.body))
    document = _document(answer, source, fetch, ancestors)
    return replace(document, context=fetch.context, companions=companions)


def _answer(archive: Archive, url: str, key: str) -> ArchivedResponse:
    found = archive.find(key)
    for _ in range(_MAX_REDIRECTS):
        if found is None or not found.location:
            break
        found = archive.find(urljoin(found.url, found.location))
    if found is None:
        raise ParseFailed(url, "not-archived", "the archive holds no answer to this request")
    if found.status != 200:
        raise ParseFailed(url, f"http-{found.status}", f"the archived answer is {found.status}")
    return found


def _document(
    answer: ArchivedResponse, source: Source, fetch: Fetch, ancestors: tuple[SourceRef, ...]
) -> Document:
    media_type, _, parameters = answer.headers.get("content-type", "").partition(";")
    return Document(
        url=answer.url,
        body=answer.body,
        source=source,
        step=fetch.step,
        media_type=media_type.strip().lower(),
        charset=parameters.lower().partition("charset=")[2].strip(" \"'"),
        retrieved_at=answer.retrieved_at,
        ancestors=ancestors,
    )


def loose_documents(parser: Parser, source: Source, paths: Iterable[Path]) -> list[Document]:
    """Return loose files as documents: each with its step, French ones joined to their English pair.

    Raises: ParseFailed (``unreadable``, ``too-large``, ``unrecognised``).
    """
    found: list[tuple[Document, tuple[str, str] | None]] = []
    for path in paths:
        try:
            size = path.stat().st_size
            if size > MAX_DOCUMENT_BYTES:
                detail = f"{size} bytes; at most {MAX_DOCUMENT_BYTES} are read"
                raise ParseFailed(path.resolve().as_uri(), "too-large", detail)
            body = path.read_bytes()
        except OSError as error:
            raise ParseFailed(str(path), "unreadable", str(error)) from None
        document = Document(url=path.resolve().as_uri(), body=body, source=source)
        step = parser.recognise(document)
        if step not in parser.steps:
            raise ParseFailed(document.url, "unrecognised", f"not a document of {source.id}")
        found.append((replace(document, step=step), parser.pair(document)))
    french = {pair[0]: document for document, pair in found if pair and pair[1] == "fr"}
    english = {pair[0] for _, pair in found if pair and pair[1] == "en"}
    documents = []
    for document, pair in found:
        if pair and pair[1] == "fr" and pair[0] in english:
            continue
        companion = french.get(pair[0]) if pair and pair[1] == "en" else None
        documents.append(replace(document, companions={"fr": companion}) if companion else document)
    return documents


def read_loose(parser: Parser, documents: Iterable[Document]) -> Iterator[tuple[Reading, list[Record]]]:
    """Read loose documents; what they would follow is not at hand, so its stand-ins come with each.

    A document that a listing among them names (its records have the key of a stand-in) is read with
    the facts that the listing gives it.

    Raises: ParseFailed as ``read``.
    """
    readings = [read(parser, document) for document in documents]
    named: dict[str, tuple[Reading, Fetch]] = {
        record.key: (reading, fetch)
        for reading in readings
        for fetch in reading.result.follow
        for record in fetch.otherwise
        if fetch.context
    }
    for reading in readings:
        keys = {record.key for record in reading.result.records}
        listing = next((named[key] for key in keys if key in named), None)
        if listing is not None and not reading.document.context:
            parent, fetch = listing
            informed = replace(reading.document, context=fetch.context, ancestors=ancestors_of(parent, fetch))
            reading = read(parser, informed)
        yield reading, [r for fetch in reading.result.follow for r in standing_in(reading, fetch)]
