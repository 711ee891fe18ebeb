"""What the commands that look, plan and tidy up do; they return exit codes and print."""

from __future__ import annotations

import json
import os
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from services.cluster.budget import load_budget
from services.cluster.clock import WallClock
from services.cluster.dump import BadDump, load_dump, snapshot_of
from services.cluster.evicting import evict, failed_pods, stale_pods
from services.cluster.formats import FORMATS, Format, show_plan, show_report
from services.cluster.history import add_sample, history_path, read_history
from services.cluster.kube import KubeApi, NoCluster
from services.cluster.levels import Level
from services.cluster.manifests import CannotRender, Manifest, digest, render
from services.cluster.objects import Ask, Snapshot
from services.cluster.observe import Seen, read_objects
from services.cluster.overlay import CannotWrite, size_patches, write_overlay
from services.cluster.patience import LostConnection, PatientApi
from services.cluster.plan import Plan
from services.cluster.planning import make_plan
from services.cluster.port import ApiError, ClusterApi
from services.cluster.quantity import MIB
from services.cluster.readiness import DIGEST
from services.cluster.reasons import explain
from services.cluster.report import Report, make_report, proposals
from services.cluster.table import load_table
from services.cluster.targets import quota_of, sized, targets_of

NAGIOS = {Level.OPTIMAL: 0, Level.HEALTHY: 0, Level.WARNING: 1, Level.CRITICAL: 2, Level.UNKNOWN: 3}
STATUS_PATIENCE_S = 10.0
_COLOURS = {"CRITICAL": "31", "WARNING": "33", "HEALTHY": "32", "OPTIMAL": "32", "UNKNOWN": "35"}
FAILURES = (ApiError, LostConnection, NoCluster, BadDump, CannotRender, CannotWrite, FileNotFoundError)


@dataclass(frozen=True)
class Where:
    """Which cluster, by whose kubeconfig, which namespace."""

    context: str = ""
    kubeconfig: str = ""
    namespace: str = "openpolicy"

    def connect(self, patience_s: float = STATUS_PATIENCE_S) -> ClusterApi:
        """Return a connection that outlasts short absences. Raises: NoCluster."""
        api = KubeApi.connect(self.namespace, self.context or None, self.kubeconfig or None)
        return PatientApi(api, WallClock(), patience_s)


@dataclass(frozen=True)
class PlanOptions:
    """What `plan` was asked."""

    output: str
    source: Path | None
    target: str
    phases: tuple[int, ...]
    size: str
    explain: str
    write: Path | None
    save: Path | None


def fail(error: Exception | str) -> int:
    """Print what went wrong to the error stream and return the exit code 1."""
    sys.stderr.write(f"openpolicy cluster: {error}\n")
    return 1


def form_of(text: str) -> Format:
    """Return the format of that name. Raises: ValueError."""
    if text not in FORMATS:
        raise ValueError(f"--output is one of {', '.join(FORMATS)}, not {text!r}")
    return text


def show_status(
    where: Where, *, output: str, source: Path | None, watch_s: float, save_dump: Path | None
) -> int:
    """Print the status once, or again and again; return the Nagios code of the last look."""
    try:
        form = form_of(output)
        while True:
            seen = None if source else read_objects(where.connect())
            snapshot = _snapshot(where, source, seen)
            if save_dump and seen is not None:
                _save_dump(save_dump, snapshot, seen)
            report = _report(snapshot, remember=source is None)
            if watch_s and sys.stdout.isatty():
                sys.stdout.write("\x1b[2J\x1b[H")
            sys.stdout.write(_coloured(show_report(report, form), form))
            sys.stdout.flush()
            if not watch_s:
                return NAGIOS[report.level]
            time.sleep(max(1.0, watch_s))
    except KeyboardInterrupt:
        return 0
    except (*FAILURES, ValueError) as error:
        fail(error)
        return NAGIOS[Level.UNKNOWN]


