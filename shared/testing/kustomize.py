"""The renderer of the manifests: kubectl, kustomize, or kustomize built once with Go into the cache."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from shared.testing.packages import Unobtainable

BUILD_TIMEOUT_SECONDS = 900


def ensure_kustomize() -> None:
    """Make sure that overlays can be rendered here. Raises: Unobtainable."""
    if shutil.which("kubectl") or shutil.which("kustomize"):
        return
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "openpolicy" / "bin"
    if (cache / "kustomize").exists():
        return
    if not (go := shutil.which("go")):
        raise Unobtainable("no kubectl, no kustomize, and no go to build kustomize with")
    cache.mkdir(parents=True, exist_ok=True)
    built = subprocess.run(
        [go, "install", "sigs.k8s.io/kustomize/kustomize/v5@latest"],
        env={**os.environ, "GOBIN": str(cache), "CGO_ENABLED": "0", "GOFLAGS": "-trimpath"},
        capture_output=True,
        text=True,
        timeout=BUILD_TIMEOUT_SECONDS,
        check=False,
    )
    if built.returncode != 0:
        raise Unobtainable(f"kustomize could not be built: {built.stderr.strip()[-500:]}")
