"""Batches of votes are read as all JSON is, only faster."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hubs.data_hub.database.service.differing import ballots_hashes, content_hash
from hubs.data_hub.database.service.sheets import Sheet, read_votes

# Words that look like the marks by which ballots are told apart, inside of texts.
_WORDS = st.text(max_size=8) | st.sampled_from(
    [
        "},{",
        '"},{"name":',
        '},{"name":"',
        "}],",
        "}]",
        '"ballots":[',
        '"ballots":[{"name":',
        "\\",
        '\\"',
        "é\u2028",
    ]
)
_IDENTIFIERS = st.lists(st.fixed_dictionaries({"name": _WORDS, "value": _WORDS}), max_size=2)
_BALLOT = st.fixed_dictionaries(
    {"name": _WORDS, "option": st.sampled_from(["yes", "no"])}, optional={"identifiers": _IDENTIFIERS}
)
# As the contract writes a ballot: every field, in its order.
_CAST = st.tuples(
    _WORDS | st.none(),
    _WORDS,
    st.lists(st.fixed_dictionaries({"scheme": _WORDS, "value": _WORDS}), max_size=2),
).map(lambda cast: dict(zip(("person_key", "name", "identifiers"), cast, strict=True)))
_RECORD = st.fixed_dictionaries(
    {"key": _WORDS}, optional={"ballots": st.lists(_BALLOT, max_size=5), "motion_en": _WORDS}
)
_BATCH = st.fixed_dictionaries({"kind": _WORDS, "records": st.lists(_RECORD, max_size=4)})


def _plain(value: Any) -> Any:
    if isinstance(value, Sheet):
        return [ballot.value for ballot in value.ballots]
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items()}
    return [_plain(one) for one in value] if isinstance(value, list) else value


@given(_BATCH, st.booleans())
def test_a_batch_reads_the_same_with_and_without_sheets(batch: dict[str, Any], is_spaced: bool) -> None:
    body = orjson.dumps(batch, option=orjson.OPT_INDENT_2 if is_spaced else None)
    assert _plain(read_votes(body)) == batch


@given(st.lists(_CAST, min_size=1, max_size=5), _WORDS)
def test_a_sheet_is_written_as_its_list_would_be(ballots: list[dict[str, Any]], word: str) -> None:
    record = {"key": word, "ballots": ballots, "motion_en": word}
    read = read_votes(orjson.dumps({"records": [record]}))["records"][0]
    assert isinstance(read["ballots"], Sheet)
    assert content_hash({**read, "ballots": read["ballots"].fragment()}) == content_hash(record)


def test_equal_ballots_of_a_batch_are_one() -> None:
    ballot = {"name": "A", "option": "yes"}
    votes = [{"ballots": [ballot, {"name": "B", "option": "no"}]}, {"ballots": [ballot]}]
    first, second = read_votes(orjson.dumps({"records": votes}))["records"]
    # The last of a list is found at its end, the others between two of them: both are the same one.
    assert first["ballots"].ballots[0] is second["ballots"].ballots[0]


@pytest.mark.parametrize(
    "body",
    [
        b'{"records":[{"ballots":0},{"ballots":[{"name":"A"}]}]}',
        b'{"records":[{"ballots":[{"name":"A"}],"ballots":[{"name":"B"}]}]}',
        b'{"records":[{"ballots":0,"more":{"ballots":[{"name":"A"}]}}]}',
        b'{"ballots":[{"name":"A"}],"records":[{"ballots":0}]}',
        b'{"records":[{"ballots":[{"name":"A"},{"option":"no"}]}]}',
        b'{"records":[{"ballots":[1,2]}]}',
        b'{"records":[{"ballots":[{"name":"A"},3]}]}',
        b'{"records":[{"ballots":[{"name" :"A"},{"name":"B"}]}]}',
        b'{"records":[{"ballots":[]}]}',
        b'[{"ballots":[{"name":"A"}]}]',
        b"[]",
    ],
)
def test_what_is_written_otherwise_is_read_as_json_is(body: bytes) -> None:
    assert _plain(read_votes(body)) == orjson.loads(body)


@pytest.mark.parametrize(
    "body",
    [
        b'{"records":[{"ballots":[{"name":"A"}}]}',
        b'{"records":[{"ballots":[{"name":"A"},{"name":"B}]}]}',
        b'{"records":[{"ballots":[{"name":"A"}]}',
        b'{"records":[{"ballots":[{"name":"\xff"}]}]}',
        b'{"records":[{"ballots":[{"name":NaN}]}]}',
        b'{"records":[{"ballots":[',
    ],
)
def test_what_is_no_json_is_refused(body: bytes) -> None:
    with pytest.raises(ValueError):
        read_votes(body)


def test_the_hash_of_ballots_is_that_of_their_list() -> None:
    shared = {"name": "A", "option": "yes"}
    votes: dict[str, dict[str, Any]] = {
        "x": {"ballots": [shared, {"name": "B"}]},
        "y": {"ballots": [shared]},
        "z": {"ballots": []},
    }
    assert ballots_hashes(votes) == {
        key: content_hash({"ballots": vote["ballots"]}) for key, vote in votes.items()
    }
