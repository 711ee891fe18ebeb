"""Every recorded document of a parser, cut off at each kilobyte and damaged byte by byte."""

from __future__ import annotations

from dataclasses import replace

import pytest

from services.scraper.parsers.base import Document, ParseFailed
from services.scraper.reading import read
from services.scraper.registry import parser_of
from services.scraper.sources import registry

DOCUMENTS = [
    ("ca-federal-mps", "ourcommons/members/members_search_2021-03.xml"),
    ("ca-federal-mps", "ourcommons/members/members_search_2022.csv"),
    ("ca-federal-votes", "ourcommons/votes/vote_43-2-69_participants.xml"),
    ("ca-federal-votes", "ourcommons/votes/csv/vote_44-1_456.csv"),
    ("ca-federal-bills", "legisinfo/bills_list/bills_40-1.xml"),
    ("ca-federal-bills", "legisinfo/bill_detail_json/45-1_C-202.json"),
    ("ca-federal-bills", "legisinfo/bill_detail_xml/45-1_C-2.xml"),
    ("ca-federal-bill-texts", "legisinfo/bill_text_xml/45-1_C-222.xml"),
    ("ca-federal-debates", "ourcommons/hansard/42-1-2-en.xml"),
    ("ca-federal-evidence", "ourcommons/committee_evidence/6265357-en.xml"),
    ("ca-federal-roles", "ourcommons/members/house_officers_45-1_2026.xml"),
    ("ca-federal-mps", "ourcommons/members/addresses_2023.html"),
    ("ca-justice-acts", "legisinfo/justice_laws_xml/seeds-act.xml"),
]


@pytest.fixture
def whole(samples, source_id, path):
    source = registry().get(source_id)
    source = source.of_any_session()
    document = Document(url=f"file:///{path}", body=(samples / path).read_bytes(), source=source)
    return replace(document, step=parser_of(source).recognise(document))


def refusal(document):
    """Read a document; return the code of its refusal, or None when it can be read."""
    try:
        read(parser_of(document.source), document)
    except ParseFailed as failure:
        return failure.code
    return None


@pytest.mark.parametrize(("source_id", "path"), DOCUMENTS)
def test_a_document_cut_off_at_any_kilobyte_is_refused(whole, path):
    codes = {refusal(replace(whole, body=whole.body[:end])) for end in range(0, len(whole.body), 1_024)}
    assert "parser-error" not in codes
    # CSV can end well in the middle, exactly between two rows; a page always can.
    assert None not in codes or path.endswith((".csv", ".html"))


@pytest.mark.parametrize(("source_id", "path"), DOCUMENTS)
def test_single_damaged_bytes_never_crash_a_parser(whole):
    size = len(whole.body)
    codes = set()
    for position in range(0, size, max(1, size // 40)):
        for byte in (b"\x00", b"<", b'"', b"\xff", b","):
            body = whole.body[:position] + byte + whole.body[position + 1 :]
            codes.add(refusal(replace(whole, body=body)))
    assert "parser-error" not in codes
