"""Which values of the log may be gone: those that a redaction names, and those past their retention.

Both are entries themselves, and what they allow stands in fields that are never redacted.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

REDACTED, EXPIRED = "audit.redacted", "audit.expired"
_TYPE = "audit_entry/"


def redacted_type(fields: Collection[str]) -> str:
    """Return the ``target_type`` of a redaction, which names the fields."""
    return _TYPE + ",".join(sorted(fields))


class Absences:
    """Collects, entry by entry, what is gone and what allows it."""

    def __init__(self) -> None:
        self._gone: dict[int, set[str]] = {}
        self._allowed: dict[int, set[str]] = {}
        self._expired_to = -1

    def note(self, leaf: Mapping[str, Any], present: Collection[str], metadata: Any = None) -> None:
        """Take in one entry: its leaf document, the fields whose values are there, its metadata if it is."""
        if missing := set(leaf["commitments"]) - set(present):
            self._gone[leaf["seq"]] = missing
        target = str(leaf["target"])
        if not target.isdigit():
            return
        if leaf["action"] == REDACTED:
            named = leaf["target_type"].removeprefix(_TYPE).split(",")
            if not leaf["target_type"].startswith(_TYPE):
                # Entries from before the fields stood in the type of the target.
                named = metadata.get("fields", []) if isinstance(metadata, dict) else []
            self._allowed.setdefault(int(target), set()).update(named)
        elif leaf["action"] == EXPIRED:
            # An expiry reaches no further than itself.
            self._expired_to = max(self._expired_to, min(int(target), leaf["seq"] - 1))

    def first_unexplained(self) -> tuple[int, str] | None:
        """Return the first entry and field that is gone although nothing allows it."""
        for seq in sorted(self._gone):
            left = self._gone[seq] - self._allowed.get(seq, set())
            if seq > self._expired_to and left:
                return seq, min(left)
        return None
