"""Quantities are read exactly and refused when they are none."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.cluster.quantity import BadQuantity, cpu, exact, memory, percent, show_memory, write_memory


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("1Gi", 2**30), ("512Mi", 512 * 2**20), ("1G", 10**9), ("128974848", 128974848), ("129e6", 129_000_000),
        ("123Mi", 128974848), ("100k", 100_000), ("1.5Gi", 3 * 2**29), ("0", 0), ("500m", 1), (".5Ki", 512),
    ],
)  # fmt: skip
def test_memory_is_in_bytes(text: str, size: int) -> None:
    assert memory(text) == size


@pytest.mark.parametrize(
    ("text", "milli"), [("200m", 200), ("2", 2000), ("0.1", 100), ("1500u", 2), ("5n", 1)]
)
def test_processor_is_in_thousandths_of_a_core_rounded_up(text: str, milli: int) -> None:
    assert cpu(text) == milli


@pytest.mark.parametrize(
    "text", ["", "Mi", "1 Gi", "1gi", "1e", "0x10", "1Mib", "--1", "1e999", "9" * 41, "NaN", "1.2.3"]
)
def test_what_is_no_quantity_is_refused(text: str) -> None:
    with pytest.raises(BadQuantity):
        exact(text)


@given(st.integers(min_value=1, max_value=2**23))
def test_a_written_quantity_reads_back(mib: int) -> None:
    assert memory(write_memory(mib * 2**20)) == mib * 2**20


@given(st.text(max_size=12))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        assert isinstance(exact(text), Decimal)
    except BadQuantity:
        pass


def test_percentages_are_cut_off_like_kubectl_does() -> None:
    assert percent(7714, 7830) == "98%"
    assert percent(None, 7830) == "?"
    assert percent(1, 0) == "?"


@pytest.mark.parametrize(
    ("size", "text"), [(0, "0"), (None, "?"), (2**20, "1Mi"), (700, "1Ki"), (20 * 2**30, "20.0Gi")]
)
def test_memory_is_shown_for_people(size: int | None, text: str) -> None:
    assert show_memory(size) == text
