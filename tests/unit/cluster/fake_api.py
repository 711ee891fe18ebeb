"""A small API server in memory that keeps what matters: server-side apply, resource versions, watch, quota.

`FakeApi` is one client's connection to a `FakeCluster`; connections can be lost and calls can kill their caller.
"""

import copy
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from services.cluster.port import (
    ApiConflict,
    ApiForbidden,
    ApiGone,
    ApiNotFound,
    ApiUnavailable,
)
from services.cluster.quantity import memory

Json = dict[str, Any]
START = datetime(2026, 3, 1, tzinfo=UTC)
KEPT_EVENTS = 400


class Killed(BaseException):
    """kill -9 of the command: nothing may catch it."""


class FakeClock:
    """Virtual time; waiting lets the cluster live."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.on_pass = lambda: None

    def now(self) -> datetime:
        return START + timedelta(seconds=self.seconds)

    def sleep(self, seconds: float) -> None:
        end = self.seconds + seconds
        while self.seconds < end:
            self.seconds = min(end, self.seconds + 1.0)
            self.on_pass()


def flat(value: Any, path: tuple[str, ...] = ()) -> dict[tuple[str, ...], Any]:
    """Return the leaves of an object; lists are one leaf."""
    if isinstance(value, dict) and value:
        return {p: leaf for key, inner in value.items() for p, leaf in flat(inner, (*path, key)).items()}
    return {path: value}


def put(target: Json, path: tuple[str, ...], value: Any) -> None:
    for key in path[:-1]:
        if not isinstance(target.get(key), dict):
            target[key] = {}
        target = target[key]
    target[path[-1]] = copy.deepcopy(value)


def drop(target: Json, path: tuple[str, ...]) -> None:
    parents = []
    for key in path[:-1]:
        if not isinstance(target.get(key), dict):
            return
        parents.append((target, key))
        target = target[key]
    target.pop(path[-1], None)
    for parent, key in reversed(parents):
        if parent[key] == {}:
            del parent[key]


def merge(target: Json, patch: Json) -> None:
    for key, value in patch.items():
        if value is None:
            target.pop(key, None)
        elif isinstance(value, dict):
            if not isinstance(target.get(key), dict):
                target[key] = {}
            merge(target[key], value)
        else:
            target[key] = copy.deepcopy(value)


class Store:
    """Objects with resource versions, generations, owned fields, and the events of their changes."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.objects: dict[tuple[str, str], Json] = {}
        self.kinds: dict[str, dict[str, Json]] = {}
        self.owned: dict[tuple[str, str], dict[str, set[tuple[str, ...]]]] = {}
        self.version = 0
        self.events: list[tuple[int, str, Json]] = []
        self.refused: list[str] = []
        """What a quota had no room for, as the API server words it."""

    def find(self, kind: str, name: str) -> Json:
        try:
            return self.objects[kind, name]
        except KeyError:
            raise ApiNotFound(f"{kind} {name} not found") from None

    def of(self, kind: str) -> list[Json]:
        return list(self.kinds.get(kind, {}).values())

    def write(self, item: Json, *, spec_before: Any = None) -> Json:
        self.version += 1
        meta = item["metadata"]
        meta["resourceVersion"] = str(self.version)
        if item.get("spec") != spec_before:
            meta["generation"] = int(meta.get("generation", 0)) + 1
        self.objects[item["kind"], meta["name"]] = item
        self.kinds.setdefault(item["kind"], {})[meta["name"]] = item
        self._tell(item["kind"], item)
        return item

    def _tell(self, kind: str, item: Json) -> None:
        self.events.append((self.version, kind, item))
        if len(self.events) > 2 * KEPT_EVENTS:
            del self.events[:KEPT_EVENTS]

    def add(self, item: Json) -> Json:
        key = item["kind"], item["metadata"]["name"]
        if key in self.objects:
            raise ApiConflict(f"{key[0]} {key[1]} already exists")
        if item["kind"] == "Pod":
            self.admit(item)
        item = copy.deepcopy(item)
        item["metadata"] |= {
            "uid": f"uid-{self.version + 1}",
            "creationTimestamp": self.clock.now().isoformat(),
            "namespace": "openpolicy",
        }
        return self.write(item)

    def remove(self, kind: str, name: str) -> None:
        gone = self.objects.pop((kind, name), None)
        self.kinds.get(kind, {}).pop(name, None)
        self.owned.pop((kind, name), None)
        if gone is not None:
            self.version += 1
            self._tell(kind, gone)

    def admit(self, pod: Json) -> None:
        """Refuse a pod that a ResourceQuota has no room for; terminating pods still count."""
        for quota in self.of("ResourceQuota"):
            hard = memory(quota["spec"]["hard"]["limits.memory"])
            used = sum(
                limit_of(p) for p in self.of("Pod") if p["status"].get("phase") not in {"Failed", "Succeeded"}
            )
            if used + limit_of(pod) > hard:
                self.refused.append(
                    f'pods "{pod["metadata"]["name"]}" is forbidden: exceeded quota: openpolicy, requested: '
                    f"limits.memory={limit_of(pod)}, used: limits.memory={used}, limited: limits.memory={hard}"
                )
                raise ApiForbidden(self.refused[-1])


def limit_of(pod: Json) -> int:
    return sum(memory(c["resources"]["limits"]["memory"]) for c in pod["spec"]["containers"])


def request_of(pod: Json) -> int:
    return sum(memory(c["resources"]["requests"]["memory"]) for c in pod["spec"]["containers"])


