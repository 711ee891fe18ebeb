"""What this machine has to give, and the processes of this installation on it.

Source: Linux ``Documentation/filesystems/proc.rst`` (meminfo, loadavg).
"""

from __future__ import annotations

import os
from pathlib import Path

from shared.core.memory import CGROUP, PROC, cgroup_bytes

_MIB = 2**20


def total_memory_mib(proc: Path = PROC, cgroup: Path = CGROUP) -> tuple[float, str]:
    """Return what can be allocated here and where the number comes from (cgroup or proc)."""
    if limit := cgroup_bytes("memory.max", cgroup):
        return limit / _MIB, "cgroup"
    for line in (proc / "meminfo").read_text().splitlines():
        if line.startswith("MemTotal:"):
            return int(line.split()[1]) / 1024, "proc"
    return 0.0, "proc"


def cpu_percent(proc: Path = PROC) -> float:
    """Return the load of the last minute as a share of the processors, in percent."""
    load = float((proc / "loadavg").read_text().split()[0])
    return 100 * load / (os.cpu_count() or 1)


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
