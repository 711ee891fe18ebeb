"""Memory of processes as the kernel accounts for it: PSS shares each common page among those that map it."""

from __future__ import annotations

from pathlib import Path


def pss_mib(pid: int) -> float:
    """Return the proportional set size of one process in MiB (0 when it has ended)."""
    try:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) / 1024
    except OSError:
        return 0.0
    return 0.0


def children(pid: int) -> list[int]:
    """Return the process and everything below it."""
    found = [pid]
    try:
        listed = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return found
    for child in listed:
        found += children(int(child))
    return found


def tree_mib(pid: int) -> float:
    """Return the sum of PSS of a process and all its descendants, in MiB."""
    return sum(pss_mib(each) for each in children(pid))
