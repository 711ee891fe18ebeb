"""Reading one document: the parser step, guarded, its records stamped with where they come from."""

from __future__ import annotations

import hashlib
import logging
from dataclasses import dataclass

from pydantic import ValidationError

from services.scraper.parsers.base import (
    MAX_DOCUMENT_BYTES,
    Document,
    Fetch,
    ParseFailed,
    Parser,
    ParseResult,
)
from shared.contracts.civic import Record, SourceRef
from shared.contracts.events.scraping import ScrapeProblem
from shared.contracts.legislation import VoteEventRecord

log = logging.getLogger(__name__)
_NAMED_OFTEN = {"organization", "session", "jurisdiction", "division"}


@dataclass(frozen=True, slots=True)
class Reading:
    """What a document gave: its records with provenance, and a token of the bytes they were read from."""

    document: Document
    result: ParseResult
    token: bytes
    provenance: tuple[SourceRef, ...]


def read(parser: Parser, document: Document) -> Reading:
    """Run the step that reads ``document``.

    Raises: ParseFailed; a record that breaks its contract is ``invalid-record``, any other exception
    of a step ``parser-error``.
    """
    step = parser.steps.get(document.step)
    if step is None:
        raise document.failed("wrong-shape", f"parser {parser.name} has no step {document.step!r}")
    if len(document.body) > MAX_DOCUMENT_BYTES:
        raise document.failed(
            "too-large", f"{len(document.body)} bytes; at most {MAX_DOCUMENT_BYTES} are read"
        )
    try:
        result = step(document)
    except ParseFailed:
        raise
    except RecursionError:
        raise document.failed("wrong-shape", "nested too deeply") from None
    except ValidationError as error:
        # The record breaks its contract: what the document says is not what such a record can hold.
        first = error.errors()[0]
        detail = f"{error.title}.{'.'.join(map(str, first['loc']))}: {first['msg']}: {first.get('input')!r}"
        raise document.failed("invalid-record", detail[:500]) from None
    except Exception as error:
        log.exception("parser %s failed on %s", parser.label, document.url)
        detail = f"{type(error).__name__}: {error}"[:500]
        raise document.failed("parser-error", detail) from error
    provenance = provenance_of(parser, document)
    stamped = {"sources": provenance}
    unique: dict[tuple[str, str], Record] = {}
    for record in result.records:
        # A later row of the same document with the same key replaces the earlier one; a body or a session
        # is named by many rows, but of anything else a reader has to be told that there are fewer of it.
        before = unique.get((record.kind, record.key))
        if before is not None and record.kind not in _NAMED_OFTEN and before != record:
            result.skip(f"{record.kind} with the key of a later row")
        unique[record.kind, record.key] = record
    result.records = [record.model_copy(update=stamped) for record in unique.values()]
    digest = hashlib.sha256(parser.label.encode())
    for reference in provenance:
        digest.update(reference.sha256.encode())
    return Reading(document, result, digest.digest()[:8], provenance)


def provenance_of(parser: Parser, document: Document) -> tuple[SourceRef, ...]:
    """Return where records of ``document`` come from: itself, its companions, whoever set its context."""
    return (
        document.reference(parser.label),
        *(companion.reference(parser.label) for companion in document.companions.values()),
        *document.ancestors,
    )


def ancestors_of(reading: Reading, fetch: Fetch) -> tuple[SourceRef, ...]:
    """Return the provenance that a followed document inherits: only when facts travel in the context."""
    return reading.provenance if fetch.context else ()


def standing_in(reading: Reading, fetch: Fetch) -> list[Record]:
    """Return the records that stand when ``fetch`` is not read."""
    return [record.model_copy(update={"sources": reading.provenance}) for record in fetch.otherwise]


def unpublishable(record: Record) -> ScrapeProblem | None:
    """Return why a record must not leave the scraper, or None."""
    if isinstance(record, VoteEventRecord) and record.date is None:
        return ScrapeProblem(code="wrong-shape", detail=f"{record.key} has no date")
    return None
