"""Processes under test: started with their own output file, waited for, killed, and always cleaned up."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

DEFAULT_TIMEOUT_SECONDS = 60.0
_PAUSE_SECONDS = 0.05


class ProcessFailed(RuntimeError):
    """A process ended, or did not become ready in time; carries the end of its output."""


def wait_until(
    condition: Callable[[], object], *, timeout: float = DEFAULT_TIMEOUT_SECONDS, what: str = "condition"
) -> None:
    """Wait until the condition holds, asking again every 50 ms.

    Raises: TimeoutError after `timeout` seconds.
    """
    deadline = time.monotonic() + timeout
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what} did not come within {timeout:g} s")
        time.sleep(_PAUSE_SECONDS)


class Process:
    """One child process in a session of its own, its output in a file."""

    def __init__(
        self,
        command: Sequence[str | Path],
        *,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        name: str = "",
    ) -> None:
        """`env` is added to our own environment; an empty value removes nothing, it sets an empty one."""
        self.name = name or Path(command[0]).name
        self._log = tempfile.NamedTemporaryFile("w+b", prefix=f"{self.name}-", suffix=".log", delete=False)  # noqa: SIM115
        self.popen = subprocess.Popen(
            [str(word) for word in command],
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=subprocess.STDOUT,
            env={**os.environ, **(env or {})},
            cwd=cwd,
            start_new_session=True,
        )

    @property
    def pid(self) -> int:
        """Return the process id."""
        return self.popen.pid

    @property
    def is_running(self) -> bool:
        """Tell whether the process has not ended."""
        return self.popen.poll() is None

    def output(self) -> str:
        """Return what the process has written so far."""
        return Path(self._log.name).read_text(errors="replace") if not self._log.closed else ""

    def wait_for_output(self, text: str, *, timeout: float = DEFAULT_TIMEOUT_SECONDS) -> "Process":
        """Wait until the process has written a text. Raises: ProcessFailed."""
        return self._wait(lambda: text in self.output(), f"output {text!r}", timeout)

    def wait_for_http(self, url: str, *, timeout: float = DEFAULT_TIMEOUT_SECONDS) -> "Process":
        """Wait until a GET of the URL answers 2xx. Raises: ProcessFailed."""
        return self._wait(lambda: answers(url), url, timeout)

    def wait(self, *, timeout: float = DEFAULT_TIMEOUT_SECONDS) -> int:
        """Wait for the end and return the exit status. Raises: ProcessFailed after `timeout` seconds."""
        try:
            return self.popen.wait(timeout)
        except subprocess.TimeoutExpired:
            raise ProcessFailed(f"{self.name} does not end:\n{self._end_of_output()}") from None

    def kill(self) -> None:
        """Kill with SIGKILL, this process alone, and reap it."""
        self.popen.kill()
        self.popen.wait()

    def terminate(self, *, timeout: float = DEFAULT_TIMEOUT_SECONDS) -> int:
        """Ask to end with SIGTERM and return the exit status. Raises: ProcessFailed when it does not."""
        self.popen.terminate()
        return self.wait(timeout=timeout)

    def close(self) -> None:
        """End whatever is left of the process and its children, and remove its output. Idempotent."""
        try:
            # The session is ours alone, so its group holds only what this process started.
            os.killpg(self.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            pass
        self.popen.wait()
        if not self._log.closed:
            self._log.close()
            Path(self._log.name).unlink(missing_ok=True)

    def _wait(self, condition: Callable[[], bool], what: str, timeout: float) -> "Process":
        deadline = time.monotonic() + timeout
        while not condition():
            if not self.is_running:
                raise ProcessFailed(
                    f"{self.name} ended with {self.popen.returncode}:\n{self._end_of_output()}"
                )
            if time.monotonic() > deadline:
                raise ProcessFailed(f"{self.name}: no {what} within {timeout:g} s:\n{self._end_of_output()}")
            time.sleep(_PAUSE_SECONDS)
        return self

    def _end_of_output(self) -> str:
        return self.output()[-4000:]


class Processes:
    """The processes of one test; leaving the block ends them, the last one first."""

    def __init__(self) -> None:
        self._started: list[Process] = []

    def run(
        self,
        *command: str | Path,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        name: str = "",
    ) -> Process:
        """Start a command."""
        process = Process(command, env=env, cwd=cwd, name=name)
        self._started.append(process)
        return process

    def python(
        self,
        *arguments: str | Path,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        name: str = "",
    ) -> Process:
        """Start this Python with arguments, such as `-m` and a module; its output is unbuffered."""
        settings = {"PYTHONUNBUFFERED": "1", **(env or {})}
        return self.run(sys.executable, *arguments, env=settings, cwd=cwd, name=name or "python")

    def close(self) -> None:
        """End all of them."""
        while self._started:
            self._started.pop().close()

    def __enter__(self) -> "Processes":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def answers(url: str) -> bool:
    """Tell whether a GET of the URL answers 2xx right now."""
    import httpx

    try:
        # A proxy of the environment is not for the loopback interface.
        return httpx.get(url, timeout=5, trust_env=False).is_success
    except httpx.HTTPError:
        return False
