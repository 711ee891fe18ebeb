"""Write a plan's sizes as a Kustomize overlay: what KRR's users do by hand."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import yaml

from services.cluster.manifests import Manifest, pod_spec
from services.cluster.objects import Ask
from services.cluster.quantity import write_memory

HEADER = "# Written by `openpolicy cluster plan --write`; sizes in the order of the manifests.\n"


class CannotWrite(ValueError):
    """The folder is not one that an overlay may be written to."""


def size_patches(manifests: Iterable[Manifest], sizes: dict[str, Ask]) -> list[Manifest]:
    """Return one patch per workload whose size differs from its manifest's."""
    patches = []
    for manifest in manifests:
        name = manifest["metadata"]["name"]
        ask = sizes.get(name)
        if ask is None or manifest["kind"] not in {"Deployment", "StatefulSet"}:
            continue
        containers = pod_spec(manifest)["containers"]
        if len(containers) != 1:
            continue
        resources = {
            "requests": {"memory": write_memory(ask.request)},
            "limits": {"memory": write_memory(ask.charge)},
        }
        container = {"name": containers[0]["name"], "resources": resources}
        patches.append(
            {
                "apiVersion": manifest["apiVersion"],
                "kind": manifest["kind"],
                "metadata": {"name": name},
                "spec": {"template": {"spec": {"containers": [container]}}},
            }
        )
    return patches


def write_overlay(folder: Path, base: str, patches: list[Manifest], namespace: str) -> list[Path]:
    """Write kustomization.yaml and sizes.yaml over a base overlay; return the files.

    Raises: CannotWrite when the folder holds a kustomization that was not written here.
    """
    kustomization, sizes = folder / "kustomization.yaml", folder / "sizes.yaml"
    if kustomization.exists() and not kustomization.read_text(encoding="utf-8").startswith(HEADER):
        raise CannotWrite(f"{kustomization} is somebody's own; choose another folder")
    folder.mkdir(parents=True, exist_ok=True)
    document = {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "namespace": namespace,
        "resources": [base],
        "patches": [{"path": sizes.name}],
    }
    kustomization.write_text(HEADER + yaml.safe_dump(document, sort_keys=False), encoding="utf-8")
    sizes.write_text(HEADER + yaml.safe_dump_all(patches, sort_keys=False), encoding="utf-8")
    return [kustomization, sizes]
