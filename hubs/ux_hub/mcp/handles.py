"""Handles: how an answer that was cut is continued without the server remembering anything."""

from __future__ import annotations

import base64
import binascii
from typing import Any
from urllib.parse import parse_qs, urlsplit

from shared.core.errors import Invalid
from shared.http.json import dumps, loads


def handle(name: str, **arguments: Any) -> str:
    """Return the handle by which an answer is continued."""
    kept = {key: value for key, value in arguments.items() if value not in ("", None)}
    return base64.urlsafe_b64encode(dumps([name, kept])).decode().rstrip("=")


def read_handle(text: str) -> tuple[str, dict[str, Any]]:
    """Return what a handle stands for.

    Raises: Invalid.
    """
    try:
        name, arguments = loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        if isinstance(name, str) and isinstance(arguments, dict):
            return name, arguments
    except (ValueError, TypeError, binascii.Error):
        pass
    raise Invalid("not a handle that an answer gave")


def cursor_of(following: str | None) -> str:
    """Return the cursor in the URL of the following page, empty at the end."""
    if not following:
        return ""
    return parse_qs(urlsplit(following).query).get("cursor", [""])[0]
