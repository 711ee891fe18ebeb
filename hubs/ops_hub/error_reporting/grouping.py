"""Which events are one problem, and what may be kept of an event."""

from __future__ import annotations

import hashlib
import re
from typing import Any

from shared.logging import redact

_DEFAULT = "{{ default }}"
_NUMBERS = re.compile(r"\b(0x[0-9a-f]+|[0-9a-f]{8}-[0-9a-f-]{27}|[0-9a-f]{16,}|\d+)\b", re.IGNORECASE)
_SENSITIVE = re.compile(
    r"(password|passwd|pwd|secret|token|authorization|api[_-]?key|cookie|session|credit|card|cvv|\bsin\b|private"
    r"|ip_address|remote_addr|forwarded|real[_-]ip)",
    re.IGNORECASE,
)
# RFC 5321 allows 64 characters; unbounded, a long word would be read once per character.
_EMAIL = re.compile(r"[\w.+-]{1,64}@[\w-]+\.[\w.-]+")
_QUERY_SECRET = re.compile(r"((?:^|[?&;\s])[\w-]*(?:token|secret|password|key|code)=)[^&;\s]+", re.IGNORECASE)
_DIGITS = re.compile(r"(?<![\d.])\d(?:[ -]?\d){8,18}(?![\d.])")
_CARD_LENGTHS = {9, 13, 14, 15, 16, 19}
"""A social insurance number has nine digits, cards have the others; both end in a check digit (Luhn)."""
_MAX_DEPTH = 12
_MAX_LIST = 250
_MAX_TEXT = 8_192
_HIDDEN = "[scrubbed]"


def fingerprint(event: dict[str, Any]) -> str:
    """Return the hash of what makes an event the same problem as another."""
    given = event.get("fingerprint")
    parts: list[str] = []
    if isinstance(given, list) and given:
        for part in given[:20]:
            parts += _default_parts(event) if str(part).replace(" ", "") == "{{default}}" else [str(part)]
    else:
        parts = _default_parts(event)
    return hashlib.sha256("\x1f".join(parts).encode("utf-8", "replace")).hexdigest()


def _default_parts(event: dict[str, Any]) -> list[str]:
    exceptions = _exceptions(event)
    if exceptions:
        parts = ["exception"]
        for exception in exceptions:
            parts.append(str(exception.get("type", "")))
            frames = _frames(exception)
            own = [frame for frame in frames if frame.get("in_app")] or frames
            parts += [
                f"{frame.get('module') or frame.get('filename', '')}:{frame.get('function', '')}"
                for frame in own
            ]
            # A message with a stack comes as an exception without a type: its words are what tells it apart.
            if not frames or not exception.get("type"):
                parts.append(_NUMBERS.sub("#", str(exception.get("value", "")))[:500])
        return parts
    return ["message", _NUMBERS.sub("#", message_template(event))[:1_000]]


def _exceptions(event: dict[str, Any]) -> list[dict[str, Any]]:
    found = event.get("exception")
    values = found.get("values") if isinstance(found, dict) else found
    return [v for v in values if isinstance(v, dict)] if isinstance(values, list) else []


def _frames(exception: dict[str, Any]) -> list[dict[str, Any]]:
    trace = exception.get("stacktrace")
    frames = trace.get("frames") if isinstance(trace, dict) else None
    return [f for f in frames if isinstance(f, dict)][-50:] if isinstance(frames, list) else []


def message_template(event: dict[str, Any]) -> str:
    """Return the message before its parameters were filled in."""
    for source in (event.get("logentry"), event.get("message")):
        if isinstance(source, dict):
            text = source.get("message") or source.get("formatted")
            if isinstance(text, str):
                return text
        if isinstance(source, str):
            return source
    return ""


def title(event: dict[str, Any]) -> str:
    """Return one line that names the problem."""
    exceptions = _exceptions(event)
    if exceptions:
        last = exceptions[-1]
        text = f"{last.get('type') or ''}: {last.get('value') or ''}".strip(": ") or message_template(event)
    else:
        text = message_template(event) or "(no message)"
    return _cover(text.splitlines()[0] if text else "(no message)")[:300]


def culprit(event: dict[str, Any]) -> str:
    """Return where it happened: the innermost frame of our own, or the transaction."""
    for exception in reversed(_exceptions(event)):
        frames = _frames(exception)
        for frame in [f for f in reversed(frames) if f.get("in_app")] or frames[-1:]:
            place = f"{frame.get('module') or frame.get('filename', '')} in {frame.get('function', '?')}"
            return f"{place}:{frame['lineno']}" if "lineno" in frame else place
    return str(event.get("transaction") or event.get("logger") or "")[:300]


def scrub(value: Any, depth: int = 0) -> Any:
    """Return a copy without secrets and addresses, cut to bounded depth, length and size."""
    if depth > _MAX_DEPTH:
        return "[deeper]"
    if isinstance(value, dict):
        return {
            _text(str(key))[:200]: _HIDDEN if _SENSITIVE.search(str(key)) and item else scrub(item, depth + 1)
            for key, item in list(value.items())[:_MAX_LIST]
        }
    if isinstance(value, list):
        return [scrub(item, depth + 1) for item in value[:_MAX_LIST]]
    if isinstance(value, str):
        return _cover(_text(value))[:_MAX_TEXT]
    return value


def _cover(value: str) -> str:
    """Return a text without addresses, secrets of links, and numbers of cards and of people."""
    value = value[: 4 * _MAX_TEXT]
    value = _QUERY_SECRET.sub(rf"\1{_HIDDEN}", _EMAIL.sub(_HIDDEN, redact(value)))
    return _DIGITS.sub(lambda match: _HIDDEN if _is_number_of_someone(match[0]) else match[0], value)


def _is_number_of_someone(text: str) -> bool:
    digits = [int(char) for char in text if char.isdigit()]
    if len(digits) not in _CARD_LENGTHS or len(set(digits)) == 1:
        return False
    doubled = [2 * digit - 9 * (digit > 4) for digit in digits[-2::-2]]
    return (sum(doubled) + sum(digits[::-2])) % 10 == 0


def _text(value: str) -> str:
    # PostgreSQL stores neither NUL nor lone surrogates.
    return value.replace("\x00", "").encode("utf-8", "replace").decode("utf-8")


def tags(event: dict[str, Any]) -> dict[str, str]:
    """Return the tags as short texts, whichever of the two shapes they came in."""
    found = event.get("tags") or {}
    pairs = (
        found.items()
        if isinstance(found, dict)
        else [p for p in found if isinstance(p, list) and len(p) == 2]
    )
    return {_text(str(k))[:200]: str(scrub(_text(str(v))))[:200] for k, v in list(pairs)[:50]}
