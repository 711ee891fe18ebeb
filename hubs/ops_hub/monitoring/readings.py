"""Memory as the kernel accounts for it: cgroups where there are any, else the processes' own share.

Sources: Linux ``Documentation/admin-guide/cgroup-v2.rst`` (memory.current, memory.stat) and
``Documentation/filesystems/proc.rst`` (smaps_rollup, meminfo, stat).
"""

from __future__ import annotations

import os
from pathlib import Path

_MIB = 2**20


def pss_mib(pid: int, proc: Path = Path("/proc")) -> float | None:
    """Return the proportional set size of a process and its children, or None when it is gone."""
    try:
        text = (proc / str(pid) / "smaps_rollup").read_text()
    except OSError:
        return None
    own = next((int(line.split()[1]) / 1024 for line in text.splitlines() if line.startswith("Pss:")), 0.0)
    return own + sum(pss_mib(child, proc) or 0.0 for child in children(pid, proc))


def children(pid: int, proc: Path = Path("/proc")) -> list[int]:
    """Return the processes that a process started."""
    found: list[int] = []
    try:
        for task in (proc / str(pid) / "task").iterdir():
            found += [int(word) for word in (task / "children").read_text().split()]
    except OSError:
        return found
    return found


def total_memory_mib(proc: Path = Path("/proc"), cgroup: Path = Path("/sys/fs/cgroup")) -> tuple[float, str]:
    """Return what can be allocated here and where the number comes from (cgroup or proc)."""
    try:
        limit = (cgroup / "memory.max").read_text().strip()
        if limit.isdigit():
            return int(limit) / _MIB, "cgroup"
    except OSError:
        pass
    for line in (proc / "meminfo").read_text().splitlines():
        if line.startswith("MemTotal:"):
            return int(line.split()[1]) / 1024, "proc"
    return 0.0, "proc"


def cpu_percent(proc: Path = Path("/proc")) -> float:
    """Return the load of the last minute as a share of the processors, in percent."""
    load = float((proc / "loadavg").read_text().split()[0])
    return 100 * load / (os.cpu_count() or 1)


def running_pids(run_dir: Path, proc: Path = Path("/proc")) -> dict[str, int]:
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
