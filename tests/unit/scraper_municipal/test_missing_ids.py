"""Documents that leave out what tells their rows apart: nothing is lost without a word."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from services.scraper.parsers.base import Document
from services.scraper.reading import read
from services.scraper.registry import parser_of
from services.scraper.sources import registry


def reading(source_id: str, value: Any) -> Any:
    source = registry().get(source_id).of_any_session()
    document = Document(url="file:///list.json", body=json.dumps(value).encode(), source=source)
    parser = parser_of(source)
    return read(
        parser, Document(url=document.url, body=document.body, source=source, step=parser.recognise(document))
    )


def kinds(result: Any) -> dict[str, int]:
    return {kind: sum(one.kind == kind for one in result.records) for kind in ("event", "document")}


PRIMEGOV = [
    {"id": None, "title": "Council", "dateTime": f"2026-05-0{day}T18:00:00", "documentList": [{"id": None}]}
    for day in (1, 2, 3)
]  # fmt: skip
CIVICCLERK = {
    "value": [
        {"eventName": "Council", "startDateTime": f"2026-05-0{day}T18:00:00Z", "publishedFiles": [{"type": "Agenda"}]}
        for day in (1, 2, 3)
    ]
}  # fmt: skip


@pytest.mark.parametrize(
    ("source_id", "value"), [("example-primegov", PRIMEGOV), ("example-civicclerk", CIVICCLERK)]
)
def test_meetings_without_an_id_stay_apart_and_their_papers_are_counted(source_id, value):
    result = reading(source_id, value).result
    assert kinds(result) == {"event": 3, "document": 0}
    assert dict(result.skipped) == {"document without an id": 3}


@pytest.mark.parametrize("language", [[9], {"a": 1}, "nine", None, -9, 1e300])
def test_a_language_that_is_none_is_no_language(samples, language):
    path = Path(samples) / "municipal/escribe/chulavista_GetCalendarMeetings.json"
    value = json.loads(path.read_text())
    for row in value["d"]:
        for link in row["MeetingDocumentLink"]:
            link["LanguageId"] = language
    assert kinds(reading("example-escribe", value).result)["event"] == 1


def test_rows_with_one_key_that_differ_are_counted():
    rows = [{"id": 7, "title": f"Council {n}", "dateTime": "2026-05-01T18:00:00"} for n in range(3)]
    result = reading("example-primegov", [*rows, rows[-1]]).result
    assert kinds(result)["event"] == 1
    assert dict(result.skipped) == {"event with the key of a later row": 2}
