"""Signs of life of a worker: a heartbeat file, and a port for those who watch it."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

from prometheus_client import CollectorRegistry

from shared.core.clock import utc_now
from shared.messaging.measures import consumer_readings
from shared.metrics import Reading, Value, watch_process
from shared.probe import ProbeServer
from shared.reporting import report_readings

State = Callable[[], dict[str, Any]]


class Heartbeat:
    """Writes what the worker does to ``<work>/workers/<host>-<pid>.json``; removes it at the end."""

    def __init__(self, folder: Path, state: State) -> None:
        self._path = folder / "workers" / f"{socket.gethostname()}-{os.getpid()}.json"
        self._state = state

    def beat(self) -> None:
        """Write the file anew."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        aside = self._path.with_suffix(".new")
        content = {"pid": os.getpid(), "at": utc_now().isoformat(), **self._state()}
        aside.write_text(json.dumps(content), encoding="utf-8")
        aside.replace(self._path)

    def end(self) -> None:
        """Remove the file."""
        self._path.unlink(missing_ok=True)


def readings(state: State) -> list[Reading]:
    """Return the worker's numbers as metrics."""

    def of(key: str) -> Callable[[], list[Value]]:
        return lambda: [((), float(state()[key]))]

    return [
        Reading(name, about, (), of(key))
        for name, about, key in (
            ("openpolicy_scraper_jobs_handled", "Jobs seen through since the start.", "handled"),
            ("openpolicy_scraper_child_deaths", "Child processes that died since the start.", "deaths"),
            ("openpolicy_scraper_busy", "1 while a job runs.", "is_busy"),
            ("openpolicy_scraper_connected", "1 while the worker consumes the queue.", "is_connected"),
        )
    ]


def open_probe(host: str, port: int, state: State) -> ProbeServer:
    """Serve /livez, /readyz and /metrics; the worker is ready while it consumes its queue."""
    registry = CollectorRegistry()
    watch_process(registry, *readings(state), *consumer_readings(), *report_readings())

    def failing() -> dict[str, str]:
        return {} if state()["is_connected"] else {"broker": "the queue of jobs is not consumed"}

    return ProbeServer(host, port, registry, failing)
