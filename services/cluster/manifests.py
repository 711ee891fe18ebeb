"""Manifests: rendered by kustomize, read, named, hashed, and reduced to what memory planning needs."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import yaml

from services.cluster.table import deploy_dir

Manifest = dict[str, Any]

RENDER_TIMEOUT_S = 60
WORKLOAD_KINDS = ("StatefulSet", "Deployment", "Job", "CronJob")
_MAX_BYTES = 8 * 2**20
# libyaml reads 4,000 lines in a tenth of the time; both are the safe loader.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class CannotRender(RuntimeError):
    """The overlay did not render, or nothing here can render it."""


def kustomize_command() -> list[str]:
    """Return the command that renders a folder: kubectl's own, kustomize's, or the one in the cache.

    Raises: CannotRender when there is none.
    """
    if found := shutil.which("kubectl"):
        return [found, "kustomize"]
    if found := shutil.which("kustomize"):
        return [found, "build"]
    cached = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "openpolicy/bin/kustomize"
    if cached.exists():
        return [str(cached), "build"]
    raise CannotRender("neither kubectl nor kustomize is on PATH; either renders the overlays")


def render(source: str | Path) -> list[Manifest]:
    """Return the objects of an overlay (its name or folder) or of a YAML file, as rendered.

    Raises: CannotRender.
    """
    path = Path(source)
    if path.is_file():
        return parse(path.read_text(encoding="utf-8"))
    if not path.is_dir():
        path = deploy_dir() / "k8s" / "overlays" / str(source)
    if not (path / "kustomization.yaml").is_file():
        raise CannotRender(f"{source!s} is neither an overlay's name, a kustomization's folder nor a file")
    return parse(render_text(path))


def render_text(folder: Path) -> str:
    """Return the YAML that kustomize makes of a folder. Raises: CannotRender."""
    done = subprocess.run(
        [*kustomize_command(), str(folder)],
        capture_output=True,
        text=True,
        timeout=RENDER_TIMEOUT_S,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    if done.returncode != 0:
        raise CannotRender(f"{folder}: {done.stderr.strip()[-800:]}")
    return done.stdout


def parse(text: str) -> list[Manifest]:
    """Return the objects of a YAML text. Raises: CannotRender for anything that is not a list of objects."""
    if len(text) > _MAX_BYTES:
        raise CannotRender(f"{len(text):,} characters of manifests; at most {_MAX_BYTES:,} are read")
    try:
        documents = [document for document in yaml.load_all(text, Loader=_LOADER) if document is not None]
    except yaml.YAMLError as error:
        raise CannotRender(f"not YAML: {error}") from None
    for document in documents:
        if (
            not isinstance(document, dict)
            or not document.get("kind")
            or "name" not in document.get("metadata", {})
        ):
            raise CannotRender("every document needs kind and metadata.name")
    return documents


def ident(manifest: Manifest) -> tuple[str, str]:
    """Return kind and name, which are unique in the platform's namespace."""
    return manifest["kind"], manifest["metadata"]["name"]


def digest(manifest: Manifest) -> str:
    """Return a short digest of an object's wanted state: equal text, equal digest."""
    text = json.dumps(manifest, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def label(manifest: Manifest, name: str) -> str:
    """Return one of our labels (`tier`, `wave`, `phase`), or an empty text."""
    labels = manifest.get("metadata", {}).get("labels") or {}
    return str(labels.get(f"openpolicy.io/{name}", ""))


def pod_spec(manifest: Manifest) -> dict[str, Any]:
    """Return the pod's spec inside a workload; empty for any other object."""
    spec = manifest.get("spec") or {}
    if manifest["kind"] == "CronJob":
        spec = spec.get("jobTemplate", {}).get("spec", {})
    found: dict[str, Any] = (
        spec.get("template", {}).get("spec", {}) if manifest["kind"] in WORKLOAD_KINDS else {}
    )
    return found
