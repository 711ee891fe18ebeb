"""Running one job in a child process: start it, pass commands on, end it when it must end."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

from services.scraper.settings import ScraperSettings
from shared.contracts.events.jobs import ScrapeRequestedV1

log = logging.getLogger(__name__)

EXIT_DONE = 0
EXIT_PAUSED = 75
"""The run stopped in the middle and can be resumed (sysexits: temporary failure)."""


class Child:
    """The process that runs one job; ``cancel``, ``pause`` may be called from any thread."""

    def __init__(self, request: ScrapeRequestedV1, settings: ScraperSettings) -> None:
        self.request = request
        self._grace_s = settings.scraper.stop_grace_s
        self._kill_at: float | None = None
        self._lock = threading.Lock()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "services.scraper.run"],
            stdin=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )
        self._write(request.encode().decode())

    @property
    def pid(self) -> int:
        """Return the process id."""
        return self._process.pid

    def cancel(self, reason: str) -> None:
        """Ask the job to end as cancelled; it is killed when it does not within the grace."""
        self._command({"command": "cancel", "reason": reason})

    def pause(self) -> None:
        """Ask the job to stop where it is, to be resumed later."""
        self._command({"command": "pause"})

    def _command(self, command: dict[str, str]) -> None:
        self._write(json.dumps(command))
        if self._kill_at is None:
            self._kill_at = time.monotonic() + self._grace_s

    def _write(self, line: str) -> None:
        stdin = self._process.stdin
        with self._lock, suppress(BrokenPipeError, ValueError):
            if stdin is not None:
                stdin.write(line + "\n")
                stdin.flush()

    def wait(self, timeout_s: float) -> int | None:
        """Return the exit code once the child ends, or None after ``timeout_s`` seconds.

        A child that was told to end and has not within the grace is killed.
        """
        try:
            return self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            if self._kill_at is not None and time.monotonic() > self._kill_at:
                self.kill()
            return None

    def memory_bytes(self) -> int:
        """Return the memory that is the child's own; 0 where the system does not tell."""
        try:
            lines = Path(f"/proc/{self.pid}/status").read_text(encoding="ascii").splitlines()
        except OSError:
            return 0
        own = next((line for line in lines if line.startswith("RssAnon:")), "RssAnon: 0 kB")
        return int(own.split()[1]) * 1024

    def kill(self) -> None:
        """End the process now."""
        with suppress(ProcessLookupError):
            self._process.kill()

    def close(self) -> None:
        """Make sure that nothing of the child is left."""
        if self._process.poll() is None:
            self.kill()
            self._process.wait()
        if self._process.stdin is not None:
            with suppress(BrokenPipeError, ValueError):
                self._process.stdin.close()
