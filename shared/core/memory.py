"""Memory as the kernel accounts for it: the group of the container, or the processes' own share.

Sources: Linux ``Documentation/admin-guide/cgroup-v2.rst`` (memory.current, memory.peak, memory.max) and
``Documentation/filesystems/proc.rst`` (smaps_rollup: PSS counts each shared page in equal parts).
"""

from __future__ import annotations

from pathlib import Path

PROC = Path("/proc")
CGROUP = Path("/sys/fs/cgroup")


def pss_mib(pid: int, proc: Path = PROC) -> float:
    """Return the proportional set size of one process in MiB (0 when it has ended)."""
    try:
        for line in (proc / str(pid) / "smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) / 1024
    except OSError:
        return 0.0
    return 0.0


def process_tree(pid: int, proc: Path = PROC) -> list[int]:
    """Return a process and everything below it."""
    found = [pid]
    try:
        # Every thread has children of its own.
        listed = [
            word
            for task in sorted((proc / str(pid) / "task").iterdir())
            for word in (task / "children").read_text().split()
        ]
    except OSError:
        return found
    for child in listed:
        found += process_tree(int(child), proc)
    return found


def tree_mib(pid: int, proc: Path = PROC) -> float:
    """Return the sum of PSS of a process and all its descendants, in MiB."""
    return sum(pss_mib(each, proc) for each in process_tree(pid, proc))


def cgroup_bytes(name: str, cgroup: Path = CGROUP) -> int | None:
    """Return a number of this container's group, such as memory.current; None where there is none."""
    try:
        text = (cgroup / name).read_text().strip()
    except OSError:
        return None
    return int(text) if text.isdigit() else None
