"""Cells of CSV files."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.http.cells import bare_cell, safe_cell

STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")


@pytest.mark.parametrize("start", STARTS)
def test_what_could_be_a_formula_gets_a_mark_and_loses_it_again(start):
    text = f"{start}HYPERLINK(A1)"
    assert safe_cell(text) == f"'{text}"
    assert bare_cell(safe_cell(text)) == text


@pytest.mark.parametrize(
    "text", ["-12", "+3.5", "-1e6", "-12,5", "-4%", "12", "", "l'eau", "'quoted'", "a=b"]
)
def test_numbers_and_plain_text_stay_as_they_are(text):
    assert safe_cell(text) == text
    assert bare_cell(text) == text


@pytest.mark.parametrize("text", ["-2+3", "+1-1", "-A1", "-1|calc", "+", "-"])
def test_what_only_begins_like_a_number_gets_a_mark(text):
    assert safe_cell(text) == f"'{text}"


def test_other_values_become_text_and_nul_is_left_out():
    assert [safe_cell(value) for value in (None, 3, -3, True, "a\x00b", "\x00=1")] == [
        "", "3", "-3", "True", "ab", "'=1",
    ]  # fmt: skip


@given(st.text())
def test_no_cell_ever_begins_like_a_formula_unless_it_is_a_number(text):
    cell = safe_cell(text)
    is_number = cell[:1] in "+-" and cell[1:2].isdigit()
    assert cell[:1] not in STARTS or cell == "" or is_number
