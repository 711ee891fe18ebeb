"""The archive of a run: what is written can be read, continued after a crash, and indexed without its index."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from services.scraper.archive import ArchiveWriter, read_index, request_key
from services.scraper.archive_reader import Archive, read_entry
from services.scraper.parsers.base import ParseFailed
from shared.core.errors import NotFound
from shared.core.ids import new_id

URL = "https://www.parl.ca/x"


@pytest.fixture
def run_id():
    return new_id()


def writer(folder: Path, run_id) -> ArchiveWriter:
    return ArchiveWriter(folder, run_id, "ca-federal-bills", "test")


def test_a_response_comes_back_as_it_was(tmp_path, run_id):
    archive = writer(tmp_path, run_id)
    body = gzip.compress(b"<Bills />")
    archive.response(URL, 200, "OK", [("Content-Encoding", "gzip"), ("ETag", '"a"')], body)
    reference = archive.close(tmp_path)
    found = Archive(tmp_path / reference.path).find(URL)
    assert (found.status, found.body, found.headers["etag"]) == (200, b"<Bills />", '"a"')
    assert reference.documents == 1
    assert reference.size_bytes == (tmp_path / reference.path).stat().st_size


def test_a_post_is_told_from_another_by_what_was_sent(tmp_path, run_id):
    archive = writer(tmp_path, run_id)
    archive.response(URL, 200, "OK", [], b"one", method="POST", request_body=b"1")
    archive.response(URL, 200, "OK", [], b"two", method="POST", request_body=b"2")
    reference = archive.close(tmp_path)
    index = tmp_path / reference.path.replace(".warc.gz", ".index.jsonl")
    for _ in ("with its index", "without"):
        read = Archive(tmp_path / reference.path)
        assert read.find(request_key("POST", URL, b"1")).body == b"one"
        assert read.find(request_key("POST", URL, b"2")).body == b"two"
        assert read.find(URL) is None
        index.unlink(missing_ok=True)


def test_after_a_crash_in_the_middle_of_a_record_the_whole_ones_stay(tmp_path, run_id):
    first = writer(tmp_path, run_id)
    first.response(URL, 200, "OK", [], b"first")
    first.response(URL + "2", 200, "OK", [], b"second")
    path = first.path
    first.close(tmp_path)
    whole = path.read_bytes()
    path.write_bytes(whole + whole[100:150])
    with first.index_path.open("a") as index:
        index.write('{"key": "cut o')
    again = writer(tmp_path, run_id)
    assert [entry.key for entry in again.entries] == [URL, URL + "2"]
    again.response(URL + "3", 200, "OK", [], b"third")
    again.close(tmp_path)
    read = Archive(path)
    assert [read.find(URL + n).body for n in ("", "2", "3")] == [b"first", b"second", b"third"]


def test_an_index_that_outlived_its_bytes_is_not_believed(tmp_path, run_id):
    first = writer(tmp_path, run_id)
    first.response(URL, 200, "OK", [], b"first")
    first.response(URL + "2", 200, "OK", [], b"second")
    first.close(tmp_path)
    whole = first.path.read_bytes()
    first.path.write_bytes(whole[: read_index(first.index_path)[1].offset + 5])
    again = writer(tmp_path, run_id)
    assert [entry.key for entry in again.entries] == [URL]


def test_a_304_points_at_the_body_of_the_run_before(tmp_path, run_id):
    first = writer(tmp_path, run_id)
    entry = first.response(URL, 200, "OK", [("ETag", '"a"')], b"the body")
    first.close(tmp_path)
    second = writer(tmp_path, new_id())
    second.revisit(entry, [("ETag", '"a"')])
    second.close(tmp_path)
    assert Archive(second.path).find(URL).body == b"the body"


def test_a_later_success_replaces_a_failure_and_not_the_reverse(tmp_path, run_id):
    archive = writer(tmp_path, run_id)
    archive.response(URL, 503, "Service Unavailable", [], b"busy")
    archive.response(URL, 200, "OK", [], b"fine")
    archive.response(URL, 500, "Internal Server Error", [], b"broken")
    archive.close(tmp_path)
    assert Archive(archive.path).find(URL).body == b"fine"


def test_a_body_that_unpacks_beyond_the_limit_is_refused(tmp_path, run_id, monkeypatch):
    monkeypatch.setattr("services.scraper.archive_reader.MAX_DOCUMENT_BYTES", 1_000)
    archive = writer(tmp_path, run_id)
    bomb = gzip.compress(b"0" * 10_000_000)
    entry = archive.response(URL, 200, "OK", [("Content-Encoding", "gzip")], bomb)
    archive.close(tmp_path)
    with pytest.raises(ParseFailed, match="too-large"):
        read_entry(tmp_path, entry)


def test_a_damaged_file_gives_no_answer_instead_of_an_error(tmp_path, run_id):
    archive = writer(tmp_path, run_id)
    entry = archive.response(URL, 200, "OK", [], b"x" * 500)
    archive.close(tmp_path)
    archive.path.write_bytes(b"\x00" * archive.path.stat().st_size)
    assert read_entry(tmp_path, entry) is None
    archive.index_path.unlink()
    assert len(Archive(archive.path)) == 0


def test_a_folder_without_archives_is_refused(tmp_path):
    with pytest.raises(NotFound):
        Archive(tmp_path)
