"""The bytes that are hashed stay those of the first entries: plain JSON with sorted keys, in UTF-8."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hubs.intelligence_hub.audit.leaves import canonical, encoded, instant, new_salts

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(1 << 70), 1 << 70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=20
)


@given(VALUES)
def test_every_value_has_the_bytes_of_the_standard_encoder(value: Any) -> None:
    written = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    assert canonical(value) == written


@pytest.mark.parametrize(
    "value",
    [{1: "a"}, {"n": 1e22}, {"n": 1 << 64}, [{"b": [1.0]}], {"é": 1, "z": 2, "\U0001f600": 3, "\uffff": 4}],
)
def test_values_on_which_encoders_differ(value: Any) -> None:
    written = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    assert canonical(value) == written


@pytest.mark.parametrize("number", [float("nan"), float("inf"), -float("inf")])
def test_a_number_that_is_not_finite_is_refused(number: float) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        canonical({"n": [number]})


@given(VALUES)
def test_what_is_said_to_be_kept_exactly_holds_no_fraction_and_no_long_number(value: Any) -> None:
    text, is_kept_exactly = encoded(value)
    assert text == canonical(value)
    numbers: list[Any] = []
    json.loads(text, parse_float=numbers.append, parse_int=lambda digits: numbers.append(int(digits)))
    if is_kept_exactly:
        assert all(number is not None and -(1 << 63) <= number < 1 << 64 for number in numbers)


@given(st.datetimes(timezones=st.just(UTC)))
def test_every_moment_is_written_as_the_standard_library_writes_it(moment: datetime) -> None:
    assert instant(moment) == moment.isoformat(timespec="microseconds").replace("+00:00", "Z")


def test_what_json_does_not_know_is_refused() -> None:
    with pytest.raises(TypeError):
        canonical({"when": datetime(2026, 1, 1, tzinfo=UTC)})


@pytest.mark.parametrize("value", ["\ud800", {"a": ["\udfff"]}, {"\ud800": 1}])
def test_half_of_a_surrogate_pair_is_refused_as_text_that_cannot_be_written(value: Any) -> None:
    with pytest.raises(UnicodeEncodeError):
        canonical(value)


def test_a_moment_is_told_in_utc_with_microseconds() -> None:
    east = timezone(timedelta(hours=5, minutes=30))
    assert instant(datetime(2026, 1, 1, 5, 30, tzinfo=east)) == "2026-01-01T00:00:00.000000Z"
    assert instant(datetime(2026, 1, 1, 0, 0, 0, 7, tzinfo=UTC)) == "2026-01-01T00:00:00.000007Z"


def test_salts_are_of_sixteen_bytes_and_each_another() -> None:
    salts = list(new_salts(100))
    assert {len(salt) for salt in salts} == {16}
    assert len(set(salts)) == 100
