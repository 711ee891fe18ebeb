"""Cells of tables as values: dates, numbers, yes and no, in the ways in which people write them."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from typing import Any

_DATE = re.compile(r"^(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?:[T ].*)?$")
_DAY_FIRST = re.compile(r"^(\d{1,2})[-/.](\d{1,2})[-/.](\d{4})$")
_NUMBER = re.compile(r"^[+-]?\d{1,3}(?:[ \u00a0\u202f,]\d{3})+(?:\.\d+)?$|^[+-]?\d+(?:[.,]\d+)?$")
_EMAIL = re.compile(r"^[^@\s]+@[^@\s]+\.[^@\s]+$")
_YES = {"yes", "y", "true", "1", "x", "oui", "o", "vrai"}
_NO = {"no", "n", "false", "0", "non", "faux"}


def as_date(text: str) -> date:
    """Read a date: year first, or day and month where only one reading is possible.

    Raises: ValueError saying what is wrong.
    """
    if match := _DATE.match(text):
        return _day(int(match[1]), int(match[2]), int(match[3]), text)
    if match := _DAY_FIRST.match(text):
        first, second, year = int(match[1]), int(match[2]), int(match[3])
        if first > 12 >= second:
            return _day(year, second, first, text)
        if second > 12 >= first or first == second:
            return _day(year, first, second, text)
        raise ValueError("day and month cannot be told apart; write it as YYYY-MM-DD")
    raise ValueError("not a date; write it as YYYY-MM-DD")


def _day(year: int, month: int, day: int, text: str) -> date:
    try:
        return date(year, month, day)
    except ValueError:
        raise ValueError(f"there is no such day as {text}") from None


def as_number(text: str) -> float:
    """Read a number with English or French signs.

    Raises: ValueError.
    """
    bare = text.rstrip("%").strip()
    if not _NUMBER.match(bare):
        raise ValueError("not a number")
    if re.match(r"^[+-]?\d+,\d+$", bare) and not re.match(r"^[+-]?\d{1,3},\d{3}$", bare):
        bare = bare.replace(",", ".")
    return float(re.sub(r"[ \u00a0\u202f,]", "", bare))


def as_integer(text: str) -> int:
    """Read a whole number.

    Raises: ValueError.
    """
    number = as_number(text)
    if not number.is_integer():
        raise ValueError("not a whole number")
    return int(number)


def as_bool(text: str) -> bool:
    """Read yes or no.

    Raises: ValueError.
    """
    word = text.lower()
    if word in _YES:
        return True
    if word in _NO:
        return False
    raise ValueError("neither yes nor no")


def as_email(text: str) -> str:
    """Read an e-mail address.

    Raises: ValueError.
    """
    bare = text.removeprefix("mailto:")
    if not _EMAIL.match(bare):
        raise ValueError("not an e-mail address")
    return bare


def as_url(text: str) -> str:
    """Read a web address; one without its scheme gets https.

    Raises: ValueError.
    """
    bare = text if "://" in text else f"https://{text}"
    scheme, _, rest = bare.partition("://")
    if scheme.lower() not in {"http", "https"} or "." not in rest.partition("/")[0] or " " in rest:
        raise ValueError("not a web address")
    return bare


READERS: dict[str, Callable[[str], Any]] = {
    "text": str,
    "date": as_date,
    "integer": as_integer,
    "number": as_number,
    "bool": as_bool,
    "email": as_email,
    "url": as_url,
}
