"""checkov finds nothing in manifests and Dockerfiles that is not waived in writing."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from services.cluster.manifests import render_text
from services.cluster.table import deploy_dir


def test_every_waiver_has_its_reason() -> None:
    text = (deploy_dir() / "checkov.yaml").read_text(encoding="utf-8")
    waived = yaml.safe_load(text)["skip-check"]
    lines = text.splitlines()
    for name in waived:
        place = next(number for number, line in enumerate(lines) if name in line)
        assert lines[place - 1].lstrip().startswith("#"), name


@pytest.fixture(scope="module")
def checkov() -> str:
    found = shutil.which("checkov")
    if found is None:
        pytest.skip("checkov is not installed (pip install checkov, in an environment of its own)")
    return found


def failed(checkov: str, *words: str) -> list[str]:
    done = subprocess.run(
        [checkov, "--skip-download", "--quiet", "-o", "json", *words],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    reports = json.loads(done.stdout)
    reports = reports if isinstance(reports, list) else [reports]
    return [
        f"{check['check_id']} {check['resource']}"
        for report in reports
        for check in report.get("results", {}).get("failed_checks", [])
    ]


@pytest.mark.parametrize("overlay", ["local", "8gi", "ha"])
def test_manifests_have_no_finding_without_a_waiver(checkov: str, tmp_path: Path, overlay: str) -> None:
    path = tmp_path / "rendered.yaml"
    path.write_text(render_text(deploy_dir() / "k8s" / "overlays" / overlay))
    config = str(deploy_dir() / "checkov.yaml")
    assert failed(checkov, "--config-file", config, "-f", str(path), "--framework", "kubernetes") == []


def test_dockerfiles_have_no_finding_without_a_waiver(checkov: str) -> None:
    assert failed(checkov, "-d", str(deploy_dir() / "images"), "--framework", "dockerfile") == []
