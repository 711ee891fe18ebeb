"""``openpolicy parse SOURCE FILE...``: one source's parser over local documents, records as JSON lines."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import TextIO

from services.scraper.archive_reader import WARC_SUFFIXES, Archive
from services.scraper.parsers.base import Fetch, ParseFailed
from services.scraper.reading import Reading
from services.scraper.registry import parser_of
from services.scraper.sources import Source, registry
from services.scraper.walk import loose_documents, read_archive, read_loose, sources_in
from shared.contracts.civic import Record
from shared.contracts.events.scraping import ScrapeProblem


class ParseReport:
    """What parsing gave besides records: counts, rows left out, problems."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.skipped: Counter[str] = Counter()
        self.problems: list[ScrapeProblem] = []


def parse_files(source_id: str, paths: Sequence[Path], report: ParseReport) -> Iterator[Record]:
    """Yield the records that a source's parser finds in local files (documents or WARC archives).

    Raises: NotFound for an unknown source, ParseFailed for a document that cannot be read.
    """
    source = registry().get(source_id).of_any_session()
    loose = [path for path in paths if not path.name.endswith(WARC_SUFFIXES)]
    seen: dict[tuple[str, str], str] = {}
    for records in chain(_archived(source, paths, report), _loose(source, loose, report)):
        for record in records:
            identity = (record.kind, record.key)
            digest = record.model_dump_json(exclude={"sources"})
            if seen.get(identity) != digest:
                report.counts[record.kind] += identity not in seen
                seen[identity] = digest
                yield record


def _archived(source: Source, paths: Iterable[Path], report: ParseReport) -> Iterator[list[Record]]:
    parser = parser_of(source)
    stand_ins: list[Record] = []

    def unread(reading: Reading, fetch: Fetch, records: list[Record], failure: ParseFailed) -> None:
        stand_ins.extend(records)

    for path in paths:
        if path.name.endswith(WARC_SUFFIXES):
            archive = Archive(path)
            for each in sources_in(archive, source):
                for reading in read_archive(parser, each, archive, unread):
                    yield _noted(reading, report)
    yield stand_ins


def _loose(source: Source, paths: Sequence[Path], report: ParseReport) -> Iterator[list[Record]]:
    parser = parser_of(source)
    read_here: set[tuple[str, str]] = set()
    stand_ins: list[Record] = []
    for reading, standing in read_loose(parser, loose_documents(parser, source, paths)):
        records = _noted(reading, report)
        read_here.update((record.kind, record.key) for record in records)
        stand_ins += standing
        yield records
    # A listing's own records count only where the fuller document was not given as well.
    yield [record for record in stand_ins if (record.kind, record.key) not in read_here]


def _noted(reading: Reading, report: ParseReport) -> list[Record]:
    report.skipped.update(reading.result.skipped)
    report.problems += reading.result.problems
    return reading.result.records


def run_parse(source_id: str, paths: Sequence[Path], out: TextIO | None = None) -> int:
    """Print records as JSON lines and a summary to standard error; return 1 when a document is refused."""
    stream = out or sys.stdout
    report = ParseReport()
    try:
        for record in parse_files(source_id, paths, report):
            line = {"kind": record.kind, **record.model_dump(mode="json")}
            stream.write(json.dumps(line, ensure_ascii=False) + "\n")
    except ParseFailed as failure:
        print(json.dumps({"error": failure.problem().model_dump()}, ensure_ascii=False), file=sys.stderr)
        return 1
    summary = {
        "records": dict(sorted(report.counts.items())),
        "skipped": dict(sorted(report.skipped.items())),
        "problems": [problem.model_dump() for problem in report.problems],
    }
    print(json.dumps(summary, ensure_ascii=False), file=sys.stderr)
    return 0
