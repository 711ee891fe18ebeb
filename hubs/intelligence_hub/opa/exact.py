"""JSON with whole numbers of any length, as OPA reads and writes it; orjson ends at 64 bits."""

from __future__ import annotations

import json
import re
from typing import Any

from shared.http.json import dumps, loads

_LONG_NUMBER = re.compile(rb"[0-9]{19}")


def read_exact(text: bytes) -> Any:
    """Read JSON.

    Raises: ValueError when it is not JSON.
    """
    # First by the stricter of the two, which also knows no NaN.
    found = loads(text)
    return json.loads(text) if _LONG_NUMBER.search(text) else found


def write_exact(value: Any) -> bytes:
    """Return compact JSON of what came from JSON; dates as text.

    Raises: ValueError when it is nested too deep to be written.
    """
    try:
        return dumps(value)
    except TypeError:
        # A number beyond 64 bits, half of a surrogate pair, or a depth that only the other one bears.
        try:
            return json.dumps(value, separators=(",", ":"), default=str).encode()
        except RecursionError as error:
            raise ValueError("nested too deep") from error
