"""Texts are normalised the same way wherever they come from."""

from __future__ import annotations

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hubs.business_hub.etl.normalise import clean_text, normalise


def body(**fields) -> bytes:
    return json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("  Elizabeth   May ", "Elizabeth May"),
        ("Rene\u0301e", "Renée"),
        ("Saanich\u2014Gulf Islands", "Saanich\u2014Gulf Islands"),
        ("O\u2019Neil", "O\u2019Neil"),
        ("a\u00a0b\u202fc", "a b c"),
        ("zero\u200bwidth\ufeff", "zerowidth"),
        ("soft\u00adhyphen", "softhyphen"),
        ("one \r\n two", "one\ntwo"),
        ("", ""),
    ],
)
def test_a_text_is_cleaned_without_touching_dashes_and_apostrophes(before, after):
    assert clean_text(before) == after
    assert json.loads(normalise(body(key="k", name=before)))["name"] == after


def test_a_clean_record_is_returned_as_it_is():
    clean = body(key="ca/x/1", name="Renée O'Neil", sources=[{"url": "http://x/ a  b"}], n=3)
    assert normalise(body(key="ca/x/1", name='says "yes" twice', n=1)) == body(
        key="ca/x/1", name='says "yes" twice', n=1
    )
    record = body(key="ca/x/1", name="Renée")
    assert normalise(record) is record
    # Sources are evidence: their text is never touched.
    assert normalise(clean) == clean


def test_nested_texts_are_cleaned_and_addresses_are_not():
    dirty = body(
        key="k", links=[{"url": "http://x/a  b", "note": " home  page "}], names=["a ", {"deep": " b"}]
    )
    assert json.loads(normalise(dirty)) == {
        "key": "k",
        "links": [{"url": "http://x/a  b", "note": "home page"}],
        "names": ["a", {"deep": "b"}],
    }


@given(st.dictionaries(st.text(min_size=1, max_size=8), st.text(max_size=30), max_size=5))
def test_normalising_twice_is_normalising_once(fields):
    fields = {k: v for k, v in fields.items() if k not in {"key", "sources", "url"}}
    once = normalise(body(**fields))
    assert json.loads(normalise(once)) == json.loads(once)
    for value in json.loads(once).values():
        assert value == clean_text(value)
        assert unicodedata.is_normalized("NFC", value)
