"""A real API server with etcd, controllers and scheduler, where `KUBEBUILDER_ASSETS` names a folder of binaries.

No kubelet and no network come with it: nodes are objects, and `Kubelet` plays their part by setting the status
of pods.
"""

from __future__ import annotations

import base64
import json
import os
import secrets
import ssl
import subprocess
import tempfile
import threading
import time
import urllib.error
import urllib.request
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from shared.testing.packages import Unobtainable
from shared.testing.ports import free_port

NEEDED = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler")
START_TIMEOUT_SECONDS = 120
Json = dict[str, Any]


def assets() -> Path:
    """Return the folder of the binaries. Raises: Unobtainable."""
    named = os.environ.get("KUBEBUILDER_ASSETS")
    if not named:
        raise Unobtainable("KUBEBUILDER_ASSETS names no folder with a Kubernetes API server")
    missing = [name for name in NEEDED if not (Path(named) / name).exists()]
    if missing:
        raise Unobtainable(f"KUBEBUILDER_ASSETS has no {', '.join(missing)}")
    return Path(named)


class ControlPlane:
    """etcd, kube-apiserver, kube-controller-manager and kube-scheduler on loopback, ended with the block."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="openpolicy-kube-")
        self.path = Path(self._folder.name)
        self.token = secrets.token_hex(16)
        self.port = free_port()
        self.kubeconfig = self.path / "kubeconfig"
        self._running: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> Self:
        try:
            self._start(assets())
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for process in reversed(self._running):
            process.terminate()
        for process in reversed(self._running):
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(20)
        self._folder.cleanup()

    def request(
        self, method: str, path: str, body: Json | None = None, sends: str = "application/json"
    ) -> Json:
        """Make one request as the administrator. Raises: urllib.error.HTTPError."""
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": sends}
        data = None if body is None else json.dumps(body).encode()
        call = urllib.request.Request(
            f"https://127.0.0.1:{self.port}{path}", data=data, headers=headers, method=method
        )
        with urllib.request.urlopen(call, timeout=30, context=self._tls()) as answer:
            found: Json = json.loads(answer.read() or b"{}")
        return found

    def add_node(self, name: str, memory: str, cpu: str) -> None:
        """Add a node as an object, ready, with what it can allocate."""
        self.request(
            "POST", "/api/v1/nodes", {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name}}
        )
        amount = {"memory": memory, "cpu": cpu, "pods": "110", "ephemeral-storage": "100Gi"}
        ready = {"type": "Ready", "status": "True", "reason": "KubeletReady"}
        status = {"capacity": amount, "allocatable": amount, "conditions": [ready]}
        merge = "application/merge-patch+json"
        self.request("PATCH", f"/api/v1/nodes/{name}/status", {"status": status}, merge)
        # Admission marks every new node as not ready; who would take the mark off does not run here.
        self.request("PATCH", f"/api/v1/nodes/{name}", {"spec": {"taints": None}}, merge)

    def add_volume(self, name: str, size: str) -> None:
        """Add a volume that any claim may take."""
        spec = {
            "capacity": {"storage": size},
            "accessModes": ["ReadWriteOnce", "ReadWriteMany"],
            "hostPath": {"path": f"/nowhere/{name}"},
        }
        volume = {"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": name}, "spec": spec}
        self.request("POST", "/api/v1/persistentvolumes", volume)

    def _start(self, folder: Path) -> None:
        etcd, peer = free_port(), free_port()
        self._run(
            folder / "etcd", f"--data-dir={self.path}/etcd", f"--listen-client-urls=http://127.0.0.1:{etcd}",
            f"--advertise-client-urls=http://127.0.0.1:{etcd}", f"--listen-peer-urls=http://127.0.0.1:{peer}",
            "--unsafe-no-fsync", "--log-level=error",
        )  # fmt: skip
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        signing = self.path / "sa.key"
        signing.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.TraditionalOpenSSL,
                serialization.NoEncryption(),
            )
        )
        tokens = self.path / "tokens.csv"
        tokens.write_text(f'{self.token},admin,admin,"system:masters"\n')
        self._run(
            folder / "kube-apiserver", f"--etcd-servers=http://127.0.0.1:{etcd}", "--bind-address=127.0.0.1",
            f"--secure-port={self.port}", f"--cert-dir={self.path}/certs", f"--token-auth-file={tokens}",
            "--authorization-mode=RBAC", f"--service-account-key-file={signing}",
            f"--service-account-signing-key-file={signing}", "--service-account-issuer=https://openpolicy.test",
            "--service-cluster-ip-range=10.96.0.0/16", "--profiling=false", "--endpoint-reconciler-type=none",
        )  # fmt: skip
        self._write_kubeconfig()
        self._until_ready()
        common = (f"--kubeconfig={self.kubeconfig}", "--leader-elect=false", "--profiling=false")
        self._run(
            folder / "kube-controller-manager", *common, f"--secure-port={free_port()}", "--bind-address=127.0.0.1",
            f"--service-account-private-key-file={signing}", f"--cert-dir={self.path}/cm",
            "--node-monitor-grace-period=24h", "--controllers=*,-node-lifecycle-controller",
        )  # fmt: skip
        self._run(
            folder / "kube-scheduler", *common, f"--secure-port={free_port()}", "--bind-address=127.0.0.1",
            f"--cert-dir={self.path}/scheduler",
        )  # fmt: skip

    def _run(self, *words: object) -> None:
        log = (self.path / f"{Path(str(words[0])).name}.log").open("wb")
        self._running.append(
            subprocess.Popen([str(word) for word in words], stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        )

    def _write_kubeconfig(self) -> None:
        document = {
            "apiVersion": "v1", "kind": "Config", "current-context": "real",
            "clusters": [{"name": "real", "cluster": {
                "server": f"https://127.0.0.1:{self.port}", "insecure-skip-tls-verify": True}}],
            "users": [{"name": "admin", "user": {"token": self.token}}],
            "contexts": [{"name": "real", "context": {"cluster": "real", "user": "admin"}}],
        }  # fmt: skip
        self.kubeconfig.write_text(json.dumps(document))

    def _until_ready(self) -> None:
        end = time.monotonic() + START_TIMEOUT_SECONDS
        while True:
            if self._running[-1].poll() is not None:
                raise RuntimeError((self.path / "kube-apiserver.log").read_text()[-2000:])
            try:
                self._trust()
                self.request("GET", "/api/v1/namespaces/kube-system")
            except (OSError, urllib.error.URLError):
                if time.monotonic() > end:
                    raise
                time.sleep(0.3)
            else:
                return

    def _trust(self) -> None:
        """Take the certificate that the server made for itself into the kubeconfig: clients then verify it."""
        certificate = self.path / "certs" / "apiserver.crt"
        document = json.loads(self.kubeconfig.read_text())
        cluster = document["clusters"][0]["cluster"]
        if certificate.exists() and "certificate-authority-data" not in cluster:
            cluster.pop("insecure-skip-tls-verify", None)
            cluster["certificate-authority-data"] = base64.b64encode(certificate.read_bytes()).decode()
            self.kubeconfig.write_text(json.dumps(document))

    def _tls(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=str(self.path / "certs" / "apiserver.crt"))


class Kubelet(threading.Thread):
    """Plays the kubelets: scheduled pods become ready after a while, ending ones go, images named bad-* fail."""

    def __init__(self, plane: ControlPlane, namespace: str, start_s: float = 0.5, end_s: float = 0.5) -> None:
        super().__init__(daemon=True)
        self._plane = plane
        self._path = f"/api/v1/namespaces/{namespace}/pods"
        self._start_s = start_s
        self._end_s = end_s
        self._stop_asked = threading.Event()
        self.highest = 0
        """Most bytes of memory limits that were held at any look."""

    def stop(self) -> None:
        """End the thread."""
        self._stop_asked.set()
        self.join(30)

    def run(self) -> None:
        """Look at all pods every fifth of a second until stopped."""
        while not self._stop_asked.wait(0.2):
            try:
                pods = self._plane.request("GET", self._path).get("items", [])
            except (OSError, urllib.error.URLError):
                continue
            self.highest = max(self.highest, sum(_limit(pod) for pod in pods if not _is_over(pod)))
            for pod in pods:
                try:
                    self._turn(pod)
                except (OSError, urllib.error.URLError):
                    # It changed or went meanwhile: the next look sees how.
                    continue

    def _turn(self, pod: Json) -> None:
        meta, spec, status = pod["metadata"], pod["spec"], pod.get("status", {})
        if not spec.get("nodeName"):
            return
        if meta.get("deletionTimestamp"):
            options = {"apiVersion": "v1", "kind": "DeleteOptions", "gracePeriodSeconds": 0}
            options["preconditions"] = {"uid": meta["uid"]}
            self._plane.request("DELETE", f"{self._path}/{meta['name']}", options)
            return
        image = spec["containers"][0]["image"]
        if image.startswith("bad-") and not status.get("containerStatuses"):
            reason = "ImagePullBackOff" if "image" in image else "CrashLoopBackOff"
            self._set(pod, "Running", False, {"waiting": {"reason": reason, "message": "as asked"}})
        elif not image.startswith("bad-") and status.get("phase") == "Pending" and _age(pod) >= self._start_s:
            self._set(pod, "Running", True, {"running": {"startedAt": meta["creationTimestamp"]}})
        elif status.get("phase") == "Running" and _is_job(pod):
            ended = {"terminated": {"exitCode": 0, "reason": "Completed"}}
            self._set(pod, "Succeeded", False, ended)

    def _set(self, pod: Json, phase: str, ready: bool, state: Json) -> None:
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        word = "True" if ready else "False"
        containers = [
            {
                "name": c["name"],
                "image": c["image"],
                "imageID": "",
                "ready": ready,
                "restartCount": 0,
                "state": state,
            }
            for c in pod["spec"]["containers"]
        ]
        conditions = [
            {"type": kind, "status": word, "lastTransitionTime": now} for kind in ("Ready", "ContainersReady")
        ]
        status = {"phase": phase, "conditions": conditions, "containerStatuses": containers}
        path = f"{self._path}/{pod['metadata']['name']}/status"
        self._plane.request("PATCH", path, {"status": status}, "application/strategic-merge-patch+json")


def _age(pod: Json) -> float:
    made = datetime.fromisoformat(pod["metadata"]["creationTimestamp"].replace("Z", "+00:00"))
    return (datetime.now(UTC) - made).total_seconds()


def _is_job(pod: Json) -> bool:
    return any(owner["kind"] == "Job" for owner in pod["metadata"].get("ownerReferences") or [])


def _is_over(pod: Json) -> bool:
    return pod.get("status", {}).get("phase") in {"Succeeded", "Failed"}


def _limit(pod: Json) -> int:
    units = {"Mi": 2**20, "Gi": 2**30}
    total = 0
    for container in pod["spec"]["containers"]:
        text = container.get("resources", {}).get("limits", {}).get("memory", "0Mi")
        total += int(text[:-2]) * units[text[-2:]]
    return total
