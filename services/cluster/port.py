"""What the engine needs of a Kubernetes API, and the ways in which it fails."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol

Object = dict[str, Any]
FIELD_MANAGER = "openpolicy"


class ApiError(Exception):
    """The API server refused a request; ``status`` is its HTTP status."""

    status = 500


class ApiNotFound(ApiError):
    """There is no such object."""

    status = 404


class ApiConflict(ApiError):
    """Somebody else changed the object, owns the field, or made it first."""

    status = 409


class ApiForbidden(ApiError):
    """Not permitted, or refused by a quota."""

    status = 403


class ApiInvalid(ApiError):
    """The object makes no sense to the API server."""

    status = 422


class ApiBusy(ApiError):
    """Not now: an eviction that a disruption budget refuses, or too many requests."""

    status = 429


class ApiGone(ApiError):
    """The watch's starting point is too old."""

    status = 410


class ApiUnavailable(ApiError):
    """The API server cannot be reached, or broke off."""

    status = 503


class ClusterApi(Protocol):
    """One namespace of one cluster. Every method raises `ApiError` of the fitting class."""

    cluster: str
    namespace: str

    def get(self, kind: str, name: str) -> Object:
        """Return an object. Raises: ApiNotFound."""
        ...

    def read_all(self, kind: str, selector: str = "") -> tuple[list[Object], str]:
        """Return the objects of a kind and the resource version that a watch may start from."""
        ...

    def apply(self, manifest: Object, *, force: bool = True, dry_run: bool = False) -> Object:
        """Apply server-side as `openpolicy`. Raises: ApiConflict when a field is another's and not forced."""
        ...

    def create(self, manifest: Object) -> Object:
        """Create an object. Raises: ApiConflict when it exists."""
        ...

    def replace(self, manifest: Object) -> Object:
        """Put an object back that was read. Raises: ApiConflict when it has changed since."""
        ...

    def patch(self, kind: str, name: str, patch: Object) -> Object:
        """Merge-patch an object."""
        ...

    def delete(self, kind: str, name: str, *, uid: str = "") -> None:
        """Delete an object (only if it still is the one of that uid); its dependants follow."""
        ...

    def evict(self, name: str) -> None:
        """Evict a pod through its disruption budget. Raises: ApiBusy when that refuses."""
        ...

    def watch(self, kind: str, resource_version: str, timeout_s: float) -> Iterator[Object]:
        """Yield objects of a kind as they change, until the time is over. Raises: ApiGone."""
        ...

    def may(self, verb: str, kind: str) -> bool:
        """Tell whether the caller may do this in the namespace."""
        ...

    def logs(self, pod: str, lines: int) -> str:
        """Return the last lines of a pod's first container, of the run before when there was one."""
        ...

    def fetch(self, pod: str, port: int, path: str) -> tuple[int, str]:
        """Return status and body of an HTTP GET to a pod, through the API server."""
        ...

    def execute(self, pod: str, command: list[str]) -> tuple[int, str]:
        """Run a command in a pod's first container; return its exit code and output."""
        ...

    def metrics(self) -> tuple[list[Object], list[Object]] | None:
        """Return pod and node metrics, or None where nobody measures."""
        ...
