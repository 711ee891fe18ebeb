"""Structured logs: one JSON line per event with hub, module and request id; secrets redacted."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import MutableMapping
from contextvars import ContextVar
from typing import Any, Literal

import structlog

request_id_var: ContextVar[str] = ContextVar("request_id", default="")
"""Id of the request, message or job that this code runs for; joined to every log line."""
trace_id_var: ContextVar[str] = ContextVar("trace_id", default="")
"""W3C trace id of the same."""

_SECRET_KEYS = re.compile(
    r"(password|passwd|secret|token|authorization|api[_-]?key|cookie|dsn|private)", re.IGNORECASE
)
# Bounded, since it may begin at any character: a long word would else be read once for each of them.
_SECRET_VALUES = re.compile(
    r"(?P<scheme>[a-z][a-z0-9+.-]{0,30}://[^:/@\s]+:)[^@/\s]+@|(?P<bearer>bearer\s+)[\w.~+/=-]+"
    r"|(?P<query>[?&](?:[\w-]*token|code|api_?key|secret|password|signature)=)[^&\s\"'#]+",
    re.IGNORECASE,
)
_REDACTED = "[redacted]"


def redact(value: str) -> str:
    """Return ``value`` without passwords and tokens in URLs, and without bearer tokens."""

    def cover(match: re.Match[str]) -> str:
        if match["scheme"]:
            return f"{match['scheme']}{_REDACTED}@"
        return f"{match['bearer'] or match['query']}{_REDACTED}"

    return _SECRET_VALUES.sub(cover, value)


def _redact(_logger: Any, _name: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for key, value in event.items():
        if _SECRET_KEYS.search(key) and value:
            event[key] = _REDACTED
        elif isinstance(value, str):
            event[key] = redact(value)
    return event


def _add_context(_logger: Any, _name: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    if request_id := request_id_var.get():
        event.setdefault("request_id", request_id)
    if trace_id := trace_id_var.get():
        event.setdefault("trace_id", trace_id)
    return event


def configure_logging(
    process: str,
    level: str = "INFO",
    log_format: Literal["json", "console"] = "json",
) -> None:
    """Send all logs of this process, the standard library's included, to stderr."""
    chain: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
        _add_context,
        structlog.processors.format_exc_info,
        _redact,
    ]
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer()
        if log_format == "json"
        else structlog.dev.ConsoleRenderer(colors=False)
    )
    structlog.configure(
        processors=[*chain[:3], *chain[4:6], structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=chain,
            processors=[
                _name_process(process),
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                _redact,
                renderer,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    # The server's own handlers write request lines as they are, secrets of links included. One without any
    # was told to be silent, and stays so.
    for server in map(logging.getLogger, ("uvicorn", "uvicorn.error", "uvicorn.access")):
        if server.handlers:
            server.handlers.clear()
            server.propagate = True
    set_log_level(level)


def set_log_level(level: str) -> None:
    """Log from this level on; chatty libraries from WARNING on at the least."""
    root = logging.getLogger()
    root.setLevel(level)
    for noisy in ("httpx", "httpx2", "httpcore", "pika", "urllib3", "alembic"):
        logging.getLogger(noisy).setLevel(max(logging.WARNING, root.level))


def _name_process(process: str) -> structlog.typing.Processor:
    def add(_logger: Any, _name: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        event["process"] = process
        return event

    return add


def get_logger(name: str) -> Any:
    """Return a structured logger; keyword arguments of its methods become fields."""
    return structlog.stdlib.get_logger(name)
