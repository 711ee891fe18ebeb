"""A supervisor of forked processes: starts them, restarts the dead with a growing pause, ends them in order.

The parent runs no threads, so it may fork at any moment; children share its warmed pages until they write.
"""

from __future__ import annotations

import ctypes
import gc
import os
import signal
import sys
import time
import traceback
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from services.cli.components import Component

_PR_SET_PDEATHSIG = 1
_PR_SET_NAME = 15
_MAX_PAUSE_S = 10.0
_STEADY_S = 20.0
_LOG_KEPT_BYTES = 5_000_000
_FAILURES_BEFORE_GIVING_UP = 8


@dataclass
class _Child:
    component: Component
    pid: int = 0
    started_at: float = 0.0
    failures: int = 0
    restarts: int = 0
    next_start: float = field(default=0.0)


class Supervisor:
    """Keep a set of components running; ``run_dir`` holds one pid file each, ``log_dir`` one log each."""

    def __init__(self, components: list[Component], run_dir: Path, log_dir: Path) -> None:
        self._children = {c.name: _Child(c) for c in components}
        self._run_dir, self._log_dir = run_dir, log_dir
        run_dir.mkdir(parents=True, exist_ok=True)
        log_dir.mkdir(parents=True, exist_ok=True)
        self._parent = os.getpid()

    def start_all(self) -> None:
        """Fork every component."""
        gc.collect()
        # Frozen objects are left alone by the collector, so that children do not copy their pages.
        gc.freeze()
        for child in self._children.values():
            self._fork(child)

    def tend(self) -> list[str]:
        """Reap the dead and start them anew when their pause is over; return what happened, in words."""
        news = []
        now = time.monotonic()
        for name, child in self._children.items():
            if child.pid and (status := _reap(child.pid)) is not None:
                child.pid = 0
                steady = now - child.started_at > _STEADY_S
                child.failures = 1 if steady else child.failures + 1
                pause = 0.1 if child.failures == 1 else min(_MAX_PAUSE_S, 0.25 * 2**child.failures)
                child.next_start = now + pause
                news.append(f"{name} ended ({_how(status)}); starting it again")
            if not child.pid and now >= child.next_start:
                child.restarts += 1
                self._fork(child)
        return news

    def given_up(self) -> str:
        """Return the name of a component that keeps dying at once, or nothing."""
        for name, child in self._children.items():
            if child.failures >= _FAILURES_BEFORE_GIVING_UP:
                return name
        return ""

    def log_tail(self, name: str, lines: int = 12) -> str:
        """Return the end of a component's log."""
        with suppress(OSError):
            return "\n".join((self._log_dir / f"{name}.log").read_text().splitlines()[-lines:])
        return ""

    def pids(self) -> dict[str, int]:
        """Return the process id of each running component."""
        return {name: child.pid for name, child in self._children.items() if child.pid}

    def stop_all(self, grace_s: float = 15.0) -> None:
        """End all, last started first; kill what does not end within the grace."""
        for name in reversed(self._children):
            child = self._children[name]
            if child.pid:
                with suppress(ProcessLookupError):
                    os.kill(child.pid, signal.SIGTERM)
                if name == "scraper":
                    # Let a running crawl hand over before what it publishes to goes away.
                    self._wait([child], grace_s)
        self._wait(list(self._children.values()), grace_s)
        for child in self._children.values():
            if child.pid:
                with suppress(ProcessLookupError):
                    os.kill(child.pid, signal.SIGKILL)
                with suppress(ChildProcessError):
                    os.waitpid(child.pid, 0)
            (self._run_dir / f"{child.component.name}.pid").unlink(missing_ok=True)

    def _wait(self, children: list[_Child], grace_s: float) -> None:
        deadline = time.monotonic() + grace_s
        while time.monotonic() < deadline:
            for child in children:
                if child.pid and _reap(child.pid) is not None:
                    child.pid = 0
            if not any(child.pid for child in children):
                return
            time.sleep(0.05)

    def _fork(self, child: _Child) -> None:
        log_path = self._log_dir / f"{child.component.name}.log"
        if log_path.exists() and log_path.stat().st_size > _LOG_KEPT_BYTES:
            log_path.replace(log_path.with_suffix(".log.1"))
        sys.stdout.flush()
        sys.stderr.flush()
        pid = os.fork()
        if pid == 0:
            self._become(child.component, log_path)
        child.pid, child.started_at = pid, time.monotonic()
        (self._run_dir / f"{child.component.name}.pid").write_text(str(pid))

    def _become(self, component: Component, log_path: Path) -> None:
        # From here on this is the child; it must never return into the parent's code.
        code = 1
        try:
            os.setpgid(0, 0)  # Ctrl-C reaches the supervisor alone, which ends children in order
            for number in (signal.SIGINT, signal.SIGTERM):
                signal.signal(number, signal.SIG_DFL)
            _prctl(component.name, self._parent)
            descriptor = os.open(log_path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o640)
            null = os.open(os.devnull, os.O_RDONLY)
            os.dup2(null, 0)
            os.dup2(descriptor, 1)
            os.dup2(descriptor, 2)
            component.run()
            code = 0
        except SystemExit as stop:
            code = stop.code if isinstance(stop.code, int) else 1
        except BaseException:  # noqa: BLE001 - the last place that can say why the process ends
            traceback.print_exc()
        finally:
            with suppress(OSError, ValueError):
                sys.stdout.flush()
                sys.stderr.flush()
            os._exit(code)


def _prctl(name: str, parent: int) -> None:
    if not sys.platform.startswith("linux"):
        return
    libc = ctypes.CDLL(None, use_errno=True)
    # A supervisor that is killed takes its children along instead of leaving them behind.
    libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    libc.prctl(_PR_SET_NAME, f"op-{name}".encode()[:15])
    if os.getppid() != parent:
        os._exit(1)


def _reap(pid: int) -> int | None:
    try:
        done, status = os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        return 0
    return status if done else None


def _how(status: int) -> str:
    if os.WIFSIGNALED(status):
        return f"signal {signal.Signals(os.WTERMSIG(status)).name}"
    return f"exit {os.waitstatus_to_exitcode(status)}"
