"""Every object of every overlay is accepted, strictly, for the two newest versions of Kubernetes that are known."""

from pathlib import Path

import kubernetes_validate
import pytest

from services.cluster.manifests import Manifest, digest, render
from shared.testing.kustomize import ensure_kustomize
from shared.testing.packages import Unobtainable

# Kinds of other projects' definitions: the validator has no schema for them.
CUSTOM = {
    ("postgresql.cnpg.io/v1", "Cluster"): "CloudNativePG",
    ("monitoring.coreos.com/v1", "PodMonitor"): "the Prometheus operator",
    ("monitoring.coreos.com/v1", "PrometheusRule"): "the Prometheus operator",
}


def newest_versions() -> list[str]:
    folder = Path(kubernetes_validate.__file__).parent / "kubernetes-json-schema"
    known = {
        tuple(int(part) for part in entry.name.lstrip("v").split(".")[:2])
        for entry in folder.iterdir()
        if entry.name.endswith("-local-strict")
    }
    return [f"{major}.{minor}" for major, minor in sorted(known)[-2:]]


@pytest.fixture(scope="module")
def objects() -> list[Manifest]:
    try:
        ensure_kustomize()
    except Unobtainable as reason:
        pytest.skip(str(reason))
    distinct = {digest(m): m for overlay in ("local", "8gi", "ha") for m in render(overlay)}
    return list(distinct.values())


@pytest.mark.parametrize("version", newest_versions())
def test_every_object_is_accepted_strictly(objects: list[Manifest], version: str) -> None:
    checked = 0
    for manifest in objects:
        if (manifest["apiVersion"], manifest["kind"]) in CUSTOM:
            continue
        kubernetes_validate.validate(manifest, version, strict=True)
        checked += 1
    assert checked > 80


def test_an_unknown_field_is_refused(objects: list[Manifest]) -> None:
    service = next(manifest for manifest in objects if manifest["kind"] == "Service")
    spoiled = {**service, "spec": {**service["spec"], "selectors": {}}}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(spoiled, newest_versions()[-1], strict=True)
