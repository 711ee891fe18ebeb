"""Memory of the whole embedded platform when idle, process by process."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from shared.core.memory import pss_mib, tree_mib
from shared.testing.platform import Platform

LIMIT_MIB = 600
_SETTLE_S = 20


def main() -> None:
    """Start, scrape, settle, and print the table."""
    with tempfile.TemporaryDirectory(prefix="op-bench-") as folder:
        platform = Platform(Path(folder) / "op")
        try:
            platform.start()
            time.sleep(_SETTLE_S)
            total = 0.0
            assert platform.popen is not None
            rows = {"supervisor": pss_mib(platform.popen.pid)}
            for path in sorted((platform.data_dir / "run").glob("*.pid")):
                if path.stem != "up":
                    rows[path.stem] = tree_mib(int(path.read_text()))
            rows["postgresql"] = tree_mib(
                int((platform.data_dir / "postgres" / "data" / "postmaster.pid").read_text().split()[0])
            )
            print(f"{'process':<16} {'PSS MiB':>8}   idle, embedded, {_SETTLE_S} s after the first scrape")
            for name, mib in rows.items():
                total += mib
                print(f"{name:<16} {mib:8.1f}")
            print(f"{'sum':<16} {total:8.1f}   limit {LIMIT_MIB}, ratio {total / LIMIT_MIB:.2f}")
        finally:
            platform.stop()


if __name__ == "__main__":
    main()
