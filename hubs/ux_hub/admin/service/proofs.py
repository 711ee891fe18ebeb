"""Checking the audit log without believing it: an inclusion proof recomputed (RFC 9162 section 2.1.3.2)."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any


def is_included(proof: Mapping[str, Any]) -> bool:
    """Tell whether a proof ties its leaf to its root."""
    index, last = int(proof["seq"]), int(proof["size"]) - 1
    if not 0 <= index <= last:
        return False
    try:
        value = bytes.fromhex(proof["leaf_hash"])
        path = [bytes.fromhex(step) for step in proof["path"]]
        root = bytes.fromhex(proof["root"])
    except ValueError:
        return False
    for step in path:
        if last == 0:
            return False
        if index % 2 or index == last:
            value = hashlib.sha256(b"\x01" + step + value).digest()
            while not index % 2 and index:
                index, last = index >> 1, last >> 1
        else:
            value = hashlib.sha256(b"\x01" + value + step).digest()
        index, last = index >> 1, last >> 1
    return last == 0 and value == root
