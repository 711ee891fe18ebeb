"""Reading what Sentry-compatible clients send: encodings, envelopes, the key.

Format: develop.sentry.dev, "Envelopes": a JSON header line, then items, each a JSON header line and a payload
of ``length`` bytes or, without a length, up to the next line break. Limits come before parsing.
"""

from __future__ import annotations

import json
import sys
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from hubs.ops_hub.error_reporting.errors import BadEnvelope, ReportTooLarge, WrongKey
from shared.http.json import loads

MAX_EXPANDED_BYTES = 20 * 2**20
MAX_EVENT_BYTES = 2**20
MAX_ITEMS = 200
MAX_TAGS_BYTES = 32 * 1024
_CHUNK = 64 * 1024


@dataclass(frozen=True)
class Item:
    """One item of an envelope."""

    type: str
    headers: dict[str, Any]
    payload: bytes


def expand(body: bytes, encoding: str) -> bytes:
    """Return the body without its content encodings; the limit holds while expanding.

    Raises: ReportTooLarge, BadEnvelope.
    """
    for name in reversed([part.strip().lower() for part in encoding.split(",") if part.strip()]):
        if name == "identity":
            continue
        try:
            body = b"".join(_limited(_expanders(name, body)))
        except (zlib.error, EOFError, ValueError, OSError) as error:
            raise BadEnvelope(f"the body is not valid {name}") from error
        except Exception as error:
            # brotli and zstd raise classes of their own; each means the same.
            if type(error).__module__.partition(".")[0] in {"brotli", "backports", "compression"}:
                raise BadEnvelope(f"the body is not valid {name}") from error
            raise
    return body


def _limited(chunks: Iterator[bytes]) -> Iterator[bytes]:
    size = 0
    for chunk in chunks:
        size += len(chunk)
        if size > MAX_EXPANDED_BYTES:
            raise ReportTooLarge(f"expands to more than {MAX_EXPANDED_BYTES} bytes")
        yield chunk


def _expanders(name: str, body: bytes) -> Iterator[bytes]:
    if name in ("gzip", "x-gzip"):
        return _inflate(body, 16 + zlib.MAX_WBITS)
    if name == "deflate":
        # Some clients send raw deflate, others wrap it as the standard says.
        wrapped = len(body) >= 2 and (body[0] & 0x0F) == 8 and int.from_bytes(body[:2], "big") % 31 == 0
        return _inflate(body, zlib.MAX_WBITS if wrapped else -zlib.MAX_WBITS)
    if name == "br":
        return _brotli(body)
    if name == "zstd":
        return _zstd(body)
    raise BadEnvelope(f"content encoding {name[:40]!r} is not read here")


def _inflate(body: bytes, window: int) -> Iterator[bytes]:
    reader = zlib.decompressobj(window)
    rest = body
    while rest and not reader.eof:
        yield reader.decompress(rest, _CHUNK)
        rest = reader.unconsumed_tail
    if not reader.eof:
        raise EOFError("truncated")


def _brotli(body: bytes) -> Iterator[bytes]:
    import brotli

    reader = brotli.Decompressor()
    yield reader.process(body, output_buffer_limit=_CHUNK)
    while not reader.can_accept_more_data():
        yield reader.process(b"", output_buffer_limit=_CHUNK)
    if not reader.is_finished():
        raise EOFError("truncated")


def _zstd(body: bytes) -> Iterator[bytes]:
    if sys.version_info >= (3, 14):
        from compression import zstd
    else:
        from backports import zstd

    reader = zstd.ZstdDecompressor()
    yield reader.decompress(body, max_length=_CHUNK)
    while not reader.eof and not reader.needs_input:
        yield reader.decompress(b"", max_length=_CHUNK)
    if not reader.eof:
        raise EOFError("truncated")


def read_envelope(body: bytes) -> tuple[dict[str, Any], list[Item]]:
    """Return the header and the items.

    Raises: BadEnvelope when the bytes do not keep the format.
    """
    head, _, rest = body.partition(b"\n")
    headers = _object(head, "the envelope header")
    items: list[Item] = []
    while rest.strip(b"\r\n"):
        rest = rest.lstrip(b"\r\n")
        line, _, rest = rest.partition(b"\n")
        item = _object(line, "an item header")
        length = item.get("length")
        if length is None:
            payload, _, rest = rest.partition(b"\n")
        elif isinstance(length, int) and 0 <= length <= len(rest):
            payload, rest = rest[:length], rest[length:]
            if rest and not rest.startswith((b"\n", b"\r\n")):
                raise BadEnvelope("an item is longer than its length says")
        else:
            raise BadEnvelope("an item is shorter than its length says")
        items.append(Item(str(item.get("type", "")), item, payload))
        if len(items) > MAX_ITEMS:
            raise BadEnvelope(f"more than {MAX_ITEMS} items")
    return headers, items


def _object(data: bytes, what: str) -> dict[str, Any]:
    try:
        found = loads(data)
    except ValueError as error:
        raise BadEnvelope(f"{what} is not JSON") from error
    if not isinstance(found, dict):
        raise BadEnvelope(f"{what} is not an object")
    return found


def read_event(payload: bytes) -> dict[str, Any]:
    """Return an event's object.

    Raises: ReportTooLarge, BadEnvelope.
    """
    if len(payload) > MAX_EVENT_BYTES:
        raise ReportTooLarge(f"an event may have {MAX_EVENT_BYTES} bytes")
    event = _event(payload)
    # Tags are looked up by: texts of that size are no tags.
    if len(str(event.get("tags") or "")) > MAX_TAGS_BYTES:
        raise ReportTooLarge(f"the tags of an event may have {MAX_TAGS_BYTES} bytes")
    return event


def _event(payload: bytes) -> dict[str, Any]:
    try:
        return _object(payload, "the event")
    except BadEnvelope:
        # Lone surrogates are not JSON to a strict reader, and yet JavaScript clients send them.
        if b"\\ud" not in payload.lower():
            raise
    try:
        found = json.loads(payload.decode())
    except (ValueError, RecursionError) as error:
        raise BadEnvelope("the event is not JSON") from error
    if not isinstance(found, dict):
        raise BadEnvelope("the event is not an object")
    return found


def sent_key(headers: Mapping[str, str], query: Mapping[str, str], envelope: Mapping[str, Any]) -> str:
    """Return the public key, from wherever this client puts it.

    Raises: WrongKey when there is none.
    """
    auth = headers.get("x-sentry-auth") or headers.get("authorization", "")
    scheme, _, rest = auth.partition(" ")
    if scheme.lower() == "sentry":
        for part in rest.split(","):
            name, _, value = part.strip().partition("=")
            if name == "sentry_key" and value:
                return value
    if key := query.get("sentry_key"):
        return key
    dsn = envelope.get("dsn")
    if isinstance(dsn, str) and (key := urlsplit(dsn).username):
        return key
    raise WrongKey("no sentry_key in X-Sentry-Auth, the query or the envelope's dsn")