class FakeApi:
    """A client's connection: a `ClusterApi`."""

    def __init__(self, cluster: Any, *, kill_at: int | None = None) -> None:
        self.world = cluster
        self.store: Store = cluster.store
        self.cluster = "fake"
        self.namespace = "openpolicy"
        self.calls = 0
        self.kill_at = kill_at

    def _call(self, writes: bool = False) -> None:
        self.calls += 1
        if self.kill_at is not None and self.calls >= self.kill_at:
            raise Killed
        if self.world.is_away():
            raise ApiUnavailable("connection refused")

    def _after(self) -> None:
        # The request arrived, the answer did not.
        if self.world.loses_answer():
            raise ApiUnavailable("connection reset by peer")

    def get(self, kind: str, name: str) -> Json:
        self._call()
        return copy.deepcopy(self.store.find(kind, name))

    def read_all(self, kind: str, selector: str = "") -> tuple[list[Json], str]:
        self._call()
        key, _, value = selector.partition("=")
        found = [
            item
            for item in self.store.of(kind)
            if not key
            or (
                key in (labels := item["metadata"].get("labels") or {})
                and (not value or labels[key] == value)
            )
        ]
        return copy.deepcopy(found), str(self.store.version)

    def apply(self, manifest: Json, *, force: bool = True, dry_run: bool = False) -> Json:
        self._call()
        key = manifest["kind"], manifest["metadata"]["name"]
        wanted = {p: v for p, v in flat(manifest).items() if p[0] not in {"status"}}
        if key not in self.store.objects:
            if dry_run:
                return manifest
            item = self.store.add({**copy.deepcopy(manifest), "status": {}})
            self.store.owned[key] = {"openpolicy": set(wanted)}
            self._after()
            return copy.deepcopy(item)
        item = copy.deepcopy(self.store.objects[key])
        owners = self.store.owned.setdefault(key, {})
        for other, paths in owners.items():
            if other != "openpolicy":
                current = flat(item)
                clash = [p for p in paths & set(wanted) if current.get(p) != wanted[p]]
                if clash and not force:
                    raise ApiConflict(f"conflict with {other}: {clash[0]}")
                if not dry_run:
                    paths -= set(clash)
        for path in owners.get("openpolicy", set()) - set(wanted):
            if not any(path in paths for other, paths in owners.items() if other != "openpolicy"):
                drop(item, path)
        for path, value in wanted.items():
            put(item, path, value)
        if dry_run:
            return item
        owners["openpolicy"] = set(wanted)
        before = self.store.objects[key]
        if flat(item) != flat(before):
            self.store.write(item, spec_before=before.get("spec"))
        self._after()
        return copy.deepcopy(item)

    def create(self, manifest: Json) -> Json:
        self._call()
        item = self.store.add(manifest)
        self._after()
        return copy.deepcopy(item)

    def replace(self, manifest: Json) -> Json:
        self._call()
        kind, name = manifest["kind"], manifest["metadata"]["name"]
        current = self.store.find(kind, name)
        if manifest["metadata"].get("resourceVersion") != current["metadata"]["resourceVersion"]:
            raise ApiConflict(f"{kind} {name} has been modified")
        item = self.store.write(copy.deepcopy(manifest), spec_before=current.get("spec"))
        self._after()
        return copy.deepcopy(item)

    def patch(self, kind: str, name: str, patch: Json) -> Json:
        self._call()
        before = self.store.find(kind, name)
        item = copy.deepcopy(before)
        merge(item, patch)
        self.store.write(item, spec_before=before.get("spec"))
        self._after()
        return copy.deepcopy(item)

    def delete(self, kind: str, name: str, *, uid: str = "") -> None:
        self._call()
        item = self.store.find(kind, name)
        if uid and item["metadata"]["uid"] != uid:
            raise ApiConflict(f"{kind} {name} is another one by now")
        self.world.delete(kind, name)
        self._after()

    def evict(self, name: str) -> None:
        self.delete("Pod", name)

    def watch(self, kind: str, resource_version: str, timeout_s: float) -> Iterator[Json]:
        self._call()
        since = int(resource_version)
        if self.store.events and self.store.events[0][0] > since + 1 and since > 2 * KEPT_EVENTS:
            raise ApiGone("too old resource version")
        end = self.store.clock.seconds + timeout_s
        while True:
            for version, changed, item in list(self.store.events):
                if version > since and changed == kind:
                    since = version
                    yield copy.deepcopy(item)
            if self.store.clock.seconds >= end:
                return
            self.store.clock.sleep(1.0)
            self._call()

    def may(self, verb: str, kind: str) -> bool:
        self._call()
        return True

    def logs(self, pod: str, lines: int) -> str:
        self._call()
        self.store.find("Pod", pod)
        return f"the last words of {pod}"

    def fetch(self, pod: str, port: int, path: str) -> tuple[int, str]:
        self._call()
        return self.world.answer(self.store.find("Pod", pod), path)

    def execute(self, pod: str, command: list[str]) -> tuple[int, str]:
        self._call()
        self.store.find("Pod", pod)
        return 0, "1"

    def metrics(self) -> tuple[list[Json], list[Json]] | None:
        self._call()
        return self.world.metrics(), []


class CalmApi(FakeApi):
    """A look at the cluster that no fault disturbs, for the tests themselves."""

    def _call(self, writes: bool = False) -> None:
        return

    def _after(self) -> None:
        return
