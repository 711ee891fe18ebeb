"""Kubernetes quantities, read exactly (kubernetes.io, API reference: Quantity)."""

from __future__ import annotations

import re
from decimal import Decimal

_SUFFIX = {
    "n": Decimal("1e-9"),
    "u": Decimal("1e-6"),
    "m": Decimal("1e-3"),
    "": Decimal(1),
    "k": Decimal(10**3),
    "M": Decimal(10**6),
    "G": Decimal(10**9),
    "T": Decimal(10**12),
    "P": Decimal(10**15),
    "E": Decimal(10**18),
    "Ki": Decimal(2**10),
    "Mi": Decimal(2**20),
    "Gi": Decimal(2**30),
    "Ti": Decimal(2**40),
    "Pi": Decimal(2**50),
    "Ei": Decimal(2**60),
}
_SHAPE = re.compile(r"([+-]?(?:\d+(?:\.\d*)?|\.\d+))(?:[eE]([+-]?\d{1,2})|(n|u|m|k|Ki|[MGTPE]i?)?)")


class BadQuantity(ValueError):
    """The text is not a Kubernetes quantity."""


def exact(text: str | int | float) -> Decimal:
    """Return the value of a quantity such as `512Mi`, `200m`, `1e9` or `0.5`.

    Raises: BadQuantity.
    """
    raw = str(text).strip()
    match = _SHAPE.fullmatch(raw) if len(raw) <= 40 else None
    if match is None:
        raise BadQuantity(f"{raw[:40]!r} is not a quantity")
    number, exponent, suffix = match.groups()
    value = Decimal(number) * _SUFFIX[suffix or ""]
    return value.scaleb(int(exponent)) if exponent else value


def memory(text: str | int | float) -> int:
    """Return a memory quantity in bytes, rounded up as the scheduler does. Raises: BadQuantity."""
    return _ceil(exact(text))


def cpu(text: str | int | float) -> int:
    """Return a processor quantity in thousandths of a core, rounded up. Raises: BadQuantity."""
    return _ceil(exact(text) * 1000)


def _ceil(value: Decimal) -> int:
    return int(value.to_integral_value(rounding="ROUND_CEILING"))
