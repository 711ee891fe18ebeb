"""Importing a scrape of 2,000 people, 5,000 bills and 1,000 votes of 338 ballots, as pupa writes it.

The peer is pupa's own importer: set ``PUPA_PYTHON`` to an interpreter that has it, with its database ready, and it
runs beside ours on the same files.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from pathlib import Path

from sqlalchemy import text

from hubs.business_hub.etl.repository import RunRepository
from hubs.business_hub.op_import.dependencies import build_uploads
from hubs.business_hub.op_import.schemas import ImportOptions
from hubs.business_hub.op_import.tasks import import_upload
from hubs.business_hub.queue.dependencies import build_jobs
from shared.db.session import transaction
from tests.bench.business_platform import Platform, platform
from tests.bench.pupa_shapes import write_scrape

PEOPLE, BILLS, VOTES, VOTERS = 2_000, 5_000, 1_000, 338
PUPA = Path(__file__).resolve().parents[3] / "shared" / "bench" / "pupa" / "imp.py"


def run(where: Platform, path: str) -> tuple[float, dict[str, dict[str, int]]]:
    """Import a folder as its task does, and return seconds and report."""
    start, cpu = time.perf_counter(), where.cpu_s()
    with transaction(where.importer.sessionmaker) as session:
        options = ImportOptions(is_complete=True)
        job_id = (
            build_uploads(where.importer, session).take_path(path, "bench", options, "bench", run=True).job_id
        )
    import_upload(where.importer, str(job_id))
    seconds = time.perf_counter() - start
    used = {name: used - cpu[name] for name, used in where.cpu_s().items()}
    print(f"      CPU      {sum(used.values()):6.2f} s {', '.join(f'{n} {s:.2f}' for n, s in used.items())}")
    with transaction(where.importer.sessionmaker) as session:
        job = build_jobs(where.importer, session).get(job_id)
        assert job.state == "succeeded", (job.state, job.reason)
        for step in RunRepository(session).steps(job.run_id):
            assert step.finished_at is not None
            print(f"      {step.name:8} {(step.finished_at - step.started_at).total_seconds():6.2f} s")
        return seconds, job.report


def say(name: str, seconds: float, report: dict[str, dict[str, int]], rows: int, objects: int) -> None:
    """Print a line."""
    counts = {
        word: sum(one[word] for one in report.values()) for word in ("inserted", "updated", "unchanged")
    }
    rates = f"{objects / seconds:9,.0f} objects/s  {rows / seconds:10,.0f} rows/s"
    print(f"   {name:34} {seconds:6.2f} s  {rates}  {counts}")


def main() -> None:
    """Print seconds and rates of a first run, of the identical one, and of one that reads every byte again."""
    with tempfile.TemporaryDirectory(prefix="op-pupa-") as folder:
        files = write_scrape(Path(folder) / "scrape", PEOPLE, BILLS, VOTES, VOTERS)
        size = sum(path.stat().st_size for path in (Path(folder) / "scrape").iterdir())
        ballots = VOTES * VOTERS
        rows = files + ballots
        print(f"   {files:,} files, {size / 2**20:.0f} MiB, {ballots:,} ballots")
        with platform(Path(folder)) as where:
            seconds, report = run(where, "scrape")
            say("first run", seconds, report, rows, files)
            again, report = run(where, "scrape")
            say("identical run", again, report, rows, files)
            with transaction(where.importer.sessionmaker) as session:
                session.execute(text("DELETE FROM business.run_ledger"))
            whole, report = run(where, "scrape")
            say("identical run, every byte read", whole, report, rows, files)
        _peer(Path(folder) / "scrape", seconds, again)


def _peer(folder: Path, seconds: float, again: float) -> None:
    python = os.environ.get("PUPA_PYTHON")
    if not python or not PUPA.exists():
        print(
            "   pupa is not here (PUPA_PYTHON); on a machine like this its first run took 86 s, the second 93 s:"
        )
        print(
            f"   {86 / seconds:.1f} times as fast on the first run, {93 / again:.0f} times on the identical one"
        )
        return
    for arguments, ours, name in ((["init"], seconds, "first run"), ([], again, "identical run")):
        start = time.perf_counter()
        subprocess.run([python, str(PUPA), str(folder), *arguments], check=True)
        theirs = time.perf_counter() - start
        print(f"   pupa, {name}: {theirs:.1f} s, ours is {theirs / ours:.1f} times as fast")


if __name__ == "__main__":
    main()
