"""Release records: what was rolled out, kept in the cluster, so that rolling back is applying it again."""

from __future__ import annotations

import base64
import gzip
import io
import json
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

from services.cluster.manifests import Manifest
from services.cluster.plan import Plan, plan_of
from services.cluster.port import ApiNotFound, ClusterApi

Status = Literal["running", "promoted", "paused", "rolling-back", "rolled-back", "rollback-failed"]

PREFIX = "openpolicy-release-"
LABEL = "openpolicy.io/release"
KEEP = 5
MAX_BYTES = 1_000_000
_MAX_UNPACKED = 32 * 2**20


class BadRelease(ValueError):
    """A release record is damaged or too large."""


@dataclass(frozen=True)
class Release:
    """One rollout: what it wants, what was there before, how far it is."""

    number: int
    status: Status
    manifests: list[Manifest]
    plan: Plan
    previous: int = 0
    """Number of the release that a rollback goes to; 0: there was none."""
    done: tuple[int, ...] = ()
    failed_step: int = 0
    scope: str = "wave"
    note: str = ""
    former: dict[str, int] = field(default_factory=dict)
    """Replicas of former services before this release ended them, as `Kind/name`."""

    @property
    def is_open(self) -> bool:
        """Tell whether it was left in the middle."""
        return self.status in {"running", "paused", "rolling-back"}


def save(api: ClusterApi, release: Release) -> Release:
    """Write the record to the cluster and return it. Raises: BadRelease when it would not fit an object."""
    body = {**asdict(replace(release, plan=None)), "plan": release.plan.as_dict()}  # type: ignore[arg-type]
    packed = base64.b64encode(gzip.compress(json.dumps(body).encode(), mtime=0)).decode()
    if len(packed) > MAX_BYTES:
        raise BadRelease(f"release {release.number} is {len(packed):,} bytes; an object holds {MAX_BYTES:,}")
    api.apply(
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {
                "name": f"{PREFIX}{release.number}",
                "labels": {
                    LABEL: str(release.number),
                    "openpolicy.io/status": release.status,
                    "app.kubernetes.io/part-of": "openpolicy",
                },
            },
            "data": {"release": packed},
        }
    )
    return release


def load(api: ClusterApi, number: int) -> Release | None:
    """Read a record, or None. Raises: BadRelease."""
    try:
        found = api.get("ConfigMap", f"{PREFIX}{number}")
    except ApiNotFound:
        return None
    return _unpack(found)


def numbers(api: ClusterApi) -> list[int]:
    """Return the numbers of all records, oldest first."""
    items, _ = api.read_all("ConfigMap", LABEL)
    return sorted(int(item["metadata"]["labels"][LABEL]) for item in items)


def newest(api: ClusterApi) -> Release | None:
    """Return the newest record, or None. Raises: BadRelease."""
    known = numbers(api)
    return load(api, known[-1]) if known else None


def forget_old(api: ClusterApi, keep: int = KEEP) -> list[int]:
    """Delete all but the newest records and return their numbers."""
    gone = numbers(api)[:-keep]
    for number in gone:
        try:
            api.delete("ConfigMap", f"{PREFIX}{number}")
        except ApiNotFound:
            continue
    return gone


def _unpack(found: dict[str, Any]) -> Release:
    try:
        packed = base64.b64decode(found["data"]["release"], validate=True)
        with gzip.GzipFile(fileobj=io.BytesIO(packed)) as file:
            text = file.read(_MAX_UNPACKED + 1)
        if len(text) > _MAX_UNPACKED:
            raise BadRelease("the record unpacks to more than a release can be")
        body = json.loads(text)
        body["plan"] = plan_of(body["plan"])
        body["done"] = tuple(body["done"])
        return Release(**body)
    except (KeyError, TypeError, ValueError, OSError, EOFError) as error:
        name = found.get("metadata", {}).get("name", "a release record")
        raise BadRelease(f"{name} is damaged: {error!r}") from error
