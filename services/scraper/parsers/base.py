"""What every parser reads and gives back: Document, ParseResult, Fetch, Parser, ParseFailed.

A parser never fetches, never publishes and never stamps provenance: the engine does. It turns
bytes into records, says what it left out and why, and names the documents to read next.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from services.scraper.sources import Source
from shared.contracts.civic import Record, SourceRef
from shared.contracts.events.scraping import CompleteSet, ScrapeProblem
from shared.core.clock import utc_now

MAX_DOCUMENT_BYTES = 32 * 2**20
"""Bytes of one decoded document; a larger one is refused before it is parsed."""


class ParseFailed(Exception):
    """A document cannot be read; ``code`` is stable, ``detail`` is for people."""

    def __init__(self, url: str, code: str, detail: str) -> None:
        super().__init__(f"{code}: {detail} ({url})")
        self.url = url
        self.code = code
        self.detail = detail

    def problem(self) -> ScrapeProblem:
        """Return this failure as it travels in ScrapeFinishedV1."""
        return ScrapeProblem(url=self.url, code=self.code, detail=self.detail[:2_000])


@dataclass(frozen=True, slots=True)
class Fetch:
    """A document to read: its address, the step that reads it and what that step must know.

    ``context`` holds facts of the document that named this one (JSON values only).
    ``companions`` are read with it, e.g. ``{"fr": url}``; they arrive as ``document.companions``.
    ``otherwise`` are the records to publish when the document is not read (a loose listing is
    parsed alone, or a fetch that is not required fails).
    """

    url: str
    step: str
    context: Mapping[str, Any] = field(default_factory=dict)
    companions: Mapping[str, str] = field(default_factory=dict)
    is_companion_required: bool = True
    is_required: bool = True
    may_be_missing: bool = False
    """A 404 is an answer: there is no such document (yet). Anything else is as ``is_required`` says."""
    otherwise: tuple[Record, ...] = ()
    method: str = "GET"
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    priority: int = 0
    """Higher is fetched earlier; equal ones in the order in which they were named."""


@dataclass(frozen=True, slots=True)
class Document:
    """The bytes of one upstream document and all that is known about them before parsing."""

    url: str
    body: bytes
    source: Source
    step: str = ""
    media_type: str = ""
    charset: str = ""
    context: Mapping[str, Any] = field(default_factory=dict)
    companions: Mapping[str, Document] = field(default_factory=dict)
    retrieved_at: datetime = field(default_factory=utc_now)
    is_settled: bool = False
    """An earlier run read it, and by the source's ``recheck_days`` it need not be read again today."""
    ancestors: tuple[SourceRef, ...] = ()
    """Provenance of the documents whose facts ``context`` carries."""

    def failed(self, code: str, detail: str) -> ParseFailed:
        """Return the error to raise when this document cannot be read."""
        return ParseFailed(self.url, code, detail)

    def reference(self, parser: str) -> SourceRef:
        """Return this document's provenance as read by ``parser``."""
        return SourceRef(
            url=self.url[:2_000],
            retrieved_at=self.retrieved_at,
            sha256=hashlib.sha256(self.body).hexdigest(),
            parser=parser,
            licence=self.source.licence,
        )


@dataclass(slots=True)
class ParseResult:
    """What one document yields: records, what was left out, what to read next, what is complete."""

    records: list[Record] = field(default_factory=list)
    follow: list[Fetch] = field(default_factory=list)
    skipped: Counter[str] = field(default_factory=Counter)
    complete: list[CompleteSet] = field(default_factory=list)
    problems: list[ScrapeProblem] = field(default_factory=list)

    def add(self, *records: Record) -> None:
        """Yield records; one with a kind and key already yielded in this run replaces it."""
        self.records.extend(records)

    def skip(self, reason: str, count: int = 1) -> None:
        """Count rows left out on purpose, under a short stable reason such as ``vacant``."""
        self.skipped[reason] += count

    def next(self, fetch: Fetch) -> None:
        """Ask for another document."""
        self.follow.append(fetch)

    def completes(self, kind: str, prefix: str) -> None:
        """Declare: after this run, a known record of this kind and key prefix not seen is gone."""
        self.complete.append(CompleteSet(kind=kind, prefix=prefix))

    def alarm(self, url: str, code: str, detail: str) -> None:
        """Report something a person should look at although the document could be read."""
        self.problems.append(ScrapeProblem(url=url, code=code, detail=detail[:2_000]))


Step = Callable[[Document], ParseResult]
"""Reads one kind of document.

Raises: ParseFailed when the document is not what the step reads.
"""


def recognise_only_step(document: Document) -> str:
    """Return the first start step: enough for a source with a single kind of document."""
    return document.source.start[0].step if document.source.start else ""


def no_pairing(document: Document) -> tuple[str, str] | None:
    """Say that loose files of this format do not come as language pairs."""
    return None


def start_from_registry(source: Source) -> list[Fetch]:
    """Return the start documents that the registry names, its templates filled in."""
    return [
        Fetch(
            url=source.fill(start.url),
            step=start.step,
            companions={name: source.fill(url) for name, url in start.companions.items()},
            method=start.method,
            body=source.fill(start.body).encode(),
            headers=start.headers,
        )
        for start in source.start
    ]


@dataclass(frozen=True, slots=True)
class Parser:
    """A format family: its steps, and how loose files of it are told apart and paired.

    ``recognise`` names the step that reads a file of unknown origin ("" when none does).
    ``pair`` gives ``(pair key, language)`` for files that belong together as EN and FR.
    ``start`` returns the first documents; by default those of the registry.
    Raise ``version`` whenever the same bytes would yield other records.
    """

    name: str
    version: int
    steps: Mapping[str, Step]
    recognise: Callable[[Document], str] = recognise_only_step
    pair: Callable[[Document], tuple[str, str] | None] = no_pairing
    start: Callable[[Source], list[Fetch]] = start_from_registry

    @property
    def label(self) -> str:
        """Return what provenance calls this parser, e.g. ``house-votes@1``."""
        return f"{self.name}@{self.version}"
