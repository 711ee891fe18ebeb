"""Pages: server time per page, bytes of a first view, memory of the process.

``python -m tests.bench.bench_pages http://127.0.0.1:8000 [PID of ux_hub]``
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from pathlib import Path

import httpx

from shared.testing.platform import Platform

PAGES = (
    "", "/search?q=defence", "/bills", "/bills/45-1-c-11", "/votes", "/votes/45-1-123", "/members",
    "/members/ziad-aboultaif", "/my-representatives", "/jurisdictions", "/changes", "/status",
)  # fmt: skip
ROUNDS = 100
_WARM = 5


def pss_mib(pid: int) -> float:
    """Return the proportional set size of a process in MiB."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) / 1024
    raise ValueError(f"no Pss of process {pid}")


def measure(url: str, pid: int | None = None) -> None:
    """Print a line per page: p50 and p99 in ms, bytes as they travel."""
    print(f"{'page':32} {'p50 ms':>8} {'p99 ms':>8} {'bytes':>8}   ({ROUNDS} requests, one connection)")
    with httpx.Client(base_url=url, trust_env=False, timeout=30) as client:
        for path in PAGES:
            times = []
            answer = client.get(f"/en{path}")
            for i in range(ROUNDS + _WARM):
                began = time.perf_counter()
                answer = client.get(f"/en{path}")
                answer.raise_for_status()
                if i >= _WARM:
                    times.append((time.perf_counter() - began) * 1_000)
            cuts = statistics.quantiles(times, n=100)
            size = int(answer.headers["content-length"])
            print(f"{path or '/':32} {statistics.median(times):8.1f} {cuts[98]:8.1f} {size:8d}")
        floor = [0.0] * ROUNDS
        for i in range(ROUNDS):
            began = time.perf_counter()
            client.get("/healthz")
            floor[i] = (time.perf_counter() - began) * 1_000
        print(f"{'/healthz, beside it':32} {statistics.median(floor):8.1f}")
    if pid:
        print(f"memory of ux_hub: {pss_mib(pid):.1f} MiB PSS")


def main() -> None:
    """Measure the installation that the arguments name, else one of the miniature Parliament."""
    if len(sys.argv) > 1 and sys.argv[1].startswith("http"):
        measure(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else None)
        return
    with tempfile.TemporaryDirectory() as folder:
        platform = Platform(Path(folder) / "op")
        try:
            platform.start()
            measure(platform.url, platform.pid("ux"))
        finally:
            platform.stop()


if __name__ == "__main__":
    main()
