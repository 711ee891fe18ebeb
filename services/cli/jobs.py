"""``openpolicy scrape`` and ``openpolicy jobs``: talk to the running platform."""

from __future__ import annotations

import json
import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from services.cli.components import HUB_PORTS
from services.cli.platform_api import PlatformApi
from shared.contracts.events.jobs import ScrapeOptions
from shared.contracts.http.jobs import REAL, JobCreate, JobRead
from shared.core.errors import AppError
from shared.core.ids import new_id
from shared.settings import HubSettings

DONE = {"succeeded", "failed", "cancelled", "quarantined", "timed_out"}


@dataclass
class ScrapeCommand:
    """What the command line asked for."""

    source: str
    wait: bool = False
    limit: int | None = None
    dry_run: bool = False
    session: str = ""
    replay: str = ""
    live: bool = False
    as_json: bool = False


def running_platform(port_base: int, data_dir: Path) -> PlatformApi:
    """Return the platform that listens at a port base, with the secrets of its data directory.

    Raises: Unavailable when nobody listens there.
    """
    os.environ.setdefault("OP_DATA_DIR", str(data_dir.resolve()))
    for name, offset in HUB_PORTS.items():
        os.environ.setdefault(f"OP_HUBS__{name.upper()}", f"http://127.0.0.1:{port_base + offset}")
    api = PlatformApi(HubSettings())
    api.must_answer()
    return api


def run_scrape(command: ScrapeCommand, port_base: int, data_dir: Path) -> int:
    """Create the job, and follow it when asked; 0 when it succeeded (or was accepted)."""
    api = running_platform(port_base, data_dir)
    options = ScrapeOptions(
        limit=command.limit,
        session=command.session,
        replay=str(Path(command.replay).resolve()) if command.replay else "",
        dry_run=command.dry_run,
        # Left open, it is what the platform was started with: the miniature Parliament, or the real sites.
        upstream=REAL if command.live else "",
    )
    job = api.jobs.create_job(JobCreate(source_id=command.source, options=options), str(new_id()))
    if command.wait:
        job = _follow(api, job)
    _print(job, as_json=command.as_json)
    return 0 if job.state in {"pending", "running", "succeeded"} else 1


def show_jobs(limit: int, port_base: int, data_dir: Path, *, as_json: bool) -> int:
    """Print the newest jobs."""
    found = running_platform(port_base, data_dir).jobs.list_jobs(limit=limit)
    if as_json:
        print(json.dumps([job.model_dump(mode="json") for job in found], indent=2))
        return 0
    for job in found:
        when = job.created_at.strftime("%Y-%m-%d %H:%M:%S")
        print(f"{when}  {job.id}  {job.source_id:<24} {job.state:<12} {job.reason}")
    return 0


def _follow(api: PlatformApi, job: JobRead) -> JobRead:
    shown = ""
    while job.state not in DONE:
        time.sleep(0.3)
        try:
            job = api.jobs.get_job(job.id)
        except AppError as error:
            if error.status < 500:
                raise
            continue
        line = f"{job.state} {job.phase} {job.pages} pages"
        if line != shown:
            shown = line
            print(line, file=sys.stderr)
    return job


def _print(job: JobRead, *, as_json: bool) -> None:
    if as_json:
        print(job.model_dump_json(indent=2))
        return
    print(f"job {job.id}: {job.source_id} {job.state} {job.reason}".rstrip())
    for kind, report in sorted(job.report.items()):
        numbers = ", ".join(f"{value} {name}" for name, value in report.model_dump().items() if value)
        print(f"  {kind}: {numbers or 'nothing'}")
    for problem in job.problems:
        print(f"  {problem.code}: {problem.url} {problem.detail}")
    if job.summary_en:
        print(f"  {job.summary_en}")
