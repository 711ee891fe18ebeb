"""Samples of use, kept on the operator's machine: each look at a cluster adds one, sizing reads them all."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path

from services.cluster.journal import journal_dir
from services.cluster.objects import Snapshot
from services.cluster.sizing import Sample, samples_now

KEEP = timedelta(days=14)
_APART = timedelta(seconds=30)
_MAX_BYTES = 32 * 2**20


def history_path(cluster: str) -> Path:
    """Return where a cluster's samples are kept."""
    safe = "".join(c if c.isalnum() or c in "-_." else "_" for c in cluster)[:80]
    return journal_dir() / f"samples-{safe}.jsonl"


def read_history(path: Path, now: datetime) -> dict[str, list[Sample]]:
    """Return the samples of the last fourteen days per workload; lines that make no sense are skipped."""
    found: dict[str, list[Sample]] = {}
    if not path.exists() or path.stat().st_size > _MAX_BYTES:
        return found
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            entry = json.loads(line)
            at = datetime.fromisoformat(entry["at"])
            samples = {
                str(name): Sample(at, int(used), None if peak is None else int(peak))
                for name, (used, peak) in entry["used"].items()
            }
        except (ValueError, KeyError, TypeError, AttributeError):
            continue
        if now - at <= KEEP:
            for name, sample in samples.items():
                found.setdefault(name, []).append(sample)
    return found


def add_sample(path: Path, snapshot: Snapshot) -> bool:
    """Keep what a snapshot measured, unless the same measurement is kept already; tell whether it was new."""
    used = samples_now(snapshot)
    if snapshot.metrics_at is None or not used:
        return False
    last = [s.at for samples in read_history(path, snapshot.taken_at).values() for s in samples]
    if last and snapshot.metrics_at - max(last) < _APART:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    entry = {
        "at": snapshot.metrics_at.isoformat(),
        "used": {name: [sample.memory, sample.peak] for name, sample in used.items()},
    }
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(entry) + "\n")
    return True
