"""Overlays render, the same each time."""

import os

import pytest

from services.cluster.manifests import Manifest, render_text
from services.cluster.table import deploy_dir


@pytest.mark.parametrize("overlay", ["8gi", "ha"])
def test_rendering_twice_gives_the_same_text(overlays: dict[str, list[Manifest]], overlay: str) -> None:
    folder = deploy_dir() / "k8s" / "overlays" / overlay
    assert render_text(folder) == render_text(folder)


def test_optional_components_render_on_top_of_the_small_overlay(
    overlays: dict[str, list[Manifest]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    for component in ("size-8gi-4cpu", "ingress", "shift", "monitoring", "keda"):
        # kustomize takes relative paths only, and none outside the folder's own tree by default.
        folder = deploy_dir() / "k8s" / "components" / component
        assert (folder / "kustomization.yaml").is_file()
        place = tmp_path_factory.mktemp(component)
        relative = os.path.relpath(deploy_dir() / "k8s", place.resolve())
        (place / "kustomization.yaml").write_text(
            "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n"
            f"resources: [{relative}/overlays/8gi]\ncomponents: [{relative}/components/{component}]\n"
        )
        assert len(render_text(place)) > 10_000
