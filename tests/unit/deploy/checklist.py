"""The deployment checklist as functions: each looks at one overlay and says in words what breaks its rule."""

import re
from collections.abc import Callable, Iterator

from services.cluster.manifests import WORKLOAD_KINDS, Manifest, pod_spec
from services.cluster.quantity import MIB, memory

Finding = tuple[str, str]  # (Kind/name, what is wrong)
NAME = "app.kubernetes.io/name"
# A word for a secret that is given a literal value; `PASSWORD=$(cat file)` is not one.
_SECRET_VALUE = re.compile(r"(?im)^\s*\w*(password|secret|token|cookie)\s*=\s*(?!\$)[^\s;]")


def workloads(manifests: list[Manifest]) -> Iterator[tuple[str, Manifest]]:
    for manifest in manifests:
        if manifest["kind"] in WORKLOAD_KINDS:
            yield f"{manifest['kind']}/{manifest['metadata']['name']}", manifest


def servers(manifests: list[Manifest]) -> Iterator[tuple[str, Manifest]]:
    yield from ((name, m) for name, m in workloads(manifests) if m["kind"] in {"StatefulSet", "Deployment"})


def containers(manifest: Manifest) -> list[dict]:
    spec = pod_spec(manifest)
    return [*spec.get("initContainers", []), *spec["containers"]]


def probes_are_there_and_distinct(manifests: list[Manifest]) -> Iterator[Finding]:
    for name, manifest in servers(manifests):
        for container in pod_spec(manifest)["containers"]:
            for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
                if probe not in container:
                    yield name, f"no {probe}"
            ready, live = container.get("readinessProbe"), container.get("livenessProbe")
            if ready and live and all(ready.get(k) == live.get(k) for k in ("httpGet", "tcpSocket", "exec")):
                yield name, "readiness and liveness ask the same"


def liveness_asks_no_dependency(manifests: list[Manifest]) -> Iterator[Finding]:
    for name, manifest in servers(manifests):
        for container in pod_spec(manifest)["containers"]:
            live = container.get("livenessProbe", {})
            path = live.get("httpGet", {}).get("path", "/livez")
            if path not in {"/livez", "/healthz"}:
                yield name, f"liveness asks {path}"
            words = " ".join(live.get("exec", {}).get("command", []))
            if "diagnostics" in words or "broker" in words:
                yield name, f"liveness runs {words}"


def no_probe_boots_an_erlang_or_python(manifests: list[Manifest]) -> Iterator[Finding]:
    for name, manifest in servers(manifests):
        for container in pod_spec(manifest)["containers"]:
            for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
                command = " ".join(container.get(probe, {}).get("exec", {}).get("command", []))
                if any(
                    word in command for word in ("rabbitmq-diagnostics", "rabbitmqctl", "python", "celery ")
                ):
                    yield name, f"{probe} runs {command}"


def stateful_requests_equal_limits(manifests: list[Manifest]) -> Iterator[Finding]:
    for name, manifest in servers(manifests):
        if manifest["kind"] == "StatefulSet":
            for container in pod_spec(manifest)["containers"]:
                resources = container["resources"]
                if memory(resources["requests"]["memory"]) != memory(resources["limits"]["memory"]):
                    yield name, "memory request differs from its limit"


def memory_is_requested_and_limited(manifests: list[Manifest]) -> Iterator[Finding]:
    for name, manifest in workloads(manifests):
        for container in containers(manifest):
            resources = container.get("resources", {})
            asked, capped = resources.get("requests", {}), resources.get("limits", {})
            if "memory" not in asked or "memory" not in capped:
                yield name, f"{container['name']} has no memory request or limit"
            elif memory(asked["memory"]) > memory(capped["memory"]):
                yield name, f"{container['name']} asks for more than its limit"
            elif not 32 * MIB <= memory(asked["memory"]) <= memory(capped["memory"]) <= 1024 * MIB:
                yield name, f"{container['name']} is outside 32Mi..1Gi"
            if "cpu" not in asked:
                yield name, f"{container['name']} asks for no processor share"


def processor_is_never_limited(manifests: list[Manifest]) -> Iterator[Finding]:
    for name, manifest in workloads(manifests):
        for container in containers(manifest):
            if "cpu" in container.get("resources", {}).get("limits", {}):
                yield name, f"{container['name']} has a processor limit"
    for manifest in manifests:
        if manifest["kind"] == "LimitRange":
            for entry in manifest["spec"]["limits"]:
                if "cpu" in entry.get("default", {}):
                    yield "LimitRange", "sets a default processor limit"


