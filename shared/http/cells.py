"""Cells of CSV files that people open in a spreadsheet: none of them may be taken for a formula.

The rule is OWASP's (https://owasp.org/www-community/attacks/CSV_Injection): a cell that begins with one of a
few signs gets an apostrophe before it. Numbers keep their sign, so that a column of them stays one.
"""

from __future__ import annotations

import re

MARK = "'"
# The last four are the full-width forms, which some spreadsheets read as the plain ones.
_STARTS = frozenset("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20")
_NUMBER = re.compile(r"[+-]?\d+(?:[.,]\d+)?(?:[eE][+-]?\d+)?%?", re.ASCII)


def safe_cell(value: object) -> str:
    """Return a value as text that no spreadsheet takes for a formula, without NUL characters."""
    text = "" if value is None else str(value).replace("\x00", "")
    if text[:1] not in _STARTS or not text or _NUMBER.fullmatch(text):
        return text
    return MARK + text


def bare_cell(text: str) -> str:
    """Return a cell without the mark that `safe_cell` put before it."""
    return text[1:] if text[:1] == MARK and text[1:2] in _STARTS and len(text) > 1 else text
