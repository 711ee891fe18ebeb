"""Call the API server again when it could not be reached; give up in words after a while."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeVar

from services.cluster.clock import Clock
from services.cluster.port import ApiBusy, ApiConflict, ApiGone, ApiUnavailable, ClusterApi, Object

T = TypeVar("T")
PATIENCE_S = 120.0
_FIRST_PAUSE_S = 0.5
_LAST_PAUSE_S = 10.0


class LostConnection(Exception):
    """The API server stayed away for longer than we wait; nothing is known to be broken."""


class PatientApi:
    """A `ClusterApi` whose calls outlast short absences of the API server.

    Every call here may be repeated: applying, deleting by uid, patching to a value and reading are
    idempotent. A creation that is repeated may find its own object: that conflict is the caller's to read.
    """

    def __init__(self, api: ClusterApi, clock: Clock, patience_s: float = PATIENCE_S) -> None:
        self._api = api
        self._clock = clock
        self._patience_s = patience_s
        self.cluster = api.cluster
        self.namespace = api.namespace

    def _again(self, call: Callable[[], T]) -> T:
        started = self._clock.now()
        pause = _FIRST_PAUSE_S
        while True:
            try:
                return call()
            except ApiUnavailable as error:
                waited = (self._clock.now() - started).total_seconds()
                if waited >= self._patience_s:
                    raise LostConnection(f"the API server was away for {waited:.0f} s: {error}") from error
                self._clock.sleep(pause)
                pause = min(pause * 2, _LAST_PAUSE_S)

    def get(self, kind: str, name: str) -> Object:
        """Return an object. Raises: ApiNotFound."""
        return self._again(lambda: self._api.get(kind, name))

    def read_all(self, kind: str, selector: str = "") -> tuple[list[Object], str]:
        """Return the objects of a kind and their resource version."""
        return self._again(lambda: self._api.read_all(kind, selector))

    def apply(self, manifest: Object, *, force: bool = True, dry_run: bool = False) -> Object:
        """Apply server-side; a conflict with a write that came between is tried again."""
        for _ in range(5):
            try:
                return self._again(lambda: self._api.apply(manifest, force=force, dry_run=dry_run))
            except ApiConflict:
                if not force:
                    raise
                self._clock.sleep(_FIRST_PAUSE_S)
        return self._again(lambda: self._api.apply(manifest, force=force, dry_run=dry_run))

    def create(self, manifest: Object) -> Object:
        """Create an object. Raises: ApiConflict when it exists."""
        return self._again(lambda: self._api.create(manifest))

    def replace(self, manifest: Object) -> Object:
        """Put an object back that was read. Raises: ApiConflict."""
        return self._again(lambda: self._api.replace(manifest))

    def patch(self, kind: str, name: str, patch: Object) -> Object:
        """Merge-patch an object."""
        return self._again(lambda: self._api.patch(kind, name, patch))

    def delete(self, kind: str, name: str, *, uid: str = "") -> None:
        """Delete an object."""
        self._again(lambda: self._api.delete(kind, name, uid=uid))

    def evict(self, name: str) -> None:
        """Evict a pod. Raises: ApiBusy when its disruption budget refuses."""
        self._again(lambda: self._api.evict(name))

    def watch(self, kind: str, resource_version: str, timeout_s: float) -> Iterator[Object]:
        """Yield changes until the time is over; a watch that breaks just ends: the caller reads again."""
        try:
            yield from self._api.watch(kind, resource_version, timeout_s)
        except (ApiUnavailable, ApiGone, ApiBusy):
            self._clock.sleep(_FIRST_PAUSE_S)

    def may(self, verb: str, kind: str) -> bool:
        """Tell whether the caller may do this."""
        return self._again(lambda: self._api.may(verb, kind))

    def logs(self, pod: str, lines: int) -> str:
        """Return the last lines of a pod."""
        return self._again(lambda: self._api.logs(pod, lines))

    def fetch(self, pod: str, port: int, path: str) -> tuple[int, str]:
        """Return status and body of an HTTP GET to a pod."""
        return self._again(lambda: self._api.fetch(pod, port, path))

    def execute(self, pod: str, command: list[str]) -> tuple[int, str]:
        """Run a command in a pod."""
        return self._again(lambda: self._api.execute(pod, command))

    def metrics(self) -> tuple[list[Object], list[Object]] | None:
        """Return pod and node metrics, or None."""
        return self._again(self._api.metrics)
