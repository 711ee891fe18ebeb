"""Recorded documents of councils and provinces, cut off, garbled and wrongly encoded: read, or refused."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.scraper.parsers.base import ParseFailed
from services.scraper.reading import read
from services.scraper.registry import parser_of
from tests.integration.scraper_municipal.conftest import outcome

DOCUMENTS = [
    ("example-civicclerk", "municipal/civicclerk/clovisca_event17.json"),
    ("example-civicplus", "municipal/civicplus/nc-nashcounty.civicplus.com_test_scrape_cache_false_default_0.html"),
    ("ca-on-ottawa-meetings", "municipal/escribe_ottawa/meeting_e8b142bc-0992-4fe7-a9de-6973e6c69c4b_Agenda_English.html"),
    ("ca-on-ottawa-meetings", "municipal/escribe_ottawa/meeting_9dc974f2-fb95-401e-bf2f-5fe225f5cdb5_Agenda_English.html"),
    ("example-escribe", "municipal/escribe/chulavista_GetCalendarMeetings.json"),
    ("example-granicus", "municipal/granicus/san_diego_city_gov_com_archived.html"),
    ("example-granicus", "municipal/granicus/player_napacity_clip3450.html"),
    ("example-legistar-pages", "municipal/legistar_html/chi_mwrd_legistar.html"),
    ("example-legistar-pages", "municipal/legistar_html/metro_people.html"),
    ("example-legistar-members", "municipal/legistar_webapi/milwaukee/milwaukee_bodies_1_OfficeRecords.json"),
    ("example-legistar", "municipal/legistar_webapi/lametro_event.json"),
    ("example-primegov", "municipal/primegov/losca_City_Council.json"),
    ("ca-on-toronto-votes", "municipal/toronto/member-voting-record-2022-2026_EXCERPT.csv"),
    ("example-represent", "represent/api/representatives_house-of-commons_page1.json"),
    ("example-people", "represent/import_json_2013/ca_on_windsor.json"),
    ("ca-on-debates", "ontario_ola/hansard_html/2018-03-19.html"),
    ("ca-qc-members", "quebec_assnat/deputes_2012/khadir-amir-25.html"),
]  # fmt: skip
MANNERS = settings(
    max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], database=None
)


@pytest.mark.parametrize(("source_id", "path"), DOCUMENTS)
@pytest.mark.parametrize("encoding", ["utf-16", "cp1252", "utf-8-sig"])
def test_a_document_in_another_encoding_gives_the_same_names(sample, source_id, path, encoding):
    whole = sample(source_id, path)
    text = whole.body.decode("utf-8-sig")
    expected = names(read(parser_of(whole.source), whole).result)
    body = text.encode(encoding, "ignore")
    try:
        told = names(read(parser_of(whole.source), replace(whole, body=body)).result)
    except ParseFailed as failure:
        pytest.fail(f"{failure}")
    if encoding == "cp1252":
        assert len(told) == len(expected)
    else:
        assert told == expected


def names(result):
    return [getattr(r, "name_en", "") or getattr(r, "name", "") or r.key for r in result.records]


@pytest.mark.parametrize(("source_id", "path"), DOCUMENTS)
@MANNERS
@given(data=st.data())
def test_a_document_with_bytes_changed_is_read_or_refused(sample, source_id, path, data):
    whole = sample(source_id, path)
    body = bytearray(whole.body[:60_000])
    for _ in range(data.draw(st.integers(1, 12))):
        place = data.draw(st.integers(0, len(body) - 1))
        body[place : place + data.draw(st.integers(0, 20))] = data.draw(st.binary(max_size=20))
    outcome(replace(whole, body=bytes(body)))


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


@pytest.mark.parametrize(
    ("source_id", "path"), [(s, p) for s, p in DOCUMENTS if p.endswith(".json")]
)  # fmt: skip
@MANNERS
@given(data=st.data())
def test_json_with_values_of_other_types_is_read_or_refused(sample, source_id, path, data):
    whole = sample(source_id, path)
    value = json.loads(whole.body.decode("utf-8-sig"))
    row = value
    while not isinstance(row, dict) or any(key in row for key in ("d", "value", "objects")):
        row = row[0] if isinstance(row, list) else next(row[k] for k in ("d", "value", "objects") if k in row)
    for key in data.draw(st.lists(st.sampled_from(sorted(row)), min_size=1, max_size=4)):
        row[key] = data.draw(JSON_VALUES)
    outcome(replace(whole, body=json.dumps(value).encode()))
