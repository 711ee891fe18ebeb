"""One operator at a time: the Lease `openpolicy-rollout`, taken, renewed, given back."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from services.cluster.clock import Clock
from services.cluster.port import ApiConflict, ApiNotFound, ClusterApi

NAME = "openpolicy-rollout"
DURATION_S = 60
_FORMAT = "%Y-%m-%dT%H:%M:%S.%fZ"


class LeaseHeld(Exception):
    """Somebody else is changing the cluster."""


class Lease:
    """The right to change the platform's workloads; lost when it is not renewed within a minute."""

    def __init__(self, api: ClusterApi, clock: Clock, holder: str) -> None:
        self._api = api
        self._clock = clock
        self.holder = holder
        self._renewed: datetime | None = None

    def acquire(self) -> None:
        """Take the lease when it is free, expired or ours. Raises: LeaseHeld."""
        for _ in range(3):
            try:
                self._take()
                return
            except ApiConflict:
                # Somebody wrote between our read and our write: look again.
                continue
        raise LeaseHeld("others are taking the lease at this moment")

    def renew(self) -> None:
        """Keep the lease; asks the server only when a third of its time has passed. Raises: LeaseHeld."""
        now = self._clock.now()
        if self._renewed is None or now - self._renewed >= timedelta(seconds=DURATION_S / 3):
            self.acquire()

    def release(self) -> None:
        """Give the lease back; harmless when it is no longer ours."""
        try:
            found = self._api.get("Lease", NAME)
            if found["spec"].get("holderIdentity") == self.holder:
                found["spec"]["holderIdentity"] = ""
                self._api.replace(found)
        except (ApiConflict, ApiNotFound):
            return

    def _take(self) -> None:
        try:
            found = self._api.get("Lease", NAME)
        except ApiNotFound:
            head = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease"}
            meta = {"name": NAME, "namespace": self._api.namespace}
            self._api.create({**head, "metadata": meta, "spec": self._spec(0)})
        else:
            spec = found["spec"]
            holder = spec.get("holderIdentity") or ""
            if holder not in {"", self.holder} and not self._is_over(spec):
                raise LeaseHeld(
                    f"{holder} is changing the cluster (lease {NAME}, renewed {spec['renewTime']})"
                )
            changes = int(spec.get("leaseTransitions") or 0) + (holder != self.holder)
            self._api.replace({**found, "spec": self._spec(changes)})
        self._renewed = self._clock.now()

    def _spec(self, changes: int) -> dict[str, Any]:
        now = self._clock.now().strftime(_FORMAT)
        return {
            "holderIdentity": self.holder,
            "leaseDurationSeconds": DURATION_S,
            "acquireTime": now,
            "renewTime": now,
            "leaseTransitions": changes,
        }

    def _is_over(self, spec: dict[str, Any]) -> bool:
        renewed = spec.get("renewTime")
        if not renewed:
            return True
        at = datetime.fromisoformat(str(renewed).replace("Z", "+00:00"))
        return self._clock.now() - at > timedelta(seconds=int(spec.get("leaseDurationSeconds") or 0))
