"""``openpolicy parse``: records of local documents as JSON lines, pairs joined, refusals said."""

from __future__ import annotations

import io
import json

import pytest

from services.miniature.routes import Router
from services.miniature.world import World
from services.scraper.parse_command import run_parse
from shared.core.errors import NotFound


@pytest.fixture
def page(tmp_path):
    """Write a page of the miniature Parliament to a file."""

    def write(name, path, query=None):
        file = tmp_path / name
        file.write_bytes(Router().render(World(), "GET", "www.ourcommons.ca", path, query or {}).body)
        return file

    return write


def lines(source_id, *paths):
    out = io.StringIO()
    assert run_parse(source_id, paths, out) == 0
    return [json.loads(line) for line in out.getvalue().splitlines()]


def test_members_are_printed_as_contract_records(page):
    records = lines("ca-federal-mps", page("m.xml", "/members/en/search/xml"))
    people = [record for record in records if record["kind"] == "person"]
    assert len(people) > 30
    assert people[0]["sources"][0]["url"].startswith("file:///")
    assert len(people[0]["sources"][0]["sha256"]) == 64


def test_english_and_french_lists_are_joined_and_ballots_replace_listed_votes(page):
    records = lines(
        "ca-federal-votes",
        page("en.xml", "/members/en/votes/xml"),
        page("fr.xml", "/members/fr/votes/xml"),
        page("8.xml", "/members/en/votes/45/1/8/xml"),
    )
    votes = {record["key"]: record for record in records}
    assert len(votes) == len(records) > 10
    read_in_full = votes["ca/house/vote/45-1/8"]
    assert read_in_full["ballots"]
    assert read_in_full["subject_fr"].startswith("2e lecture")
    assert len(read_in_full["sources"]) == 3
    others = [vote for key, vote in votes.items() if not key.endswith("/8")]
    assert all(vote["subject_fr"] and not vote["ballots"] for vote in others)


def test_a_refused_document_is_named_and_the_command_fails(tmp_path, capsys):
    file = tmp_path / "x.xml"
    file.write_bytes(b"<html><body>sorry</body></html>")
    assert run_parse("ca-federal-mps", [file], io.StringIO()) == 1
    problem = json.loads(capsys.readouterr().err)["error"]
    assert (problem["code"], problem["url"]) == ("html-error-page", file.as_uri())


def test_a_missing_file_is_said_to_be_missing(tmp_path, capsys):
    assert run_parse("ca-federal-mps", [tmp_path / "none.xml"], io.StringIO()) == 1
    assert "unreadable" in capsys.readouterr().err


def test_an_unknown_source_is_refused(tmp_path):
    with pytest.raises(NotFound):
        run_parse("ca-federal-cats", [tmp_path])
