"""Errors of this process, sent to ops_hub as Sentry envelopes without ever blocking or failing.

A logging handler puts what is logged as an error into a small queue; one daemon thread sends. When ops_hub is
away or asks for silence, reports are dropped and counted: the log line is there in any case.
"""

from __future__ import annotations

import json
import logging
import queue
import sys
import threading
import time
import traceback
import urllib.error
import urllib.request
from importlib.metadata import version
from typing import Any
from urllib.parse import urlsplit
from weakref import WeakSet

from shared.core.clock import utc_now
from shared.core.ids import new_id
from shared.logging import redact, request_id_var, trace_id_var
from shared.metrics import Reading
from shared.settings import HubSettings, derive, derive_secret

PROJECT_NAME = "openpolicy"
_PURPOSE = "error-reports"
_WAITING = 100
_TIMEOUT_S = 3.0
_SILENCE_S = 30.0
_MAX_FRAMES = 50


def platform_dsn(root: bytes, ops_url: str) -> str:
    """Return where a process reports that is not given the root secret itself."""
    scheme, _, host = ops_url.partition("://")
    return f"{scheme}://{derive(root, _PURPOSE)[:32]}@{host}/1"


def project_key(settings: HubSettings) -> str:
    """Return the public key of the platform's own project."""
    return derive_secret(settings, _PURPOSE)[:32]


def own_dsn(settings: HubSettings) -> str:
    """Return where this process reports: the given DSN, else ops_hub's project of the platform.

    Empty in production for a process that was given neither a DSN nor the root secret to derive the key from.
    """
    given = settings.error_dsn.get_secret_value()
    if given:
        return given
    if not settings.is_embedded and not settings.secret.get_secret_value():
        return ""
    scheme, _, host = settings.hubs.ops.partition("://")
    return f"{scheme}://{project_key(settings)}@{host}/1"


class ErrorReporter(logging.Handler):
    """Reports records of level ERROR and above; without a DSN it only counts what it drops."""

    def __init__(self, settings: HubSettings, process: str) -> None:
        super().__init__(logging.ERROR)
        dsn = own_dsn(settings)
        parts = urlsplit(dsn)
        self._has_place = bool(dsn)
        host = f"{parts.hostname}:{parts.port}" if parts.port else parts.hostname
        self._url = f"{parts.scheme}://{host}/api/{parts.path.strip('/')}/envelope/"
        self._auth = f"Sentry sentry_key={parts.username}, sentry_version=7, sentry_client=openpolicy/1"
        self._process = process
        self._environment = settings.environment
        self._queue: queue.Queue[dict[str, Any] | None] = queue.Queue(_WAITING)
        self._quiet_until = 0.0
        self._thread: threading.Thread | None = None
        self.sent = self.dropped = 0

    def emit(self, record: logging.LogRecord) -> None:
        """Queue a record; never waits, never raises."""
        try:
            if (
                not self._has_place
                or record.name.startswith(__name__)
                or time.monotonic() < self._quiet_until
            ):
                self.dropped += 1
                return
            if self._thread is None:
                # Started at the first error, so that a healthy process has no thread for it.
                self._thread = threading.Thread(target=self._run, name="error-reporter", daemon=True)
                self._thread.start()
            self._queue.put_nowait(self._event(record))
        except Exception:  # noqa: BLE001 - reporting an error must not make another
            self.dropped += 1

    def close(self) -> None:
        """Send what waits, for at most the time of one request."""
        if self._thread is not None:
            try:
                self._queue.put_nowait(None)
            except queue.Full:
                self.dropped += 1
            self._thread.join(_TIMEOUT_S + 0.5)
            self._thread = None
        super().close()

    def _event(self, record: logging.LogRecord) -> dict[str, Any]:
        fields = record.msg if isinstance(record.msg, dict) else {}
        message = str(fields.get("event") or record.getMessage())
        event: dict[str, Any] = {
            "event_id": new_id().hex,
            "timestamp": utc_now().isoformat(),
            "level": "fatal" if record.levelno >= logging.CRITICAL else "error",
            "logger": record.name,
            "platform": "python",
            "release": f"openpolicy@{version('openpolicy')}",
            "environment": self._environment,
            "server_name": self._process,
            "logentry": {"message": redact(message)},
            "tags": {"process": self._process, "request_id": request_id_var.get()},
            "contexts": {"trace": {"trace_id": trace_id_var.get()}},
        }
        error = fields.get("exc_info") or record.exc_info
        if isinstance(error, BaseException):
            error = (type(error), error, error.__traceback__)
        elif error is True:
            error = sys.exc_info()
        if isinstance(error, tuple) and error[1] is not None:
            event["exception"] = {"values": [_exception(error)]}
        return event

    def _run(self) -> None:
        while (event := self._queue.get()) is not None:
            if time.monotonic() < self._quiet_until:
                self.dropped += 1
                continue
            try:
                self._send(event)
                self.sent += 1
            except urllib.error.HTTPError as error:
                self.dropped += 1
                after = error.headers.get("Retry-After", "")
                self._quiet_until = time.monotonic() + (float(after) if after.isdigit() else _SILENCE_S)
            except (OSError, ValueError):
                self.dropped += 1
                self._quiet_until = time.monotonic() + _SILENCE_S

    def _send(self, event: dict[str, Any]) -> None:
        payload = json.dumps(event, default=str).encode()
        head = json.dumps({"event_id": event["event_id"]}).encode()
        item = json.dumps({"type": "event", "length": len(payload)}).encode()
        request = urllib.request.Request(  # noqa: S310 - the DSN is the operator's
            self._url,
            b"\n".join((head, item, payload)) + b"\n",
            {"X-Sentry-Auth": self._auth, "Content-Type": "application/x-sentry-envelope"},
        )
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=_TIMEOUT_S) as answer:
            answer.read()


def _exception(error: tuple[Any, ...]) -> dict[str, Any]:
    kind, value, trace = error
    frames = [
        {
            "filename": frame.filename.rpartition("site-packages/")[2],
            "function": frame.name,
            "lineno": frame.lineno,
            "context_line": redact(frame.line or ""),
            "in_app": "site-packages" not in frame.filename and "/lib/python" not in frame.filename,
        }
        for frame in traceback.extract_tb(trace)[-_MAX_FRAMES:]
    ]
    return {
        "type": kind.__name__,
        "module": kind.__module__,
        "value": redact(str(value))[:2_000],
        "stacktrace": {"frames": frames},
    }


REPORTERS: WeakSet[ErrorReporter] = WeakSet()
"""The reporters of this process, for its metrics."""


def report_readings() -> list[Reading]:
    """Return the metrics of this process's own error reports."""
    return [
        Reading(
            "error_reports_sent_total",
            "Errors of this process by whether ops_hub took them.",
            ("outcome",),
            lambda: [
                *((("sent",), float(reporter.sent)) for reporter in list(REPORTERS)),
                *((("dropped",), float(reporter.dropped)) for reporter in list(REPORTERS)),
            ],
        )
    ]


def report_errors(settings: HubSettings, process: str) -> ErrorReporter:
    """Send this process's errors to ops_hub from now on; close the handler at the end."""
    reporter = ErrorReporter(settings, process)
    logging.getLogger().addHandler(reporter)
    REPORTERS.add(reporter)
    return reporter
