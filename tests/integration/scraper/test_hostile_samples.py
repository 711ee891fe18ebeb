"""Every recorded document, cut off, damaged and wrongly encoded: it is read, or refused with a reason.

By default each document is cut at 40 places that are always the same, and a small one at every kilobyte as well
(a minute or two of a processor); ``OP_FUZZ=full`` (``make fuzz-documents``) cuts every document at every kilobyte
(some 20 minutes of a processor).
"""

from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from services.scraper.parsers.base import MAX_DOCUMENT_BYTES, Document, ParseFailed
from services.scraper.reading import read
from services.scraper.registry import parser_of
from services.scraper.sources import registry
from services.scraper.walk import loose_documents

IS_FULL = os.environ.get("OP_FUZZ") == "full"
PARTS = 4 if IS_FULL else 1
"""Tests that a folder's documents are dealt out to, so that several processors share them."""
CUTS = 40
LARGE = 100_000
"""Bytes of a document that the short run does not cut at every kilobyte, nor damage."""
FOLDERS = {
    "legisinfo/bill_detail_json": "ca-federal-bills", "legisinfo/bill_detail_xml": "ca-federal-bills",
    "legisinfo/bills_list": "ca-federal-bills", "legisinfo/old_xml": "ca-federal-bills",
    "legisinfo/bill_text_xml": "ca-federal-bill-texts", "legisinfo/justice_laws_xml": "ca-justice-acts",
    "municipal/civicclerk": "example-civicclerk", "municipal/civicplus": "example-civicplus",
    "municipal/escribe": "example-escribe", "municipal/escribe_ottawa": "ca-on-ottawa-meetings",
    "municipal/granicus": "example-granicus", "municipal/legistar_html": "example-legistar-pages",
    "municipal/legistar_webapi": "example-legistar",
    "municipal/legistar_webapi/milwaukee": "example-legistar-members",
    "municipal/primegov": "example-primegov", "municipal/toronto": "ca-on-toronto-votes",
    "ontario_ola/hansard_html": "ca-on-debates", "ourcommons/committee_evidence": "ca-federal-evidence",
    "ourcommons/hansard": "ca-federal-debates", "ourcommons/members": "ca-federal-mps",
    "ourcommons/votes": "ca-federal-votes", "ourcommons/votes/csv": "ca-federal-votes",
    "quebec_assnat": "ca-qc-members", "quebec_assnat/deputes_2012": "ca-qc-members",
    "quebec_assnat/journal_debats_2012": "ca-qc-debates", "quebec_assnat/recherche": "ca-qc-debates",
    "represent/api": "example-represent", "represent/csv_schema": "example-people",
    "represent/import_json_2013": "example-people",
}  # fmt: skip
OTHERS = {"house_officers_45-1_2026.xml": "ca-federal-roles"}


def documents(samples: Path, folder: str) -> Iterator[Document]:
    for path in sorted((samples / folder).iterdir()):
        if path.is_file():
            source = registry().get(OTHERS.get(path.name, FOLDERS[folder])).of_any_session()
            document = Document(url=f"file:///{folder}/{path.name}", body=path.read_bytes(), source=source)
            yield replace(document, step=parser_of(source).recognise(document))


def refusal(document: Document) -> str:
    """Read a document; return the code of its refusal, or ``""`` when it can be read."""
    try:
        read(parser_of(document.source), document)
    except ParseFailed as failure:
        return failure.code
    return ""


def places(document: Document) -> list[int]:
    """Return where a document is cut: somewhere in its text by chance, the same each time; or every kilobyte."""
    size = len(document.body.rstrip())
    found = set(random.Random(document.url).sample(range(size), min(CUTS, size)))
    if IS_FULL or size <= LARGE:
        found.update(range(0, size, 1_024))
    return sorted(found)


def test_every_folder_of_upstream_documents_has_a_source(samples):
    held = {
        str(path.parent.relative_to(samples))
        for folder in ("legisinfo", "municipal", "ontario_ola", "ourcommons", "quebec_assnat", "represent")
        for path in (samples / folder).rglob("*")
        if path.is_file()
    }
    assert held == set(FOLDERS)


