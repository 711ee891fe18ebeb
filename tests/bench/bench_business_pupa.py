"""Importing a scrape of 2,000 people, 5,000 bills and 1,000 votes of 338 ballots, as pupa writes it.

Each run is asked for and followed through business_hub's API, read and compared by the importer, and loaded
through data_hub's. The peer is pupa's own importer on the same files and the same PostgreSQL: set ``PUPA_PYTHON``
to an interpreter that has pupa and psycopg2, on a machine that has PostGIS, and it runs beside ours.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import text

from shared.db.provision import connect
from shared.db.session import transaction
from tests.bench.business_platform import Platform, platform
from tests.bench.data_hub import wait_for_index
from tests.bench.pupa_shapes import write_scrape

PEOPLE, BILLS, VOTES, VOTERS = 2_000, 5_000, 1_000, 338
PEER = Path(__file__).with_name("pupa_peer.py")
KNOWN_FIRST_S, KNOWN_AGAIN_S = 86.0, 93.0
"""What pupa took on an idle machine of two cores."""


class Took(NamedTuple):
    """Seconds by the clock, and of CPU in all processes together."""

    wall: float
    cpu: float


def run(where: Platform, path: str) -> tuple[Took, dict[str, dict[str, int]]]:
    """Have a folder imported, wait for the end of its job, and return how long it took and its report."""
    start, cpu = time.perf_counter(), where.cpu_s()
    asked = {"path": path, "dataset": "bench", "options": {"is_complete": True}, "run": True}
    job_id = _answer(where.http.post("/api/v1/imports/from-path", json=asked))["job_id"]
    with where.http.stream("GET", f"/api/v1/jobs/{job_id}/events") as events:
        # Closed by the hub when the job has ended.
        for _ in events.iter_lines():
            pass
    seconds = time.perf_counter() - start
    job = _answer(where.http.get(f"/api/v1/jobs/{job_id}"))
    used = {name: used - cpu[name] for name, used in where.cpu_s().items()}
    assert job["state"] == "succeeded", (job["state"], job["reason"])
    print(f"      CPU      {sum(used.values()):6.2f} s {', '.join(f'{n} {s:.2f}' for n, s in used.items())}")
    for step in _answer(where.http.get(f"/api/v1/runs/{job['run_id']}"))["steps"]:
        print(f"      {step['name']:8} {step['duration_s']:6.2f} s")
    return Took(seconds, sum(used.values())), job["report"]


def _answer(response: Any) -> dict[str, Any]:
    response.raise_for_status()
    content: dict[str, Any] = response.json()
    return content


def say(name: str, took: Took, report: dict[str, dict[str, int]], rows: int, objects: int) -> None:
    """Print a line."""
    counts = {
        word: sum(one[word] for one in report.values()) for word in ("inserted", "updated", "unchanged")
    }
    rates = f"{objects / took.wall:9,.0f} objects/s  {rows / took.wall:10,.0f} rows/s"
    print(f"   {name:34} {took.wall:6.2f} s  {rates}  {counts}")


def main() -> None:
    """Print seconds and rates of a first run, of the identical one, and of one that reads every byte again."""
    with tempfile.TemporaryDirectory(prefix="op-pupa-") as folder:
        files = write_scrape(Path(folder) / "scrape", PEOPLE, BILLS, VOTES, VOTERS)
        size = sum(path.stat().st_size for path in (Path(folder) / "scrape").iterdir())
        ballots = VOTES * VOTERS
        rows = files + ballots
        print(f"   {files:,} files, {size / 2**20:.0f} MiB, {ballots:,} ballots")
        with platform(Path(folder)) as where:
            first, report = run(where, "scrape")
            say("first run", first, report, rows, files)
            late = wait_for_index(where.importer.http, where.data_url)
            print(f"   the search index, of which pupa has none, stood {late:.1f} s later")
            again, report = run(where, "scrape")
            say("identical run", again, report, rows, files)
            with transaction(where.importer.sessionmaker) as session:
                session.execute(text("DELETE FROM business.run_ledger"))
            whole, report = run(where, "scrape")
            say("identical run, every byte read", whole, report, rows, files)
            _peer(where, Path(folder) / "scrape", first, again)


def _peer(where: Platform, folder: Path, first: Took, again: Took) -> None:
    python = os.environ.get("PUPA_PYTHON")
    if not python:
        print(
            f"   pupa is not here (PUPA_PYTHON); on an idle machine of two cores it took {KNOWN_FIRST_S:.0f} s"
            f" and {KNOWN_AGAIN_S:.0f} s: {KNOWN_FIRST_S / first.wall:.1f} and {KNOWN_AGAIN_S / again.wall:.0f} times ours"
        )
        return
    with connect(where.server.admin_url, autocommit=True) as admin:
        admin.execute("CREATE DATABASE pupa")
    url = where.server.admin_url.set(drivername="postgresql", database="pupa")
    with connect(url, autocommit=True) as admin:
        admin.execute("CREATE EXTENSION postgis")
    command = [python, str(PEER), str(folder), url.render_as_string(hide_password=False)]
    for further, ours, name in ((["--first"], first, "first run"), ([], again, "identical run")):
        print(f"   pupa, {name}", flush=True)
        server = where.cpu_s()["postgres"]
        done = subprocess.run(
            [*command, *further], check=True, capture_output=True, text=True, cwd=folder.parent
        )
        *lines, last = done.stdout.splitlines()
        print("\n".join(line for line in lines if line.startswith(" ")))
        wall, cpu = map(float, last.split()[1:])
        cpu += where.cpu_s()["postgres"] - server
        print(
            f"   pupa, {name}: {wall:.1f} s, {wall / ours.wall:.1f} times ours;"
            f" CPU with PostgreSQL's {cpu:.1f} s, {cpu / ours.cpu:.1f} times ours"
        )


if __name__ == "__main__":
    main()
