"""Edits between words: counted as by hand, and what is put aside unseen is never near."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hubs.data_hub.search.spelling import edit_distance, is_far

WORDS = st.text(alphabet="abcde", max_size=8)


@pytest.mark.parametrize(
    ("left", "right", "edits"),
    [
        ("fisheries", "fisheries", 0),
        ("fisheries", "fishries", 1),
        ("fisheries", "fihseries", 1),
        ("fisheries", "fisherry", None),
        ("budget", "bdugte", 2),
        ("ab", "ba", 1),
        ("", "ab", 2),
        ("", "abc", None),
    ],
)
def test_edits_are_counted(left: str, right: str, edits: int | None) -> None:
    assert edit_distance(left, right, 2) == edits
    assert edit_distance(right, left, 2) == edits


@given(WORDS, WORDS, st.sampled_from([1, 2]))
def test_no_near_word_is_put_aside(left: str, right: str, most: int) -> None:
    if is_far(set(left), right, most):
        assert edit_distance(left, right, most) is None


def test_most_words_are_put_aside() -> None:
    assert is_far(set("fisheries"), "parliament", 2)
    assert not is_far(set("fisheries"), "fishermen", 2)
