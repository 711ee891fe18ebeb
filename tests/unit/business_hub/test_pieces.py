"""Lists whose objects come again are read as JSON reads them, each distinct object once."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hubs.business_hub.op_import.reading.pieces import PieceReader

ODD = st.text(max_size=6) | st.sampled_from(
    ['"}, {"option": "', '"}]', '"votes": [{', "}, {", "\\", "\u2028", "]"]
)
BALLOT = st.fixed_dictionaries(
    {"option": ODD | st.lists(ODD, max_size=2), "name": ODD}, optional={"note": ODD}
)
STYLES = st.sampled_from([(", ", ": "), (",", ":"), (" , ", " : ")])


def read(reader: PieceReader, body: bytes) -> Any:
    """Read a document and take its pieces apart again; None where it was not read."""
    entry = reader.read(body)
    return None if entry is None else {**entry, "votes": [piece.value for piece in entry["votes"]]}


@given(st.lists(st.tuples(st.lists(BALLOT, max_size=4), ODD), min_size=1, max_size=4), STYLES, st.booleans())
def test_what_is_read_is_what_json_says(sheets, style, is_ascii):
    reader = PieceReader("votes")
    for votes, motion in sheets:
        entry = {
            "motion": motion,
            "votes": votes,
            "counts": [{"option": "yes", "value": 2}, {"option": motion}],
        }
        body = json.dumps(entry, separators=style, ensure_ascii=is_ascii).encode("utf-8", "surrogatepass")
        assert read(reader, body) in (None, json.loads(body))


def test_equal_objects_of_all_documents_are_one():
    reader = PieceReader("votes")
    body = b'{"votes": [{"option": "yes", "name": "Ann"}, {"option": "no", "name": "Ann"}], "counts": [{"option": "yes"}]}'
    first, second = reader.read(body), reader.read(body.replace(b'"no"', b'"yes"'))
    assert first is not None
    assert second is not None
    assert first["votes"][0] is second["votes"][0] is second["votes"][1]
    assert first["counts"] == [{"option": "yes"}]


@pytest.mark.parametrize(
    "body",
    [
        b"", b"[]", b'{"votes": []}', b'{"votes": null}', b'{"votes": [1]}', b'{"votes": [{"a": 1}', b'{"votes": [{"a": 1}]',
        b'{"x": {"votes": [{"a": 1}]}}', b'{"votes": [{"a": 1}], "votes": [{"a": 2}]}', b'{"votes": [{"a": 1}, {"a": }]}',
        b'\xef\xbb\xbf{"votes": [{"a": 1}]}', b'{"votes": [{"a": 1}, 2, {"a": 3}]}',
    ],
)  # fmt: skip
def test_what_is_written_in_another_manner_is_left_alone(body):
    assert PieceReader("votes").read(body) is None
