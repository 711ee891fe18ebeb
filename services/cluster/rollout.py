"""Run a plan: step by step, each behind its gates, every one resumable; what fails is rolled back.

The record of the release in the cluster is the truth and the local journal the evidence. Every step is
idempotent: what already is as the step wants it is skipped, so that resuming is running again.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Literal

from services.cluster import release as records
from services.cluster.applying import Applier, StepFailed
from services.cluster.clock import Clock
from services.cluster.gates import Gates, GateSettings, Inconclusive
from services.cluster.journal import Journal
from services.cluster.lease import Lease, LeaseHeld
from services.cluster.manifests import Manifest, digest
from services.cluster.patience import LostConnection, PatientApi
from services.cluster.plan import Plan, Step
from services.cluster.port import ApiError, ApiNotFound, ClusterApi
from services.cluster.readiness import read_readiness, runs
from services.cluster.release import Release
from services.cluster.rollback import Rollback, RollbackFailed, Scope
from services.cluster.table import Table

Outcome = Literal["promoted", "rolled-back", "rollback-failed", "paused"]
EXIT: dict[str, int] = {"promoted": 0, "rolled-back": 2, "rollback-failed": 3, "paused": 4}


class Refused(Exception):
    """The rollout does not begin: says why."""


@dataclass(frozen=True)
class Result:
    """How a rollout ended."""

    outcome: Outcome
    release: int
    text: str

    @property
    def exit_code(self) -> int:
        """Return the exit code that stands for the outcome."""
        return EXIT[self.outcome]


class Rollout:
    """One operator's run of a release on one cluster."""

    def __init__(
        self,
        api: ClusterApi,
        clock: Clock,
        table: Table,
        journal: Journal,
        *,
        holder: str,
        gates: GateSettings | None = None,
        scope: Scope = "wave",
        tell: Callable[[str], None] = lambda text: None,
        stop: threading.Event | None = None,
    ) -> None:
        self._clock = clock
        self._api: ClusterApi = PatientApi(api, clock)
        self._journal = journal
        self._lease = Lease(self._api, clock, holder)
        self._applier = Applier(self._api, clock, self._beat)
        self._gates = Gates(self._api, clock, table, gates or GateSettings(), self._beat)
        self._scope: Scope = scope
        self._tell = tell
        self._stop = stop or threading.Event()

    # ---- ways in

    def start(self, plan: Plan, manifests: list[Manifest]) -> Result:
        """Begin a release. Raises: Refused, LeaseHeld, ApiError, LostConnection."""
        if plan.refusal:
            raise Refused(plan.refusal.words())
        self._lease.acquire()
        try:
            last = records.newest(self._api)
            if last and last.is_open:
                raise Refused(f"release {last.number} is {last.status}: rollout --resume, or rollback")
            number = (last.number if last else 0) + 1
            previous = _last_good(self._api, last)
            found = Release(number, "running", manifests, plan, previous, scope=self._scope)
            found = records.save(self._api, found)
            self._journal.note("begin", release=number, steps=len(plan.steps), previous=previous)
            return self._guarded(found)
        finally:
            self._give_back()

    def resume(self) -> Result:
        """Go on where a rollout or rollback was left. Raises: Refused, LeaseHeld, ApiError."""
        self._lease.acquire()
        try:
            found = records.newest(self._api)
            if found is None or not found.is_open:
                raise Refused("nothing was left in the middle")
            self._journal.note("resume", release=found.number, status=found.status)
            if found.status == "rolling-back":
                return self._roll_back(found, found.note)
            return self._guarded(records.save(self._api, replace(found, status="running")))
        finally:
            self._give_back()

    def roll_back(self, scope: Scope) -> Result:
        """Apply again what was recorded before the newest release. Raises: Refused, LeaseHeld, ApiError."""
        self._lease.acquire()
        try:
            found = records.newest(self._api)
            if found is None:
                raise Refused("there is no release to roll back")
            if found.status == "rolled-back" and scope == "wave":
                raise Refused(f"release {found.number} is rolled back already; --all goes further back")
            failed = found.failed_step or (found.done[-1] if found.done else 0)
            chosen = replace(found, scope=scope, failed_step=failed, status="rolling-back", note="asked for")
            return self._roll_back(records.save(self._api, chosen), "asked for")
        finally:
            self._give_back()

    # ---- running

    def _guarded(self, found: Release) -> Result:
        try:
            return self._run(found)
        except (LostConnection, LeaseHeld) as error:
            # Nothing is known to be wrong with the release: it waits as it is.
            return self._paused(found, str(error), is_reachable=isinstance(error, LeaseHeld))

    def _run(self, found: Release) -> Result:
        plan = found.plan
        for step in plan.steps:
            if self._stop.is_set():
                return self._paused(found, f"stopped before step {step.number}")
            self._lease.renew()
            try:
                found = self._step(found, step)
            except Inconclusive as error:
                return self._paused(replace(found, failed_step=step.number), str(error))
            except (StepFailed, ApiError) as error:
                evidence = error.evidence if isinstance(error, StepFailed) else ""
                self._journal.note("failed", step=step.number, text=str(error), evidence=evidence)
                self._tell(f"step {step.number} failed: {error}")
                for line in evidence.splitlines():
                    self._tell(f"    {line}")
                failed = replace(found, status="rolling-back", failed_step=step.number, note=str(error))
                return self._roll_back(records.save(self._api, failed), str(error))
        return self._promote(found)

    def _step(self, found: Release, step: Step) -> Release:
        manifest = _manifest(found.manifests, step.workload)
        if step.number in found.done and self._is_so(step, manifest):
            if manifest:
                self._gates.promoted(step.workload)
            return found
        self._journal.note("step", step=step.number, action=step.action, workload=step.workload)
        self._tell(_words(step, found.plan))
        found = self._do(found, step, manifest)
        self._journal.note("done", step=step.number)
        return records.save(self._api, replace(found, done=(*found.done, step.number)))

    def _do(self, found: Release, step: Step, manifest: Manifest | None) -> Release:
        if step.action == "clear":
            self._tell(f"  {self._applier.clear_finished()} finished pods deleted")
        elif step.action == "withdraw":
            for name in step.replaces:
                kind = self._kind_of(name)
                if kind:
                    self._tell(f"  {self._applier.withdraw(kind, name)}")
        elif step.action == "objects":
            self._tell(f"  {self._applier.objects(found.manifests)} objects applied")
        elif step.action in {"scale", "retire"}:
            wanted = _number_after(step.note) if step.action == "scale" else 0
            return self._scale_former(found, [step.workload], wanted)
        elif manifest is None:
            raise StepFailed(f"{step.workload}: the release has no manifest of it")
        elif step.action == "resize":
            self._applier.resize(manifest)
        elif manifest["kind"] == "Job":
            self._tell(f"  {self._applier.job(manifest)} complete")
        else:
            found = self._scale_former(found, list(step.replaces), 0)
            self._applier.workload(manifest, step.mode)
            self._tell(f"  {self._gates.pass_through(manifest['kind'], step.workload)}")
            self._gates.promoted(step.workload)
        return found

    def _scale_former(self, found: Release, names: list[str], replicas: int) -> Release:
        """Remember what there was before anything is taken away: a rollback puts it back."""
        former = dict(found.former)
        for name in names:
            kind = self._kind_of(name)
            if kind is None:
                continue
            key = f"{kind}/{name}"
            if key not in former:
                former[key] = int(self._api.get(kind, name)["spec"].get("replicas", 1))
                found = records.save(self._api, replace(found, former=former))
            self._applier.scale(kind, name, replicas)
        return found

    def _is_so(self, step: Step, manifest: Manifest | None) -> bool:
        """Tell whether a step that was done before still is."""
        if step.action == "objects" or manifest is None:
            return step.action != "objects"
        if manifest["kind"] == "Job":
            name = f"{step.workload}-{digest(manifest)[:8]}"
            # A Job that was cleared away after its end did its work.
            return read_readiness(self._api, "Job", name).state in {"ready", "absent"}
        if step.action == "resize":
            return True
        return runs(self._api, manifest)

    # ---- ways out

    def _promote(self, found: Release) -> Result:
        records.save(self._api, replace(found, status="promoted", failed_step=0, note=""))
        records.forget_old(self._api)
        self._forget_configs()
        self._journal.note("promoted", release=found.number)
        text = f"release {found.number} is promoted: {len(found.plan.steps)} steps"
        return Result("promoted", found.number, text)

    def _roll_back(self, found: Release, reason: str) -> Result:
        self._tell(f"rolling back ({found.scope}): {reason}")
        try:
            kept = Rollback(self._api, self._clock, self._applier, self._tell).run(found)
        except LostConnection as error:
            self._journal.note("paused", release=found.number, text=str(error))
            return Result("paused", found.number, f"lost the API server while rolling back: {error}")
        except (RollbackFailed, StepFailed, ApiError) as error:
            records.save(self._api, replace(found, status="rollback-failed", note=str(error)))
            self._journal.note("rollback-failed", release=found.number, text=str(error))
            return Result("rollback-failed", found.number, f"rolling back failed: {error}")
        records.save(self._api, replace(found, status="rolled-back", manifests=kept, note=reason))
        self._journal.note("rolled-back", release=found.number, text=reason)
        return Result("rolled-back", found.number, f"release {found.number} is rolled back: {reason}")

    def _paused(self, found: Release, text: str, *, is_reachable: bool = True) -> Result:
        self._journal.note("paused", release=found.number, text=text)
        if is_reachable:
            try:
                # The newest record may know more than we do: only its status changes.
                known = records.load(self._api, found.number) or found
                failed = found.failed_step
                records.save(self._api, replace(known, status="paused", note=text, failed_step=failed))
            except (LostConnection, ApiError):
                pass
        return Result("paused", found.number, f"{text}; rollout --resume goes on")

    def _beat(self, text: str) -> None:
        self._lease.renew()

    def _give_back(self) -> None:
        try:
            self._lease.release()
        except (LostConnection, ApiError):
            self._journal.note("lease-not-released")

    def _kind_of(self, name: str) -> str | None:
        for kind in ("Deployment", "StatefulSet"):
            try:
                self._api.get(kind, name)
            except ApiNotFound:
                continue
            return kind
        return None

    def _forget_configs(self) -> None:
        """Delete our hashed ConfigMaps that no kept release names."""
        kept: set[str] = set()
        for number in records.numbers(self._api):
            found = records.load(self._api, number)
            kept |= (
                {m["metadata"]["name"] for m in found.manifests if m["kind"] == "ConfigMap"}
                if found
                else set()
            )
        selector = "app.kubernetes.io/part-of=openpolicy"
        for item in self._api.read_all("ConfigMap", selector)[0]:
            name = item["metadata"]["name"]
            if name not in kept and not name.startswith(records.PREFIX):
                self._api.delete("ConfigMap", name)


def _last_good(api: ClusterApi, last: Release | None) -> int:
    """Return the number of the newest release whose manifests describe what runs."""
    if last is None:
        return 0
    for number in reversed(records.numbers(api)):
        found = records.load(api, number)
        if found and found.status in {"promoted", "rolled-back"}:
            return number
    return 0


def _manifest(manifests: Iterable[Manifest], name: str) -> Manifest | None:
    for manifest in manifests:
        is_workload = manifest["kind"] in {"Deployment", "StatefulSet", "Job"}
        if is_workload and manifest["metadata"]["name"] == name:
            return manifest
    return None


def _number_after(note: str) -> int:
    """Return the number of pods that a scaling step's note ends with."""
    return int(note.rsplit(" ", 1)[-1])


def _words(step: Step, plan: Plan) -> str:
    share = f"{100 * step.requests_before // plan.allocatable}% → " if plan.allocatable else ""
    after = f"{100 * step.requests_after // plan.allocatable}%" if plan.allocatable else ""
    how = f" ({step.mode})" if step.mode != "none" else ""
    where = f" {step.workload}" if step.workload else ""
    return f"step {step.number} {step.action}{where}{how}  requests {share}{after} {step.note}".rstrip()
