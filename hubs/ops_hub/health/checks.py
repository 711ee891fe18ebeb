"""How each kind of target is asked."""

from __future__ import annotations

import contextlib
import shutil
import socket
import ssl
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import httpx

from hubs.ops_hub.health.targets import Check, Degraded, Failed
from shared.core.clock import utc_now
from shared.core.errors import NotFound
from shared.messaging.bus import EventBus

_LATE = timedelta(minutes=5)
_JOBS_SEEN = 200
_NAMED = 5
_ENDED = ("succeeded", "failed", "quarantined", "timed_out")
_READY_NAMES = {"database": "postgresql"}


def http_check(client: httpx.Client, url: str, timeout_s: float) -> Check:
    """Return a check that wants 200; the reason and the missing parts are what the problem says."""

    def check() -> None:
        answer = client.get(url, timeout=timeout_s)
        if answer.status_code == 200:
            return
        problem = _problem(answer)
        failing = problem.get("failing")
        names = failing if isinstance(failing, dict) else {}
        blames = frozenset(_READY_NAMES.get(str(name), str(name)) for name in names)
        raise Failed(str(problem.get("detail") or f"answered {answer.status_code}"), blames)

    return check


def _problem(answer: httpx.Response) -> dict[str, Any]:
    with contextlib.suppress(ValueError):
        found = answer.json()
        if isinstance(found, dict):
            return found
    return {}


def broker_check(bus: EventBus) -> Check:
    """Return a check that asks the broker for the depth of a queue."""

    def check() -> None:
        # A queue that nobody has declared yet is an answer too.
        with contextlib.suppress(NotFound):
            bus.depth("business.etl")

    return check


def redis_check(url: str, timeout_s: float) -> Check:
    """Return a check that says PING over a connection of its own (RESP, redis.io: protocol-spec)."""
    parts = urlsplit(url)
    address = (parts.hostname or "localhost", parts.port or 6379)
    words = [unquote(word) for word in (parts.username, parts.password) if word]
    hello = _command("AUTH", *words) if parts.password else b""

    def check() -> None:
        with socket.create_connection(address, timeout_s) as connection:
            if parts.scheme == "rediss":
                context = ssl.create_default_context()
                connection = context.wrap_socket(connection, server_hostname=address[0])
            connection.sendall(hello + _command("PING"))
            answer = b""
            while answer.count(b"\r\n") < (2 if hello else 1):
                received = connection.recv(512)
                if not received:
                    raise Failed("closed the connection")
                answer += received
                if answer.startswith(b"-"):
                    break
        if not answer.endswith(b"+PONG\r\n"):
            raise Failed(answer.decode(errors="replace").strip()[:200])

    return check


def _command(*words: str) -> bytes:
    encoded = [word.encode() for word in words]
    return b"*%d\r\n" % len(encoded) + b"".join(b"$%d\r\n%s\r\n" % (len(w), w) for w in encoded)


def disk_check(folder: Path, limit_percent: float) -> Check:
    """Return a check of the disk that holds ``folder``."""

    def check() -> None:
        usage = shutil.disk_usage(folder)
        percent = 100 * (usage.total - usage.free) / usage.total
        if percent >= 99:
            raise Failed(f"the disk is full to {percent:.1f} %")
        if percent >= limit_percent:
            raise Degraded(f"the disk is full to {percent:.0f} %, {usage.free // 2**20} MiB are free")

    return check


def backup_check(newest: Callable[[], datetime | None], max_age: timedelta) -> Check:
    """Return a check of the age of the newest backup."""

    def check() -> None:
        at = newest()
        if at is None:
            raise Failed("there is no backup")
        if (age := utc_now() - at) > max_age:
            raise Failed(f"the newest backup is {age.total_seconds() / 3600:.0f} hours old")

    return check


def newest_file(folder: Path) -> datetime | None:
    """Return when the newest file in a folder was written, None for an empty or missing one."""
    times = [path.stat().st_mtime for path in folder.rglob("*") if path.is_file()]
    return datetime.fromtimestamp(max(times), UTC) if times else None


def certificate_check(servers: list[str], days: int, timeout_s: float) -> Check:
    """Return a check of when the certificates of TLS servers end; one that does not verify has failed."""

    def check() -> None:
        ending = []
        for server in servers:
            host, _, port = server.partition(":")
            left = _end_of_certificate(host, int(port or 443), timeout_s) - utc_now()
            if left < timedelta(days=days):
                ending.append(f"{server} in {max(0, left.days)} days")
        if ending:
            raise Degraded(f"certificates end: {', '.join(ending)}")

    return check


def _end_of_certificate(host: str, port: int, timeout_s: float) -> datetime:
    context = ssl.create_default_context()
    try:
        with (
            socket.create_connection((host, port), timeout_s) as raw,
            context.wrap_socket(raw, server_hostname=host) as secured,
        ):
            found = secured.getpeercert() or {}
    except ssl.SSLCertVerificationError as error:
        raise Failed(f"the certificate of {host} is not valid: {error.verify_message}") from error
    return datetime.fromtimestamp(ssl.cert_time_to_seconds(str(found["notAfter"])), UTC)


Ask = Callable[[str, dict[str, Any]], list[dict[str, Any]]]
"""Returns the rows that business_hub has at a path. Raises: NotKnown when it cannot be asked."""


def schedules_check(ask: Ask) -> Check:
    """Return a check that no schedule is late: its next run must not lie in the past."""

    def check() -> None:
        limit = (utc_now() - _LATE).isoformat()
        late = [
            str(row["name"])
            for row in ask("/api/v1/schedules", {})
            if not row["is_paused"] and row.get("next_run_at") and _utc(row["next_run_at"]) < limit
        ]
        if late:
            raise Degraded(f"late: {_some(late)}")

    return check


def _utc(text: Any) -> str:
    return datetime.fromisoformat(str(text)).astimezone(UTC).isoformat()


def sources_check(ask: Ask) -> Check:
    """Return a check of the last finished run of each source; no upstream is asked for it."""

    def check() -> None:
        last: dict[str, str] = {}
        for row in ask("/api/v1/jobs", {"limit": _JOBS_SEEN}):
            if row["state"] in _ENDED:
                last.setdefault(str(row["source_id"]), str(row["state"]))
        bad = sorted(source for source, state in last.items() if state != "succeeded")
        if bad:
            raise Degraded(f"{len(bad)} of {len(last)} sources failed at their last run: {_some(bad)}")

    return check


def _some(names: list[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more