def strategy_cannot_deadlock(manifests: list[Manifest]) -> Iterator[Finding]:
    for name, manifest in servers(manifests):
        spec = manifest["spec"]
        if manifest["kind"] == "StatefulSet":
            if spec.get("updateStrategy", {}).get("type") != "RollingUpdate":
                yield name, "no explicit updateStrategy"
            continue
        strategy = spec.get("strategy", {})
        if strategy.get("type") == "Recreate":
            continue
        rolling = strategy.get("rollingUpdate", {})
        if (rolling.get("maxSurge"), rolling.get("maxUnavailable")) != (1, 0):
            yield name, "neither Recreate nor one surging pod, said explicitly"
        if spec.get("progressDeadlineSeconds") != 180 or spec.get("minReadySeconds") != 10:
            yield name, "no progress deadline of 180 s or no 10 s of being ready"
        if spec.get("revisionHistoryLimit") != 3:
            yield name, "keeps another number of revisions than 3"


def a_volume_with_one_writer_is_never_shared(manifests: list[Manifest]) -> Iterator[Finding]:
    for name, manifest in servers(manifests):
        claims = [v for v in pod_spec(manifest).get("volumes", []) if "persistentVolumeClaim" in v]
        strategy = manifest["spec"].get("strategy", {}).get("type")
        if claims and manifest["kind"] == "Deployment" and strategy != "Recreate":
            yield name, "surges over a volume claim"


def budgets_let_a_node_be_drained(manifests: list[Manifest]) -> Iterator[Finding]:
    covered = set()
    for manifest in manifests:
        if manifest["kind"] == "PodDisruptionBudget":
            spec = manifest["spec"]
            covered.add(spec["selector"]["matchLabels"][NAME])
            if "minAvailable" in spec or spec.get("maxUnavailable") != 1:
                yield manifest["metadata"]["name"], "disruption budget is not maxUnavailable 1"
            if spec.get("unhealthyPodEvictionPolicy") != "AlwaysAllow":
                yield manifest["metadata"]["name"], "disruption budget protects broken pods"
    for name, manifest in servers(manifests):
        if manifest["metadata"]["labels"][NAME] not in covered:
            yield name, "no disruption budget"


def pods_are_restricted(manifests: list[Manifest]) -> Iterator[Finding]:
    for name, manifest in workloads(manifests):
        spec = pod_spec(manifest)
        pod = spec.get("securityContext", {})
        if (
            pod.get("runAsNonRoot") is not True
            or pod.get("seccompProfile", {}).get("type") != "RuntimeDefault"
        ):
            yield name, "may run as root or without seccomp"
        if pod.get("runAsUser", 0) < 10001:
            yield name, f"runs as user {pod.get('runAsUser')}"
        for container in containers(manifest):
            own = container.get("securityContext", {})
            if (
                own.get("allowPrivilegeEscalation") is not False
                or own.get("readOnlyRootFilesystem") is not True
            ):
                yield name, f"{container['name']} may escalate or write its root"
            if own.get("capabilities", {}).get("drop") != ["ALL"]:
                yield name, f"{container['name']} keeps capabilities"
        for volume in spec.get("volumes", []):
            if "emptyDir" in volume:
                if "sizeLimit" not in volume["emptyDir"]:
                    yield name, f"volume {volume['name']} has no size limit"
                if volume["emptyDir"].get("medium") == "Memory":
                    yield name, f"volume {volume['name']} lives in the pod's memory"
            if "hostPath" in volume:
                yield name, f"volume {volume['name']} is the host's"


def namespace_is_restricted(manifests: list[Manifest]) -> Iterator[Finding]:
    for manifest in manifests:
        if manifest["kind"] == "Namespace":
            labels = manifest["metadata"]["labels"]
            if labels.get("pod-security.kubernetes.io/enforce") != "restricted":
                yield manifest["metadata"]["name"], "does not enforce the restricted profile"


def accounts_are_own_and_blind(manifests: list[Manifest]) -> Iterator[Finding]:
    known = {m["metadata"]["name"] for m in manifests if m["kind"] == "ServiceAccount"}
    for name, manifest in workloads(manifests):
        spec = pod_spec(manifest)
        if (
            spec.get("serviceAccountName") != manifest["metadata"]["name"]
            or spec["serviceAccountName"] not in known
        ):
            yield name, "has no service account of its own"
        if (
            spec.get("automountServiceAccountToken") is not False
            or spec.get("enableServiceLinks") is not False
        ):
            yield name, "mounts a token or injects service variables"


