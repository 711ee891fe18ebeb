"""What this machine has to give, and the processes of this installation on it.

Source: Linux ``Documentation/filesystems/proc.rst`` (meminfo, stat).
"""

from __future__ import annotations

import os
from pathlib import Path

from shared.core.memory import CGROUP, PROC, cgroup_bytes

_MIB = 2**20
_TICKS_APART = 100
"""Hundredths of a second between two readings of the processors."""


def total_memory_mib(proc: Path = PROC, cgroup: Path = CGROUP) -> tuple[float, str]:
    """Return what can be allocated here and where the number comes from (cgroup or proc)."""
    if limit := cgroup_bytes("memory.max", cgroup):
        return limit / _MIB, "cgroup"
    for line in (proc / "meminfo").read_text().splitlines():
        if line.startswith("MemTotal:"):
            return int(line.split()[1]) / 1024, "proc"
    return 0.0, "proc"


class ProcessorMeter:
    """Tells how busy the processors were since the reading before."""

    def __init__(self, proc: Path = PROC) -> None:
        self._proc = proc
        self._before = self._ticks()
        self._percent = 0.0

    def percent(self) -> float:
        """Return the busy share in percent; the last answer again within a second of it."""
        busy, total = self._ticks()
        if total - self._before[1] >= _TICKS_APART * (os.cpu_count() or 1):
            self._percent = 100 * (busy - self._before[0]) / (total - self._before[1])
            self._before = busy, total
        return self._percent

    def _ticks(self) -> tuple[int, int]:
        words = (self._proc / "stat").read_text().split("\n", 1)[0].split()[1:9]
        ticks = [int(word) for word in words]
        # user, nice, system, idle, iowait, irq, softirq, steal
        return sum(ticks) - ticks[3] - ticks[4], sum(ticks)


def running_pids(run_dir: Path, proc: Path = PROC) -> dict[str, int]:
    """Return the processes of this installation by the pid files of its supervisor; 0 when one is gone."""
    found: dict[str, int] = {}
    for path in sorted(run_dir.glob("*.pid")):
        try:
            pid = int(path.read_text())
        except (OSError, ValueError):
            continue
        found[path.stem] = pid if (proc / str(pid)).exists() else 0
    return found


def embedded_postgres_pid(data_dir: Path) -> int:
    """Return the process id of the embedded PostgreSQL, 0 when there is none."""
    try:
        return int((data_dir / "postgres" / "data" / "postmaster.pid").read_text().split()[0])
    except (OSError, ValueError, IndexError):
        return 0
