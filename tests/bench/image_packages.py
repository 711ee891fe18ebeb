"""Start a process with no other packages than its container image would hold."""

from __future__ import annotations

import importlib.metadata
import re
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
_OURS = {"hubs", "services", "shared"}
_HIDING = '''"""Written for a measurement: packages that the image leaves out are not there."""
import sys

_HIDDEN = frozenset({hidden})


class _Hidden:
    @staticmethod
    def find_spec(name, path=None, target=None):
        if name.partition(".")[0] in _HIDDEN:
            raise ModuleNotFoundError(f"the image has no {{name}}", name=name)
        return None


sys.meta_path.insert(0, _Hidden)
'''


def hide_others(component: str, folder: Path) -> dict[str, str]:
    """Return the environment in which Python finds only what the ``hub`` or ``scraper`` image installs.

    ``folder`` receives a ``sitecustomize.py``. Raises: KeyError for an unknown component.
    """
    sys.path.insert(0, str(ROOT / "deploy/images"))
    try:
        from select_lock import canonical, select
    finally:
        sys.path.pop(0)
    kept = {
        canonical(found[1])
        for found in re.finditer(r"(?m)^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==", select(component, ROOT))
    }
    hidden = {
        module
        for module, owners in importlib.metadata.packages_distributions().items()
        if module not in _OURS and not {canonical(owner) for owner in owners} & kept
    }
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "sitecustomize.py").write_text(_HIDING.format(hidden=sorted(hidden)), encoding="utf-8")
    return {"PYTHONPATH": f"{folder}:{ROOT}"}