def show_plan_for(where: Where, options: PlanOptions) -> int:
    """Print the plan and return its exit code."""
    try:
        form = form_of(options.output)
        api = None if options.source else where.connect()
        seen = None if api is None else read_objects(api)
        snapshot = _snapshot(where, options.source, seen)
        for warning in _cautions(snapshot):
            sys.stderr.write(f"openpolicy cluster: {warning}\n")
        manifests = render(options.target)
        live = live_digests(seen.items if seen else [])
        measured = options.size == "measured"
        found = plan_of_target(snapshot, manifests, live, phases=options.phases, measured=measured)
        if options.write:
            _write(options.write, options.target, snapshot, manifests)
        if options.save:
            found.save(options.save)
        if options.explain:
            return _explain(snapshot, found, options.explain)
        sys.stdout.write(show_plan(found, form))
    except (*FAILURES, ValueError) as error:
        return fail(error)
    if found.refusal:
        return 3
    return 2 if found.steps else 0


def plan_of_target(
    snapshot: Snapshot,
    manifests: list[Manifest],
    live: dict[str, str],
    *,
    phases: tuple[int, ...] = (1, 2, 3, 4),
    measured: bool = False,
    only: tuple[str, ...] = (),
) -> Plan:
    """Return the plan from a snapshot to manifests, in the table's order, with the budget's expectations."""
    order = [component.name for component in load_table().component]
    targets = targets_of(manifests, order)
    if only:
        unknown = set(only) - {target.name for target in targets}
        if unknown:
            raise ValueError(f"the target has no {', '.join(sorted(unknown))}")
        targets = [target for target in targets if target.name in only]
    if measured:
        history = read_history(history_path(snapshot.cluster), snapshot.taken_at)
        targets = sized(targets, proposals(snapshot, history))
    budget = load_budget().component
    expected = {name: int((part.loaded or part.expected) * MIB) for name, part in budget.items()}
    return make_plan(
        snapshot,
        targets,
        quota=quota_of(manifests),
        expected=expected,
        live=live,
        target_digest=release_digest(manifests),
        phases=phases,
        force=bool(only),
    )


def release_digest(manifests: list[Manifest]) -> str:
    """Return one digest of all manifests."""
    return digest({"all": sorted(digest(manifest) for manifest in manifests)})


def live_digests(items: list[dict[str, Any]]) -> dict[str, str]:
    """Return the digest of the manifest that each running workload and finished Job was applied from."""
    found = {}
    for item in items:
        if item.get("kind") in {"Deployment", "StatefulSet", "Job"}:
            mark = (item["metadata"].get("annotations") or {}).get(DIGEST)
            if mark:
                name = item["metadata"]["name"]
                found[name.rpartition("-")[0] if item["kind"] == "Job" else name] = mark
    return found


def run_evict(where: Where, *, stale: bool, failed: bool, dry_run: bool) -> int:
    """Delete stale or failed pods; return 0 when each is gone, 2 when a budget refused one."""
    if not stale and not failed:
        return fail("say which: --stale, --failed, or both")
    try:
        api = where.connect()
        snapshot = _snapshot(where, None, read_objects(api))
        pods = [*(failed_pods(snapshot) if failed else []), *(stale_pods(snapshot) if stale else [])]
        done = evict(api, pods, dry_run=dry_run)
    except FAILURES as error:
        return fail(error)
    for one in done:
        sys.stdout.write(f"{one.pod}: {one.text}\n")
    if not done:
        sys.stdout.write("no such pod\n")
    return 0 if dry_run or all(one.done for one in done) else 2


def run_init(where: Where, *, contact: str, compose: Path | None) -> int:
    """Make the secrets in the cluster, or as files for compose; print names, never values."""
    from services.cluster.secrets import generate, install, write_files

    if not contact:
        return fail("--contact is needed: an address (e-mail or URL) that the sites we read can write to")
    try:
        if compose:
            written = write_files(compose, generate(contact))
            sys.stdout.write(f"{len(written)} files in {compose}\n")
            return 0
        api = where.connect()
        namespaces = [m for m in render("8gi") if m["kind"] == "Namespace"]
        for manifest in namespaces:
            named = {**manifest, "metadata": {**manifest["metadata"], "name": where.namespace}}
            api.apply(named)
        created, kept = install(api, contact)
    except (*FAILURES, FileExistsError) as error:
        return fail(error)
    sys.stdout.write("".join(f"created {name}\n" for name in created))
    sys.stdout.write("".join(f"kept {name}\n" for name in kept))
    return 0


