"""What the commands that change a cluster do: rollout, rollback, backup, restore."""

from __future__ import annotations

import os
import secrets
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any, cast

from services.cluster.applying import StepFailed
from services.cluster.backing_up import (
    NoBackup,
    list_backups,
    open_backups,
    run_backup,
    run_check,
    run_restore,
)
from services.cluster.clock import WallClock
from services.cluster.commands import FAILURES, Where, fail, live_digests, plan_of_target, release_digest
from services.cluster.dump import snapshot_of
from services.cluster.formats import show_plan
from services.cluster.gates import GateSettings
from services.cluster.journal import Journal, journal_dir
from services.cluster.lease import Lease, LeaseHeld
from services.cluster.manifests import Manifest, render
from services.cluster.observe import read_objects
from services.cluster.plan import BadPlan, Plan, load_plan
from services.cluster.port import ClusterApi
from services.cluster.preflight import preflight
from services.cluster.progress import Progress
from services.cluster.release import BadRelease
from services.cluster.rollback import Scope
from services.cluster.rollout import Refused, Result, Rollout
from services.cluster.table import load_table

CHANGE_PATIENCE_S = 120.0
ERRORS = (*FAILURES, Refused, LeaseHeld, BadPlan, BadRelease, NoBackup, ValueError)


@dataclass(frozen=True)
class RolloutOptions:
    """What `rollout` was asked."""

    target: str
    phases: tuple[int, ...]
    only: tuple[str, ...]
    plan: Path | None
    resume: bool
    emergency: bool
    no_backup: bool
    scope: str
    gates: str
    soak_s: float
    yes: bool


def run_rollout(where: Where, options: RolloutOptions) -> int:
    """Roll out, or go on with what was left; return the exit code."""
    if options.scope not in {"wave", "all"} or options.gates not in {"full", "ready"}:
        return fail("--scope is wave or all, --gates is full or ready")
    try:
        api = where.connect(CHANGE_PATIENCE_S)
        if options.resume:
            with _engine(api, options) as engine:
                return _end(engine.resume())
        plan, manifests = _prepare(api, options)
        if plan.is_empty:
            sys.stdout.write(show_plan(plan, "table"))
            return 0
        sys.stderr.write(show_plan(plan, "table"))
        if not _agreed(options.yes, f"Run these {len(plan.steps)} steps on {api.cluster}?"):
            return fail("nothing was done")
        with _engine(api, options, len(plan.steps)) as engine:
            return _end(engine.start(plan, manifests))
    except ERRORS as error:
        return fail(error)


def run_rollback(where: Where, *, everything: bool, yes: bool) -> int:
    """Take the newest release back; return the exit code."""
    try:
        api = where.connect(CHANGE_PATIENCE_S)
        scope: Scope = "all" if everything else "wave"
        if not _agreed(yes, f"Roll back ({scope}) on {api.cluster}?"):
            return fail("nothing was done")
        with _engine(api, None) as engine:
            return _end(engine.roll_back(scope))
    except ERRORS as error:
        return fail(error)


def run_backup_now(where: Where, *, listed: bool = False, opened: bool = False) -> int:
    """Run the backup job and wait for it, or list the backups, or open their volume; return the exit code."""
    action = list_backups if listed else open_backups if opened else run_backup
    try:
        api = where.connect(CHANGE_PATIENCE_S)
        sys.stdout.write(action(api, WallClock(), _say) + "\n")
    except StepFailed as error:
        return _broken(error)
    except ERRORS as error:
        return fail(error)
    return 0


def run_restore_of(where: Where, stamp: str, *, live: bool, yes: bool) -> int:
    """Prove a backup, or restore it into the live database; return the exit code."""
    if live and not stamp:
        return fail("--live needs the name of a backup (backup --list): the newest may be the wrong one")
    try:
        api = where.connect(CHANGE_PATIENCE_S)
        clock = WallClock()
        if not live:
            sys.stdout.write(run_check(api, clock, _say, stamp) + "\n")
            return 0
        if not _agreed(yes, f"Replace the live database on {api.cluster} with the backup {stamp}?"):
            return fail("nothing was done")
        lease = Lease(api, clock, _holder())
        lease.acquire()
        try:
            done = run_restore(api, clock, _say, stamp, lambda _: lease.renew())
        finally:
            lease.release()
        sys.stdout.write(done + "\n")
    except StepFailed as error:
        return _broken(error)
    except ERRORS as error:
        return fail(error)
    return 0


def _prepare(api: ClusterApi, options: RolloutOptions) -> tuple[Plan, list[Manifest]]:
    """Return the plan and what it applies, after everything that speaks against it was looked at."""
    clock = WallClock()
    manifests = render(options.target)
    seen = read_objects(api)
    snapshot = snapshot_of(
        seen.items,
        namespace=api.namespace,
        cluster=api.cluster,
        taken_at=clock.now(),
        unseen=seen.unseen,
    )
    if options.plan:
        plan = load_plan(options.plan)
        if plan.target_digest != release_digest(manifests):
            raise BadPlan(f"{options.plan} was made for other manifests than {options.target}")
    else:
        live = live_digests(seen.items)
        plan = plan_of_target(snapshot, manifests, live, phases=options.phases, only=options.only)
    findings = [] if plan.is_empty else preflight(api, clock, snapshot, plan, manifests)
    overruled = {"CRITICAL": options.emergency, "backup": options.no_backup or options.emergency}
    against = [
        finding
        for finding in findings
        if finding.is_fatal or not any(word in finding.text and flag for word, flag in overruled.items())
    ]
    for finding in findings:
        _say(f"preflight: {finding.text}")
    if against:
        raise Refused(f"{len(against)} findings speak against it; nothing was touched")
    return plan, manifests


@contextmanager
def _engine(api: ClusterApi, options: RolloutOptions | None, steps: int = 0) -> Iterator[Rollout]:
    """Yield the engine; the first Ctrl-C pauses it after its step, the second leaves at once."""
    stop = threading.Event()

    def interrupted(number: int, frame: FrameType | None) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()
        _say("pausing after this step; Ctrl-C again leaves at once (rollout --resume goes on)")

    before: Any = signal.signal(signal.SIGINT, interrupted)
    gates = GateSettings()
    if options:
        gates = GateSettings(soak_s=options.soak_s, is_full=options.gates == "full")
    scope = cast(Scope, options.scope if options else "wave")
    path = journal_dir() / f"rollouts-{''.join(c if c.isalnum() else '_' for c in api.cluster)}.jsonl"
    clock = WallClock()
    with Progress(steps) as progress:
        try:
            yield Rollout(
                api,
                clock,
                load_table(),
                Journal(path, clock),
                holder=_holder(),
                gates=gates,
                scope=scope,
                tell=progress.tell,
                stop=stop,
            )
        finally:
            signal.signal(signal.SIGINT, before)


def _end(result: Result) -> int:
    sys.stdout.write(f"{result.outcome}: {result.text}\n")
    return result.exit_code


def _broken(error: StepFailed) -> int:
    for line in error.evidence.splitlines():
        _say(f"    {line}")
    return fail(error)


def _agreed(yes: bool, question: str) -> bool:
    if yes:
        return True
    if not sys.stdin.isatty():
        raise Refused(f"{question} Nobody is there to answer: --yes answers")
    sys.stderr.write(f"{question} [y/N] ")
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() in {"y", "yes"}


def _holder() -> str:
    user = os.environ.get("USER") or "operator"
    return f"{user}@{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(3)}"


def _say(text: str) -> None:
    sys.stderr.write(text + "\n")
    sys.stderr.flush()