def pods_have_a_rank(manifests: list[Manifest]) -> Iterator[Finding]:
    classes = {m["metadata"]["name"]: m["value"] for m in manifests if m["kind"] == "PriorityClass"}
    for name, manifest in workloads(manifests):
        tier = manifest["metadata"]["labels"].get("openpolicy.io/tier")
        if (
            pod_spec(manifest).get("priorityClassName") != f"openpolicy-{tier}"
            or f"openpolicy-{tier}" not in classes
        ):
            yield name, "has not the priority of its tier"
    order = [classes.get(f"openpolicy-{tier}", 0) for tier in ("infra", "hub", "worker", "job")]
    if order != sorted(order, reverse=True) or len(set(order)) != 4:
        yield "PriorityClass", "infra > hub > worker > job does not hold"


def pods_drain(manifests: list[Manifest]) -> Iterator[Finding]:
    for name, manifest in servers(manifests):
        spec = pod_spec(manifest)
        http = any("httpGet" in c.get("readinessProbe", {}) for c in spec["containers"])
        for container in spec["containers"]:
            if (
                http
                and container.get("lifecycle", {}).get("preStop", {}).get("sleep", {}).get("seconds") != 5
            ):
                yield name, "does not wait for its endpoint to be forgotten"
        if not 20 <= spec.get("terminationGracePeriodSeconds", 30) <= 120:
            yield name, "has an odd grace period"


def images_are_fixed(manifests: list[Manifest]) -> Iterator[Finding]:
    for name, manifest in workloads(manifests):
        for container in containers(manifest):
            image = container["image"]
            tag = image.rpartition(":")[2]
            if "@sha256:" not in image:
                yield name, f"{image} is not pinned by digest"
            if ":" not in image or tag in {"latest", "stable", ""}:
                yield name, f"{image} floats"
            if container.get("imagePullPolicy") != "IfNotPresent":
                yield name, f"{image} is pulled {container.get('imagePullPolicy')}"


def configuration_is_hashed(manifests: list[Manifest]) -> Iterator[Finding]:
    for manifest in manifests:
        if manifest["kind"] == "ConfigMap" and not re.search(r"-[a-z0-9]{10}$", manifest["metadata"]["name"]):
            yield manifest["metadata"]["name"], "a change of it would not roll its pods"


def no_secret_in_a_manifest(manifests: list[Manifest]) -> Iterator[Finding]:
    for manifest in manifests:
        if manifest["kind"] == "Secret":
            yield manifest["metadata"]["name"], "a secret is part of the manifests"
        if manifest["kind"] == "ConfigMap":
            for key, text in (manifest.get("data") or {}).items():
                if _SECRET_VALUE.search(f"{key}={text}"):
                    yield manifest["metadata"]["name"], f"{key} looks like it holds a secret"
    for name, manifest in workloads(manifests):
        for container in containers(manifest):
            sources = [entry.get("valueFrom", {}) for entry in container.get("env", [])]
            sources += container.get("envFrom", [])
            if any("secretKeyRef" in source or "secretRef" in source for source in sources):
                yield name, "reads a secret from the environment"


def jobs_end(manifests: list[Manifest]) -> Iterator[Finding]:
    for name, manifest in workloads(manifests):
        if manifest["kind"] == "CronJob":
            spec = manifest["spec"]["jobTemplate"]["spec"]
            if manifest["spec"].get("concurrencyPolicy") != "Forbid":
                yield name, "may run twice at once"
        elif manifest["kind"] == "Job":
            spec = manifest["spec"]
        else:
            continue
        if not spec.get("activeDeadlineSeconds") or not spec.get("ttlSecondsAfterFinished"):
            yield name, "has no deadline or is never cleared away"
        if spec.get("backoffLimit", 6) > 2:
            yield name, "tries more than three times"
        for container in containers(manifest):
            if memory(container["resources"]["limits"]["memory"]) > 256 * MIB:
                yield name, "takes more than 256Mi"


def spread_never_blocks_one_node(manifests: list[Manifest]) -> Iterator[Finding]:
    for name, manifest in servers(manifests):
        for rule in pod_spec(manifest).get("topologySpreadConstraints", []):
            if rule["whenUnsatisfiable"] != "ScheduleAnyway":
                yield name, "waits for a second node"


RULES: dict[str, Callable[[list[Manifest]], Iterator[Finding]]] = {
    rule.__name__: rule
    for rule in (
        probes_are_there_and_distinct, liveness_asks_no_dependency, no_probe_boots_an_erlang_or_python,
        stateful_requests_equal_limits, memory_is_requested_and_limited, processor_is_never_limited,
        strategy_cannot_deadlock, a_volume_with_one_writer_is_never_shared, budgets_let_a_node_be_drained,
        pods_are_restricted, namespace_is_restricted, accounts_are_own_and_blind, pods_have_a_rank, pods_drain,
        images_are_fixed, configuration_is_hashed, no_secret_in_a_manifest, jobs_end, spread_never_blocks_one_node,
    )
}  # fmt: skip