# ---- parts


def _snapshot(where: Where, source: Path | None, seen: Seen | None) -> Snapshot:
    if source:
        return load_dump(source, where.namespace)
    assert seen is not None
    return snapshot_of(
        seen.items,
        namespace=where.namespace,
        cluster=where.context or _current_context(where.kubeconfig),
        taken_at=WallClock().now(),
        unseen=seen.unseen,
    )


def _current_context(kubeconfig: str) -> str:
    return KubeApi.connect("default", None, kubeconfig or None).cluster


def _report(snapshot: Snapshot, *, remember: bool) -> Report:
    path = history_path(snapshot.cluster)
    history = read_history(path, snapshot.taken_at)
    if remember:
        add_sample(path, snapshot)
    try:
        services: dict[str, list[str]] | None = load_table().logical_services()
    except FileNotFoundError:
        # Without the checkout the workloads' own annotations say which services they carry.
        services = None
    return make_report(snapshot, services=services, history=history)


def _cautions(snapshot: Snapshot) -> tuple[str, ...]:
    """Return what a plan's numbers do not cover."""
    if len(snapshot.answering) < 2:
        return snapshot.warnings
    text = "the nodes' memory is counted together: a pod still waits where no single node has room for it"
    return (*snapshot.warnings, text)


def _save_dump(path: Path, snapshot: Snapshot, seen: Seen) -> None:
    about = {"cluster": snapshot.cluster, "takenAt": snapshot.taken_at.isoformat(), "unseen": seen.unseen}
    document = {"apiVersion": "v1", "kind": "List", "openpolicy": about, "items": seen.items}
    path.write_text(json.dumps(document), encoding="utf-8")


def _write(folder: Path, target: str, snapshot: Snapshot, manifests: list[Manifest]) -> None:
    history = read_history(history_path(snapshot.cluster), snapshot.taken_at)
    sizes: dict[str, Ask] = {
        p.workload: p.proposed
        for p in proposals(snapshot, history)
        if p.is_sure and p.proposed is not None and p.severity != "good"
    }
    from services.cluster.table import deploy_dir

    base = Path(target) if Path(target).is_dir() else deploy_dir() / "k8s" / "overlays" / target
    relative = os.path.relpath(base.resolve(), folder.resolve())
    patches = size_patches(manifests, sizes)
    if not patches:
        raise CannotWrite(
            "nothing to write: no size differs, or less than 3 h were seen (run status now and then)"
        )
    for path in write_overlay(folder, relative, patches, snapshot.namespace):
        sys.stderr.write(f"wrote {path}\n")


def _explain(snapshot: Snapshot, found: Plan, name: str) -> int:
    workload = snapshot.find(name)
    steps = [step for step in found.steps if name in {step.workload, *step.replaces}]
    if workload is None and not steps:
        return fail(f"neither the cluster nor the target has a workload {name}")
    reasons = explain(snapshot, workload) if workload else []
    for reason in reasons:
        sys.stdout.write(f"{name}: {reason.text}\n  → {reason.advice}\n")
    if workload and not reasons:
        sys.stdout.write(f"{name}: {workload.ready} of {workload.replicas} ready at its newest template\n")
    sys.stdout.write(
        show_plan(replace(found, steps=tuple(steps)), "table") if steps else "no step concerns it\n"
    )
    return 0


def _coloured(text: str, form: Format) -> str:
    if form != "table" or not sys.stdout.isatty() or os.environ.get("NO_COLOR"):
        return text
    for word, colour in _COLOURS.items():
        text = text.replace(word, f"\x1b[{colour};1m{word}\x1b[0m")
    return text