@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize("folder", FOLDERS)
def test_a_document_cut_off_anywhere_is_read_or_refused(samples, folder, part):
    codes: Counter[str] = Counter()
    wholes = list(documents(samples, folder))[part::PARTS]
    for whole in wholes:
        for end in places(whole):
            code = refusal(replace(whole, body=whole.body[:end]))
            assert code != "parser-error", f"{whole.url} cut off at {end}"
            codes[code] += 1
    if folder.endswith(("_xml", "_json", "bills_list", "hansard", "committee_evidence")):
        # A part of these is never a whole; tables and pages may end anywhere.
        assert codes[""] == 0
    assert bool(codes) == bool(wholes)


@pytest.mark.parametrize("folder", FOLDERS)
def test_damaged_bytes_never_crash_a_parser(samples, folder):
    for whole in documents(samples, folder):
        size = len(whole.body)
        if size > LARGE and not IS_FULL:
            continue
        for number, byte in enumerate((b"\x00", b"<", b'"', b"\xff", b",", b"&", b"]")):
            place = (2 * number + 1) * size // 14
            body = whole.body[:place] + byte + whole.body[place + 1 :]
            assert refusal(replace(whole, body=body)) != "parser-error", f"{whole.url}: {byte!r} at {place}"


@pytest.mark.parametrize("folder", FOLDERS)
def test_wrongly_declared_and_doubly_encoded_bytes_do_no_harm(samples, folder):
    for whole in documents(samples, folder):
        if len(whole.body) > LARGE and not IS_FULL:
            continue
        for body, charset in (
            (whole.body, "utf-16"),
            (whole.body, "no-such-charset"),
            (whole.body.decode("latin-1").encode("utf-8"), ""),
            (whole.body.decode("utf-8", "replace").encode("cp1252", "replace"), "utf-8"),
            (whole.body.replace(b" ", b"\x00"), ""),
            (b"\xff\xfe" + whole.body, ""),
        ):
            assert refusal(replace(whole, body=body, charset=charset)) != "parser-error", whole.url


STEPS = sorted({(source.parser, step) for source in registry().list() if source.parser
                for step in parser_of(source).steps})  # fmt: skip
SOURCES = {source.parser: source for source in registry().list() if source.parser}
BOMB = (
    b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY a "aaaaaaaaaa">'
    + b"".join(b'<!ENTITY %c "%s">' % (98 + n, b"&%c;" % (97 + n) * 10) for n in range(9))
    + b"]><html><body><Bills>&j;</Bills></body></html>"
)
HOSTILE = {
    "entities": BOMB,
    "deep page": b"<div class='AgendaItemContainer catAgendaRow speakerStart'><p><b>A:</b>" * 20_000,
    "deep list": b"[" * 100_000,
    "deep object": b'{"a":' * 100_000,
    "broken zip": b"PK\x03\x04" + b"\x00" * 100,
    "broken workbook": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 2_000,
}


@pytest.fixture(scope="module")
def huge() -> bytes:
    return b"<a>" + b" " * (200 * 2**20)


@pytest.mark.parametrize(("parser", "step"), STEPS)
def test_no_step_reads_two_hundred_megabytes(huge, parser, step):
    document = Document(url="https://x.ca/", body=huge, source=SOURCES[parser].of_any_session(), step=step)
    assert refusal(document) == "too-large"


@pytest.mark.parametrize(("parser", "step"), STEPS)
def test_no_step_expands_entities_or_falls_into_depths(parser, step):
    source = SOURCES[parser].of_any_session()
    for name, body in HOSTILE.items():
        document = Document(url="https://x.ca/", body=body, source=source, step=step)
        assert refusal(document) != "parser-error", name


def test_a_file_beyond_the_limit_is_refused_before_it_is_opened(tmp_path):
    path = tmp_path / "list.json"
    with path.open("wb") as file:
        file.truncate(MAX_DOCUMENT_BYTES + 1)
    source = registry().get("example-people")
    with pytest.raises(ParseFailed) as failure:
        loose_documents(parser_of(source), source, [path])
    assert failure.value.code == "too-large"
