"""A real cluster behind the port, through the `kubernetes` package and the user's kubeconfig."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

from kubernetes import client, config
from kubernetes.client.exceptions import ApiException
from kubernetes.config.config_exception import ConfigException
from urllib3.exceptions import HTTPError, ReadTimeoutError

from services.cluster.port import (
    FIELD_MANAGER,
    ApiBusy,
    ApiConflict,
    ApiError,
    ApiForbidden,
    ApiGone,
    ApiInvalid,
    ApiNotFound,
    ApiUnavailable,
    Object,
)

# kind: (API prefix, plural, namespaced)
PATHS: dict[str, tuple[str, str, bool]] = {
    "Namespace": ("/api/v1", "namespaces", False),
    "Node": ("/api/v1", "nodes", False),
    "Pod": ("/api/v1", "pods", True),
    "Service": ("/api/v1", "services", True),
    "ServiceAccount": ("/api/v1", "serviceaccounts", True),
    "ConfigMap": ("/api/v1", "configmaps", True),
    "Secret": ("/api/v1", "secrets", True),
    "ResourceQuota": ("/api/v1", "resourcequotas", True),
    "LimitRange": ("/api/v1", "limitranges", True),
    "PersistentVolumeClaim": ("/api/v1", "persistentvolumeclaims", True),
    "Deployment": ("/apis/apps/v1", "deployments", True),
    "StatefulSet": ("/apis/apps/v1", "statefulsets", True),
    "ReplicaSet": ("/apis/apps/v1", "replicasets", True),
    "Job": ("/apis/batch/v1", "jobs", True),
    "CronJob": ("/apis/batch/v1", "cronjobs", True),
    "PodDisruptionBudget": ("/apis/policy/v1", "poddisruptionbudgets", True),
    "NetworkPolicy": ("/apis/networking.k8s.io/v1", "networkpolicies", True),
    "Ingress": ("/apis/networking.k8s.io/v1", "ingresses", True),
    "PriorityClass": ("/apis/scheduling.k8s.io/v1", "priorityclasses", False),
    "Lease": ("/apis/coordination.k8s.io/v1", "leases", True),
    "HorizontalPodAutoscaler": ("/apis/autoscaling/v2", "horizontalpodautoscalers", True),
    "Role": ("/apis/rbac.authorization.k8s.io/v1", "roles", True),
    "RoleBinding": ("/apis/rbac.authorization.k8s.io/v1", "rolebindings", True),
    "Cluster": ("/apis/postgresql.cnpg.io/v1", "clusters", True),
    "PodMonitor": ("/apis/monitoring.coreos.com/v1", "podmonitors", True),
    "PrometheusRule": ("/apis/monitoring.coreos.com/v1", "prometheusrules", True),
    "ScaledObject": ("/apis/keda.sh/v1alpha1", "scaledobjects", True),
    "TriggerAuthentication": ("/apis/keda.sh/v1alpha1", "triggerauthentications", True),
}
_ERRORS: dict[int, type[ApiError]] = {
    403: ApiForbidden,
    404: ApiNotFound,
    409: ApiConflict,
    410: ApiGone,
    422: ApiInvalid,
    429: ApiBusy,
}
TIMEOUT_S = 30
_PAGE = 500
_MAX_BODY = 4 * 2**20


class NoCluster(Exception):
    """There is no kubeconfig, or it names no such context."""


class KubeApi:
    """One namespace of the cluster that a kubeconfig's context names: a `ClusterApi`."""

    def __init__(self, api: client.ApiClient, cluster: str, namespace: str) -> None:
        self._api = api
        self.cluster = cluster
        self.namespace = namespace

    @classmethod
    def connect(cls, namespace: str, context: str | None = None, kubeconfig: str | None = None) -> KubeApi:
        """Return a connection by the user's kubeconfig. Raises: NoCluster."""
        try:
            contexts, active = config.list_kube_config_contexts(  # type: ignore[no-untyped-call]
                config_file=kubeconfig
            )
            known = {entry["name"] for entry in contexts}
            name = context or active["name"]
            if name not in known:
                raise NoCluster(f"the kubeconfig has no context {name!r}: {', '.join(sorted(known))}")
            api = config.new_client_from_config(  # type: ignore[no-untyped-call]
                config_file=kubeconfig, context=name
            )
        except (ConfigException, OSError, KeyError, TypeError) as error:
            raise NoCluster(f"no usable kubeconfig: {error}") from None
        return cls(api, name, namespace)

    # ---- objects

    def get(self, kind: str, name: str) -> Object:
        """Return an object. Raises: ApiNotFound."""
        return self._json("GET", self._path(kind, name))

    def read_all(self, kind: str, selector: str = "") -> tuple[list[Object], str]:
        """Return the objects of a kind and the resource version that a watch may start from."""
        if kind == "PodElsewhere":
            items, version = self._list("/api/v1/pods", selector)
            return [i for i in items if i["metadata"].get("namespace") != self.namespace], version
        items, version = self._list(self._path(kind), selector)
        for item in items:
            item.setdefault("kind", kind)
            item.setdefault("apiVersion", PATHS[kind][0].removeprefix("/apis/").removeprefix("/api/"))
        return items, version

    def _list(self, path: str, selector: str) -> tuple[list[Object], str]:
        query: list[tuple[str, str]] = [("limit", str(_PAGE))]
        if selector:
            query.append(("labelSelector", selector))
        found: list[Object] = []
        more = ""
        while True:
            page = self._json("GET", path, query=[*query, *([("continue", more)] if more else [])])
            found += page.get("items") or []
            more = page.get("metadata", {}).get("continue") or ""
            if not more:
                items = [{"kind": page["kind"].removesuffix("List"), **item} for item in found]
                return items, str(page.get("metadata", {}).get("resourceVersion", ""))

    def apply(self, manifest: Object, *, force: bool = True, dry_run: bool = False) -> Object:
        """Apply server-side as `openpolicy`. Raises: ApiConflict when a field is another's and not forced."""
        query = [("fieldManager", FIELD_MANAGER), ("force", str(force).lower())]
        if dry_run:
            query.append(("dryRun", "All"))
        path = self._path(manifest["kind"], manifest["metadata"]["name"], manifest.get("apiVersion"))
        return self._json("PATCH", path, body=manifest, query=query, sends="application/apply-patch+yaml")

    def create(self, manifest: Object) -> Object:
        """Create an object. Raises: ApiConflict when it exists."""
        path = self._path(manifest["kind"], api_version=manifest.get("apiVersion"))
        return self._json("POST", path, body=manifest, query=[("fieldManager", FIELD_MANAGER)])

    def replace(self, manifest: Object) -> Object:
        """Put an object back that was read. Raises: ApiConflict when it has changed since."""
        path = self._path(manifest["kind"], manifest["metadata"]["name"], manifest.get("apiVersion"))
        return self._json("PUT", path, body=manifest, query=[("fieldManager", FIELD_MANAGER)])

    def patch(self, kind: str, name: str, patch: Object) -> Object:
        """Merge-patch an object."""
        path = self._path(kind, name)
        query = [("fieldManager", FIELD_MANAGER)]
        return self._json("PATCH", path, body=patch, query=query, sends="application/merge-patch+json")

    def delete(self, kind: str, name: str, *, uid: str = "") -> None:
        """Delete an object (only if it still is the one of that uid); its dependants follow."""
        body: Object = {"apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": "Background"}
        if uid:
            body["preconditions"] = {"uid": uid}
        self._json("DELETE", self._path(kind, name), body=body)

    def evict(self, name: str) -> None:
        """Evict a pod through its disruption budget. Raises: ApiBusy when that refuses."""
        meta = {"name": name, "namespace": self.namespace}
        body = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": meta}
        self._json("POST", self._path("Pod", name) + "/eviction", body=body)

    def watch(self, kind: str, resource_version: str, timeout_s: float) -> Iterator[Object]:
        """Yield objects of a kind as they change, until the time is over. Raises: ApiGone."""
        seconds = max(1, int(timeout_s))
        query = [("watch", "true"), ("resourceVersion", resource_version), ("timeoutSeconds", str(seconds))]
        answer = self._call("GET", self._path(kind), query=query, timeout=seconds + 5)
        try:
            for line in _lines(answer):
                event = json.loads(line)
                if event.get("type") == "ERROR":
                    status = int(event.get("object", {}).get("code", 500))
                    raise _ERRORS.get(status, ApiUnavailable)(event.get("object", {}).get("message", ""))
                yield event["object"]
        except ReadTimeoutError:
            return
        except (HTTPError, OSError, ValueError) as error:
            raise ApiUnavailable(f"the watch broke off: {error}") from error
        finally:
            answer.release_conn()

    # ---- questions

    def may(self, verb: str, kind: str) -> bool:
        """Tell whether the caller may do this in the namespace."""
        prefix, plural, namespaced = PATHS[kind]
        group = prefix.removeprefix("/apis/").rpartition("/")[0] if prefix != "/api/v1" else ""
        wanted = {"verb": verb, "group": group, "resource": plural}
        if namespaced:
            wanted["namespace"] = self.namespace
        review = {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SelfSubjectAccessReview",
            "spec": {"resourceAttributes": wanted},
        }
        path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
        return bool(self._json("POST", path, body=review).get("status", {}).get("allowed"))

    def logs(self, pod: str, lines: int) -> str:
        """Return the last lines of a pod's first container, of the run before when there was one."""
        query = [("tailLines", str(lines)), ("limitBytes", "65536")]
        name = self.get("Pod", pod)["spec"]["containers"][0]["name"]
        query.append(("container", name))
        path = self._path("Pod", pod) + "/log"
        for asked in ([*query, ("previous", "true")], query):
            try:
                return self._text(path, asked)
            except ApiError as error:
                if error.status == 0:
                    raise
                refusal = error
        # The kubelet does not answer, which is no reason to ask the API server again.
        raise ApiError(f"no log of {pod}: {refusal}")

    def fetch(self, pod: str, port: int, path: str) -> tuple[int, str]:
        """Return status and body of an HTTP GET to a pod, through the API server's proxy."""
        try:
            answer = self._call("GET", f"{self._path('Pod', pod)}:{port}/proxy{path}", accepts="*/*")
        except ApiError as error:
            if error.status == 0:
                raise
            # The pod's own refusal, or the proxy's that found nobody: both answer the question.
            return error.status, str(error)
        try:
            return int(answer.status), answer.read(_MAX_BODY).decode("utf-8", "replace")
        finally:
            answer.release_conn()

    def execute(self, pod: str, command: list[str]) -> tuple[int, str]:
        """Run a command in a pod's first container; return its exit code and output."""
        from kubernetes.stream import stream

        name = self.get("Pod", pod)["spec"]["containers"][0]["name"]
        # `stream` swaps the client's request method for a websocket's: it gets a client of its own.
        own = client.CoreV1Api(client.ApiClient(self._api.configuration))
        try:
            channel = stream(
                own.connect_get_namespaced_pod_exec,
                pod,
                self.namespace,
                command=command,
                container=name,
                stderr=True,
                stdin=False,
                stdout=True,
                tty=False,
                _preload_content=False,
            )
            channel.run_forever(timeout=TIMEOUT_S)
            output = channel.read_all()
            code = channel.returncode
        except ApiException as error:
            raise error_for(int(error.status or 0), str(error.body or error.reason)) from error
        return (1 if code is None else int(code)), output

    def metrics(self) -> tuple[list[Object], list[Object]] | None:
        """Return pod and node metrics, or None where nobody measures."""
        base = "/apis/metrics.k8s.io/v1beta1"
        try:
            pods = self._json("GET", f"{base}/namespaces/{self.namespace}/pods")
            nodes = self._json("GET", f"{base}/nodes")
        except (ApiNotFound, ApiForbidden, ApiUnavailable):
            return None
        return (
            [{**item, "kind": "PodMetrics"} for item in pods.get("items") or []],
            [{**item, "kind": "NodeMetrics"} for item in nodes.get("items") or []],
        )

    # ---- HTTP

    def _path(self, kind: str, name: str = "", api_version: str | None = None) -> str:
        if kind not in PATHS:
            raise ApiInvalid(f"{kind} ({api_version}) is not a kind that the platform uses")
        prefix, plural, namespaced = PATHS[kind]
        place = f"/namespaces/{self.namespace}" if namespaced else ""
        return f"{prefix}{place}/{plural}" + (f"/{name}" if name else "")

    def _json(self, method: str, path: str, **more: Any) -> Object:
        answer = self._call(method, path, **more)
        try:
            found: Object = json.loads(answer.read())
        except (HTTPError, OSError, ValueError) as error:
            raise ApiUnavailable(f"{method} {path}: {error}") from error
        finally:
            answer.release_conn()
        return found

    def _text(self, path: str, query: list[tuple[str, str]]) -> str:
        answer = self._call("GET", path, query=query, accepts="*/*")
        try:
            return str(answer.read(_MAX_BODY).decode("utf-8", "replace"))
        finally:
            answer.release_conn()

    def _call(
        self,
        method: str,
        path: str,
        *,
        body: Any = None,
        query: list[tuple[str, str]] | None = None,
        sends: str = "application/json",
        accepts: str = "application/json",
        timeout: float = TIMEOUT_S,
    ) -> Any:
        # The configured client's connections and credentials; its generated calls read whole answers.
        settings = self._api.configuration
        headers = {"Accept": accepts, "Content-Type": sends, "User-Agent": "openpolicy"}
        for entry in settings.auth_settings().values():
            if entry["in"] == "header" and entry["value"]:
                headers[entry["key"]] = entry["value"]
        url = settings.host + path + (f"?{urlencode(query)}" if query else "")
        try:
            answer = self._api.rest_client.pool_manager.request(
                method,
                url,
                body=None if body is None else json.dumps(body).encode(),
                headers=headers,
                preload_content=False,
                timeout=timeout,
                retries=False,
                redirect=False,
            )
        except (HTTPError, OSError) as error:
            away = ApiUnavailable(f"{method} {path}: {error}")
            away.status = 0  # nobody answered, which is not the same as an answer of 503
            raise away from error
        if answer.status >= 300:
            raise _refused(answer)
        return answer


def _lines(answer: Any) -> Iterator[bytes]:
    rest = b""
    for chunk in answer.stream(amt=None, decode_content=False):
        rest += chunk
        *whole, rest = rest.split(b"\n")
        yield from (line for line in whole if line.strip())


def _refused(answer: Any) -> ApiError:
    """Return the error of the port for an answer: the server's own words, no headers."""
    try:
        body = answer.read(_MAX_BODY).decode("utf-8", "replace")
    except (HTTPError, OSError) as error:
        body = str(error)
    finally:
        answer.release_conn()
    return error_for(int(answer.status), body)


def error_for(status: int, body: str) -> ApiError:
    """Return the error of the port that a status and its body stand for."""
    try:
        text = str(json.loads(body)["message"])
    except (ValueError, KeyError, TypeError):
        text = body[:300]
    if status in _ERRORS:
        return _ERRORS[status](text)
    if status == 0 or status >= 500:
        return ApiUnavailable(f"{status}: {text}")
    found = ApiError(f"{status}: {text}")
    found.status = status
    return found
