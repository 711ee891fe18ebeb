"""Backups on demand: make, list, prove, carry away, or restore one while the platform stands still."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

from services.cluster.applying import Applier, StepFailed
from services.cluster.clock import Clock
from services.cluster.port import ApiNotFound, ClusterApi
from services.cluster.readiness import read_readiness

JOB_DEADLINE_S = 3 * 3600.0
OPEN_S = 3600
# Whoever writes to the database stands still while it is restored; in this order, and back in reverse.
WRITERS = (
    "ux-hub", "scraper", "importer", "celery-beat", "celery-worker", "business-hub", "intelligence-hub",
    "ops-hub", "data-hub", "security-hub",
)  # fmt: skip
Json = dict[str, Any]


class NoBackup(Exception):
    """The cluster keeps no backups, or not this one."""


def run_backup(api: ClusterApi, clock: Clock, tell: Callable[[str], None]) -> str:
    """Run the backup of the nightly CronJob now; return its last line. Raises: NoBackup, StepFailed."""
    return _run(api, clock, tell, "backup", "backup")


def run_check(api: ClusterApi, clock: Clock, tell: Callable[[str], None], stamp: str = "") -> str:
    """Restore a backup (the newest) into a throwaway server and compare. Raises: NoBackup, StepFailed."""
    return _run(api, clock, tell, "restore-check", "restore-check", _restore_command("check", stamp))


def list_backups(api: ClusterApi, clock: Clock, tell: Callable[[str], None]) -> str:
    """Return a line for each backup, the newest first: name, size, tables, when it was proven.

    Raises: NoBackup, StepFailed.
    """
    return _run(api, clock, tell, "restore-check", "backups", _restore_command("list", ""), lines=200)


def open_backups(api: ClusterApi, clock: Clock, tell: Callable[[str], None]) -> str:
    """Start a pod that has the volume of the backups at /backups for an hour; return its name.

    A copy away from the node, and the way back onto another one, go through it. Raises: NoBackup, StepFailed.
    """
    name = _start(api, clock, tell, "backup", "backups-open", ["sleep", str(OPEN_S)])

    def pod() -> str:
        state = read_readiness(api, "Job", name)
        if state.state == "broken":
            raise StepFailed(f"{name}: {state.text}", _words(api, name, 20))
        running = [p for p in _pods(api, name) if p.get("status", {}).get("phase") == "Running"]
        return str(running[0]["metadata"]["name"]) if running else ""

    return _until(api, clock, pod, f"{name} to run", 300.0)


def run_restore(
    api: ClusterApi, clock: Clock, tell: Callable[[str], None], stamp: str, beat: Callable[[str], None]
) -> str:
    """Restore a backup into the live database: writers to 0, restore in one transaction, writers back.

    When the restore fails the database is as it was (one transaction) and the writers come back all the same.
    Raises: NoBackup, StepFailed, ApiError.
    """
    run_check(api, clock, tell, stamp)
    applier = Applier(api, clock, beat)
    before = {}
    try:
        for name in WRITERS:
            before[name] = applier.scale("Deployment", name, 0)
            tell(f"{name}: {before[name]} to 0")
        return _run(api, clock, tell, "backup", "restore", _restore_command("live", stamp))
    finally:
        for name, replicas in reversed(before.items()):
            if replicas:
                api.patch("Deployment", name, {"spec": {"replicas": replicas}})
                tell(f"{name}: back to {replicas}")


def job_from(cron: Json, name: str, command: list[str] | None = None) -> Json:
    """Return a Job with a CronJob's template, as `kubectl create job --from` makes it."""
    template = copy.deepcopy(cron["spec"]["jobTemplate"])
    if command:
        template["spec"]["template"]["spec"]["containers"][0]["command"] = command
    meta = template.get("metadata") or {}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            "name": name,
            "labels": meta.get("labels") or {},
            "annotations": {**(meta.get("annotations") or {}), "cronjob.kubernetes.io/instantiate": "manual"},
            "ownerReferences": [
                {
                    "apiVersion": "batch/v1",
                    "kind": "CronJob",
                    "name": cron["metadata"]["name"],
                    "uid": cron["metadata"]["uid"],
                }
            ],
        },
        "spec": template["spec"],
    }


def _restore_command(mode: str, stamp: str) -> list[str]:
    if stamp and not (stamp.endswith("Z") and stamp.replace("T", "").replace("Z", "").isdigit()):
        raise NoBackup(f"{stamp!r} is not a backup's name; one looks like 20260301T031700Z")
    return ["bash", "/scripts/restore.sh", mode, *([stamp] if stamp else [])]


def _run(
    api: ClusterApi,
    clock: Clock,
    tell: Callable[[str], None],
    cron_name: str,
    what: str,
    command: list[str] | None = None,
    lines: int = 1,
) -> str:
    """Run a Job to its end and return the last lines that it wrote. Raises: NoBackup, StepFailed."""
    name = _start(api, clock, tell, cron_name, what, command)

    def ended() -> str:
        state = read_readiness(api, "Job", name)
        if state.state == "broken":
            raise StepFailed(f"{name}: {state.text}", _words(api, name, 20))
        return state.state if state.state == "ready" else ""

    _until(api, clock, ended, f"{name} to end", JOB_DEADLINE_S)
    words = _words(api, name, max(lines, 20)).strip().splitlines()
    return "\n".join(words[-lines:]) or f"{name} complete"


def _start(
    api: ClusterApi,
    clock: Clock,
    tell: Callable[[str], None],
    cron_name: str,
    what: str,
    command: list[str] | None,
) -> str:
    try:
        cron = api.get("CronJob", cron_name)
    except ApiNotFound:
        raise NoBackup(
            f"the cluster has no CronJob {cron_name}: the overlay lacks components/backup"
        ) from None
    name = f"{what}-{clock.now():%Y%m%d%H%M%S}"
    api.apply(job_from(cron, name, command))
    tell(f"job {name} started")
    return name


def _until(api: ClusterApi, clock: Clock, look: Callable[[], str], what: str, deadline_s: float) -> str:
    started = clock.now()
    while True:
        version = api.read_all("Pod")[1]
        if found := look():
            return found
        if (clock.now() - started).total_seconds() > deadline_s:
            raise StepFailed(f"waited {deadline_s:.0f} s for {what}")
        for _ in api.watch("Pod", version, 5):
            break
        clock.sleep(0.2)


def _pods(api: ClusterApi, job: str) -> list[Json]:
    return list(api.read_all("Pod", f"job-name={job}")[0])


def _words(api: ClusterApi, job: str, lines: int) -> str:
    pods = _pods(api, job)
    return api.logs(pods[-1]["metadata"]["name"], lines) if pods else ""
