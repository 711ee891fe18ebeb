"""Cursors: what goes in comes out, and nothing else does."""

import base64
import random
import string
import uuid
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.core.errors import BadRequest
from shared.db.cursor import MAX_CURSOR_CHARS, CursorCodec, InvalidCursor, cursor_codec
from shared.settings import HubSettings

CODEC = CursorCodec(b"sixteen bytes or more")
SETTINGS = {"secret": "a root secret of the tests alone"}

values = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**53), 2**53),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=50),
    st.uuids(),
    st.dates(),
    st.decimals(allow_nan=False, allow_infinity=False),
    st.datetimes(timezones=st.just(UTC)),
)


@given(st.lists(values, max_size=5))
def test_every_kind_of_sort_value_survives(given_values: list[Any]) -> None:
    back = CODEC.decode("bills", CODEC.encode("bills", given_values), len(given_values))
    assert back == given_values
    assert [type(value) for value in back] == [type(value) for value in given_values]


def test_an_instant_of_another_zone_is_the_same_instant() -> None:
    ottawa = datetime(2026, 7, 1, 12, 0, 0, 123456, tzinfo=timezone(timedelta(hours=-4)))
    assert CODEC.decode("l", CODEC.encode("l", [ottawa]), 1) == [ottawa]


@pytest.mark.parametrize("cursor", ["", "x", "é", "AAAA", "=" * 9, "a b", "null", "../../etc/passwd", "\x00"])
def test_what_is_no_cursor_is_a_bad_request(cursor: str) -> None:
    with pytest.raises(InvalidCursor) as caught:
        CODEC.decode("bills", cursor, 1)
    assert isinstance(caught.value, BadRequest)
    assert caught.value.status == 400


def test_no_single_changed_character_is_accepted() -> None:
    cursor = CODEC.encode("bills", [date(2026, 1, 1), uuid.UUID(int=7), Decimal("1.10")])
    raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    for position in range(len(raw)):
        altered = bytearray(raw)
        altered[position] ^= 1
        with pytest.raises(InvalidCursor):
            CODEC.decode("bills", base64.urlsafe_b64encode(altered).decode(), 3)


def test_a_cursor_of_another_key_listing_or_length_is_refused() -> None:
    cursor = CODEC.encode("bills", [1])
    with pytest.raises(InvalidCursor, match="not made by"):
        CursorCodec(b"another key of sixteen").decode("bills", cursor, 1)
    with pytest.raises(InvalidCursor, match="another filter"):
        CODEC.decode("votes", cursor, 1)
    with pytest.raises(InvalidCursor):
        CODEC.decode("bills", cursor, 2)


def test_a_long_cursor_is_refused_before_it_is_read() -> None:
    noise = "".join(random.choices(string.ascii_letters, k=MAX_CURSOR_CHARS + 1))
    with pytest.raises(InvalidCursor, match="too long"):
        CODEC.decode("bills", noise, 1)


def test_a_cursor_is_safe_in_a_url_and_does_not_show_a_short_key() -> None:
    cursor = CODEC.encode("bills", ["?&=/ +"])
    assert set(cursor) <= set(string.ascii_letters + string.digits + "-_")
    with pytest.raises(ValueError, match="16 bytes"):
        CursorCodec(b"short")


def test_a_value_without_an_order_of_its_own_is_refused() -> None:
    with pytest.raises(TypeError, match="cannot page"):
        CODEC.encode("bills", [{"a": 1}])


def test_every_process_of_an_installation_reads_the_others_cursors() -> None:
    cursor = cursor_codec(HubSettings.model_validate(SETTINGS)).encode("bills", [1])
    assert cursor_codec(HubSettings.model_validate(SETTINGS)).decode("bills", cursor, 1) == [1]
    stranger = HubSettings.model_validate({"secret": "a root secret of somebody else"})
    with pytest.raises(InvalidCursor):
        cursor_codec(stranger).decode("bills", cursor, 1)
