"""Cells of a table: what a spreadsheet would run is text to it, and a number stays one."""

from __future__ import annotations

import pytest

from hubs.data_hub.database.service.formats import cell


@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        "+1",
        "@SUM(A1)",
        "-1+2",
        "-1+cmd|' /C calc'!A0",
        "-",
        "\t=1",
        "\r=1",
        "\n=1",
        "＝1+1",
        "＋1",
        "－1+2",
        "＠x",
    ],
)
def test_a_cell_that_a_spreadsheet_would_run_is_quoted(text: str) -> None:
    assert cell(text) == f"'{text}"
    assert cell([text, "b"]) == f"'{text}; b"


@pytest.mark.parametrize(
    ("value", "shown"), [(-5, "-5"), ("-5", "-5"), ("-1.25", "-1.25"), ("-1,5", "-1,5"), (-0.5, "-0.5")]
)
def test_a_negative_number_stays_a_number(value: object, shown: str) -> None:
    assert cell(value) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, ""),
        (True, "true"),
        ([], ""),
        (["a", 1], "a; 1"),
        ([{"a": "=1"}], '[{"a":"=1"}]'),
        ({"é": None}, '{"é":null}'),
        ("a=b", "a=b"),
    ],
)
def test_other_values_are_written_plainly(value: object, shown: str) -> None:
    assert cell(value) == shown
