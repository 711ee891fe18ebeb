"""Both npm clients and the protocol's conformance tool against the real server, over HTTP with OAuth and stdio."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from shared.settings import HubSettings, derive_secret
from shared.testing.node import node_folder, recent_node, run_node
from shared.testing.packages import Unobtainable
from shared.testing.platform import Platform

HERE = Path(__file__).parent
NODE = HERE.parent / "node"
SCRIPT = HERE / "mcp_clients.mjs"
APPLICABLE = {
    "server-initialize", "ping", "tools-list", "tools-call-simple-text", "tools-call-error", "resources-list",
    "prompts-list",
}  # fmt: skip


@pytest.fixture(scope="module")
def packages(pytestconfig: pytest.Config) -> Path:
    try:
        return node_folder(pytestconfig.rootpath, NODE / "ux")
    except Unobtainable as reason:
        pytest.skip(str(reason))


@pytest.fixture(scope="module")
def newer_node(pytestconfig: pytest.Config) -> Path:
    try:
        return recent_node(pytestconfig.rootpath, NODE / "requirements.txt")
    except Unobtainable as reason:
        pytest.skip(str(reason))


def check(seen: dict[str, Any], version: str | None) -> None:
    assert 8 <= len(seen["tools"]) <= 13
    assert all(has_schema and is_read_only for _, has_schema, is_read_only in seen["tools"])
    assert seen["server"] == "openpolicy"
    assert seen["version"] == version
    assert seen["bill"]["sponsors"] == ["David J. McGuinty"]
    assert seen["bill"]["sources"][0]["retrieved_at"].endswith("Z")
    assert seen["french"].startswith("Loi sur la modernisation")
    assert seen["missing"][0] is True
    assert "C-9999" in seen["missing"][1]
    assert seen["pages"] == [4, 4]
    assert len(seen["templates"]) == 3
    assert seen["resource"] == "C-11"
    assert sorted(seen["prompts"]) == ["explain_bill", "member_at_a_glance", "what_happened_since"]
    assert "C-11" in seen["prompt"]


@pytest.mark.parametrize(
    ("package", "mode", "version"),
    [("sdk", "", None), ("client", "legacy", "2025-11-25"), ("client", "auto", "2026-07-28")],
)
def test_an_npm_client_finds_its_token_and_works_over_http(
    installation: Platform, packages: Path, package: str, mode: str, version: str | None
) -> None:
    place = {
        "url": f"{installation.url}/mcp",
        "clientId": "hub:ux",
        "clientSecret": derive_secret(HubSettings(data_dir=installation.data_dir), "client:hub:ux"),
        "issuer": f"http://127.0.0.1:{installation.base + 1}",
        "mode": mode,
    }
    check(json.loads(run_node(packages, SCRIPT, package, "http", json.dumps(place))), version)


@pytest.mark.parametrize(("package", "version"), [("sdk", None), ("client", "2025-11-25")])
def test_an_npm_client_works_over_standard_input_and_output(
    installation: Platform, packages: Path, package: str, version: str | None
) -> None:
    command = ["-m", "services.cli", "mcp", "--port-base", str(installation.base)]
    root = str(HERE.parents[2])
    place = {"command": sys.executable, "args": command, "env": {"PYTHONPATH": root}}
    check(json.loads(run_node(packages, SCRIPT, package, "stdio", json.dumps(place))), version)


def test_the_conformance_tool_finds_nothing_wrong_with_what_the_server_announces(
    installation: Platform, token: str, packages: Path, newer_node: Path, tmp_path: Path
) -> None:
    tool = packages / "node_modules" / "@modelcontextprotocol" / "conformance" / "dist" / "index.js"
    url = f"{installation.url}/mcp"
    done = subprocess.run(
        [newer_node, "--import", HERE / "with_token.mjs", tool, "server", "--url", url, "--suite", "all",
         "--expected-failures", HERE / "conformance.yaml"],
        cwd=tmp_path,
        env={**os.environ, "MCP_URL": url, "MCP_TOKEN": token, "NO_PROXY": "127.0.0.1"},
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    said = f"{done.stdout}\n{done.stderr}"
    assert done.returncode == 0, said[-4000:]
    passed = set(re.findall(r"^✓ ([\w-]+):", done.stdout, re.M))
    assert passed >= APPLICABLE, said[-4000:]
