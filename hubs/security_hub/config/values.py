"""Values as such: references to secrets kept elsewhere, and where two values differ."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from hubs.security_hub.config.schemas import Difference


def is_reference(value: Any) -> bool:
    """Tell whether a secret is kept elsewhere: ``{"ref": "env:NAME"}`` or ``{"ref": "file:/path"}``."""
    return (
        isinstance(value, dict)
        and set(value) == {"ref"}
        and isinstance(value["ref"], str)
        and value["ref"].startswith(("env:", "file:/"))
    )


def differences(before: Any, after: Any, pointer: str = "") -> Iterable[Difference]:
    """Yield every place where two JSON values differ."""
    if isinstance(before, dict) and isinstance(after, dict):
        for name in sorted({*before, *after}):
            escaped = str(name).replace("~", "~0").replace("/", "~1")
            missing = object()
            left, right = before.get(name, missing), after.get(name, missing)
            if left is missing or right is missing:
                yield Difference(
                    pointer=f"{pointer}/{escaped}",
                    before=None if left is missing else left,
                    after=None if right is missing else right,
                )
            else:
                yield from differences(left, right, f"{pointer}/{escaped}")
    elif before != after or isinstance(before, bool) != isinstance(after, bool):
        yield Difference(pointer=pointer, before=before, after=after)
