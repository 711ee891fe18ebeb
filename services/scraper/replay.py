"""Replay: today's parsers over an archive or a folder of documents, without the network."""

from __future__ import annotations

from pathlib import Path

from services.scraper.archive_reader import Archive, warc_files
from services.scraper.parsers.base import Fetch, ParseFailed, Parser
from services.scraper.reading import Reading
from services.scraper.recorder import Recorder
from services.scraper.walk import loose_documents, read_archive, read_loose, sources_in
from shared.contracts.civic import Record


def replay(parser: Parser, recorder: Recorder, path: Path) -> None:
    """Read ``path`` (a WARC file, a folder of them, or loose documents) into the recorder."""
    try:
        if warc_files(path):
            _replay_archive(parser, recorder, path)
        else:
            _replay_documents(parser, recorder, path)
    except ParseFailed as failure:
        recorder.fail(failure)


def _replay_archive(parser: Parser, recorder: Recorder, path: Path) -> None:
    def unread(reading: Reading, fetch: Fetch, records: list[Record], failure: ParseFailed) -> None:
        if failure.code == "not-archived":
            recorder.partial()
        if failure.code == "not-archived" or not fetch.may_be_missing:
            recorder.problem(failure.problem())
        recorder.add(records, reading.token)

    archive = Archive(path)
    for source in sources_in(archive, recorder.run.source):
        for reading in read_archive(parser, source, archive, unread):
            recorder.take(reading)


def _replay_documents(parser: Parser, recorder: Recorder, path: Path) -> None:
    files = [path] if path.is_file() else sorted(file for file in path.rglob("*") if file.is_file())
    if not files:
        raise ParseFailed(str(path), "not-archived", "there is nothing to replay at this path")
    # Loose documents say nothing about what they leave out.
    recorder.partial()
    documents = loose_documents(parser, recorder.run.source, files)
    for reading, stand_ins in read_loose(parser, documents):
        recorder.take(reading)
        recorder.add(stand_ins, reading.token)
