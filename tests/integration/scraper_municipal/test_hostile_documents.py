"""No document of a council or province crashes a parser or holds it up: it is read, or refused with a reason."""

from __future__ import annotations

import io
import zipfile

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.scraper.parsers.base import MAX_DOCUMENT_BYTES
from services.scraper.registry import parser_of
from tests.integration.scraper_municipal.conftest import outcome

MANNERS = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], database=None
)


@MANNERS
@given(rows=st.lists(st.lists(st.text(max_size=30), max_size=6), max_size=8))
def test_any_table_is_read_or_refused(make_document, rows):
    head = "District name,Primary role,Name,Email,Phone,District ID"
    body = "\n".join([head, *(",".join(row) for row in rows)])
    outcome(make_document("example-people", body.encode("utf-8", "ignore"), step="represent_csv"))


@pytest.mark.parametrize("depth", [300, 5_000, 100_000])
@pytest.mark.parametrize(
    "source_id",
    ["ca-on-ottawa-meetings", "example-civicplus", "example-granicus", "example-legistar-pages", "ca-on-debates",
     "ca-qc-debates", "ca-qc-members", "example-people", "ca-on-members"],
)  # fmt: skip
def test_deep_pages_are_read_or_refused(make_document, source_id, depth):
    marks = "AgendaItemContainer catAgendaRow AgendaHeader speakerStart enteteFicheDepute"
    nested = f'<div class="{marks}">' * depth
    body = f"<html><body>ViewPublisher gridCalendar AgendaCenter{nested}x</body></html>"
    parser = parser_of(make_document(source_id, body).source)
    for step in parser.steps:
        outcome(make_document(source_id, body, step=step))


@pytest.mark.parametrize("depth", [1_000, 200_000])
@pytest.mark.parametrize(
    "source_id",
    [
        "example-legistar",
        "example-escribe",
        "example-primegov",
        "example-civicclerk",
        "example-civicweb",
        "example-people",
    ],
)
def test_deep_json_is_refused(make_document, source_id, depth):
    body = "[" * depth + "]" * depth
    parser = parser_of(make_document(source_id, body).source)
    for step in parser.steps:
        outcome(make_document(source_id, body, step=step))


def test_pages_of_thousands_of_rows_are_read_in_time(make_document):
    row = '<tr class="catAgendaRow"><td><strong>May 5, 2020</strong><p>Meeting</p></td></tr>'
    outcome(
        make_document(
            "example-civicplus", f"<html><body>AgendaCenter<table>{row * 20_000}</table></body></html>"
        )
    )
    cell = '<tr class="listingRow"><td>Board</td><td>May 5, 2020</td><td><a href="/AgendaViewer.php?clip_id={}">A</a></td></tr>'
    rows = "".join(cell.format(number) for number in range(4_000))
    outcome(
        make_document("example-granicus", f"<html><body>ViewPublisher<table>{rows}</table></body></html>")
    )


def test_huge_cells_and_names_break_no_record(make_document):
    for column in ("District name", "Primary role", "Name", "Email", "Phone", "Website", "Address line 1"):
        body = f"Name,District name,{column}\nAna Li,Ward 1,{'é' * 150_000}\n"
        code = outcome(make_document("example-people", body, step="represent_csv"))
        assert code in {"", "invalid-record"}


def test_a_spreadsheet_is_never_unpacked_beyond_the_limit(make_document):
    sheet = io.BytesIO()
    book = openpyxl.Workbook()
    book.active.append(["Name"])
    book.save(sheet)
    with zipfile.ZipFile(sheet, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet2.xml", b"0" * (MAX_DOCUMENT_BYTES + 1))
    assert outcome(make_document("example-people", sheet.getvalue())) == "unsafe-zip"
    entities = b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "bbbbbbbb"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]><a>&c;</a>'
    hostile = io.BytesIO()
    with zipfile.ZipFile(sheet) as source, zipfile.ZipFile(hostile, "w") as target:
        for name in source.namelist():
            if name != "xl/worksheets/sheet2.xml":
                target.writestr(name, entities if name == "xl/workbook.xml" else source.read(name))
    assert outcome(make_document("example-people", hostile.getvalue())) == "not-a-table"


def test_a_document_beyond_the_limit_is_refused_unread(make_document):
    for source_id in ("example-people", "example-escribe", "ca-on-toronto-votes", "ca-on-debates"):
        body = b"a,b\n" + b" " * MAX_DOCUMENT_BYTES
        assert outcome(make_document(source_id, body)) == "too-large"
