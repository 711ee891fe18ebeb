"""What an image installs: enough of the lock for every program that runs on it, in every version the lock names."""

import re
import runpy
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from services.cluster.table import deploy_dir

ROOT = Path(__file__).resolve().parents[3]
SELECT: dict[str, Any] = runpy.run_path(str(deploy_dir() / "images" / "select_lock.py"))
PROGRAMS = {
    "hub": [
        *(f"hubs.{hub}_hub.app" for hub in ("security", "data", "business", "ops", "intelligence", "ux")),
        "hubs.business_hub.importer", "hubs.business_hub.worker", "hubs.business_hub.beat", "shared.db.prepare",
        "services.cli.platform_api",
    ],
    "scraper": ["services.scraper.worker", "services.scraper.child", "services.miniature.__main__"],
}  # fmt: skip
# Refuses what the image does not install, then loads what it runs.
SCRIPT = """
import importlib, sys
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in refused:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
refused = set(sys.argv[1].split(","))
sys.meta_path.insert(0, Absent())
for program in sys.argv[2:]:
    importlib.import_module(program)
"""


def selected(component: str) -> str:
    found: str = SELECT["select"](component, ROOT)
    return found


def names(text: str) -> set[str]:
    return {canonicalize_name(name) for name in re.findall(r"(?m)^([A-Za-z0-9._-]+)==", text)}


@pytest.mark.parametrize("component", ["hub", "scraper"])
def test_everything_that_a_selected_package_needs_is_selected(component: str) -> None:
    have = names(selected(component))
    lacking = set()
    for name in have:
        try:
            needs = metadata.requires(name) or []
        except metadata.PackageNotFoundError:
            # Locked for another platform or version of Python than this one.
            continue
        for text in needs:
            need = Requirement(text)
            if need.marker is None or need.marker.evaluate({"extra": ""}):
                lacking |= (
                    {f"{name} needs {need.name}"} if canonicalize_name(need.name) not in have else set()
                )
    assert lacking == set()


def test_a_package_locked_in_several_versions_keeps_them_all() -> None:
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    text = selected("hub")
    several = [
        line
        for line in re.findall(r"(?m)^[A-Za-z0-9._-]+==[^\\\\\\n]+", lock)
        if len(re.findall(rf"(?m)^{re.escape(line.partition('==')[0])}==", lock)) > 1
    ]
    kept = [line for line in several if canonicalize_name(line.partition("==")[0]) in names(text)]
    assert kept, "no package of the image is locked in several versions: this proves nothing any more"
    assert [line for line in kept if line not in text] == []


@pytest.mark.parametrize("component", ["hub", "scraper"])
def test_every_program_of_an_image_loads_with_what_the_image_has(component: str) -> None:
    have = names(selected(component))
    refused = [
        module
        for module, owners in metadata.packages_distributions().items()
        if not {canonicalize_name(owner) for owner in owners} & (have | {"openpolicy"})
    ]
    assert "pytest" in refused
    words = [sys.executable, "-c", SCRIPT, ",".join(refused), *PROGRAMS[component]]
    done = subprocess.run(words, capture_output=True, text=True, timeout=120, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stderr[-1500:]


@pytest.mark.parametrize("component", ["kitchen"])
def test_an_unknown_image_is_an_error(component: str) -> None:
    with pytest.raises(KeyError):
        selected(component)
