"""Opaque, signed cursors: where a listing stopped, and which listing it was."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import orjson

from shared.core.errors import BadRequest
from shared.settings import HubSettings, derive_secret

MAX_CURSOR_CHARS = 2048
_MAC_BYTES = 16


class InvalidCursor(BadRequest):
    """The cursor was not made by this platform, was altered, or belongs to another listing."""

    code = "invalid-cursor"
    title = "Invalid cursor"


class CursorCodec:
    """Writes and reads cursors with one secret key, the same in every process that serves the listing."""

    def __init__(self, key: bytes) -> None:
        """Raises: ValueError when the key is shorter than 16 bytes."""
        if len(key) < 16:
            raise ValueError("a cursor key has at least 16 bytes")
        self._key = key

    def encode(self, listing: str, values: Sequence[Any]) -> str:
        """Return the cursor that continues a listing after the row with these sort values."""
        body = orjson.dumps([listing, [_tagged(value) for value in values]])
        return base64.urlsafe_b64encode(self._mac(body) + body).rstrip(b"=").decode()

    def decode(self, listing: str, cursor: str, length: int) -> list[Any]:
        """Return the sort values in a cursor.

        Raises: InvalidCursor when it is not ours, or continues another listing (other filter or order).
        """
        if len(cursor) > MAX_CURSOR_CHARS:
            raise InvalidCursor("The cursor is too long.")
        try:
            raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            raise InvalidCursor("The cursor is malformed.") from None
        mac, body = raw[:_MAC_BYTES], raw[_MAC_BYTES:]
        if not hmac.compare_digest(mac, self._mac(body)):
            raise InvalidCursor("The cursor was not made by this service.")
        made_for, values = orjson.loads(body)
        if made_for != listing or len(values) != length:
            raise InvalidCursor("The cursor belongs to a listing with another filter or order.")
        return [_untagged(tag, value) for tag, value in values]

    def _mac(self, body: bytes) -> bytes:
        return hmac.new(self._key, body, hashlib.sha256).digest()[:_MAC_BYTES]


def _tagged(value: Any) -> tuple[str, Any]:
    match value:
        case datetime():
            return "t", value.astimezone(UTC).isoformat()
        case date():
            return "d", value.isoformat()
        case UUID():
            return "u", str(value)
        case Decimal():
            return "n", str(value)
        case None | bool() | int() | float() | str():
            return "", value
    raise TypeError(f"cannot page by a value of type {type(value).__name__}")


def _untagged(tag: str, value: Any) -> Any:
    match tag:
        case "t":
            return datetime.fromisoformat(value)
        case "d":
            return date.fromisoformat(value)
        case "u":
            return UUID(value)
        case "n":
            return Decimal(value)
    return value


def cursor_codec(settings: HubSettings) -> CursorCodec:
    """Return the codec of this installation's cursors, the same in each of its processes."""
    return CursorCodec(derive_secret(settings, "cursor").encode())
