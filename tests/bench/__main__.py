"""``python -m tests.bench [NAME...]``: run the benchmarks, all or those whose name contains a word."""

from __future__ import annotations

import importlib
import sys
import traceback
from pathlib import Path


def main() -> int:
    """Run each ``bench_*.py``'s ``main``; a benchmark that breaks does not hide the others."""
    words = sys.argv[1:]
    failed = []
    for path in sorted(Path(__file__).parent.glob("bench_*.py")):
        if words and not any(word in path.stem for word in words):
            continue
        print(f"\n== {path.stem.removeprefix('bench_')}", flush=True)
        try:
            importlib.import_module(f"tests.bench.{path.stem}").main()
        except Exception:
            traceback.print_exc()
            failed.append(path.stem)
    if failed:
        print("broke:", ", ".join(failed), file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
