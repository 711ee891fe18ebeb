"""The commands that run this hub's own workers."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from shared.testing.ports import free_port


@pytest.mark.parametrize("command", [["worker", "--concurrency", "2"], ["beat"]])
def test_a_worker_without_rabbitmq_says_what_it_needs(command, tmp_path):
    env = {name: value for name, value in os.environ.items() if not name.startswith("OP_")}
    done = subprocess.run(
        [sys.executable, "-m", "services.cli", *command],
        env={**env, "OP_DATA_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 2
    assert "needs OP_RABBIT__URL" in done.stderr


@pytest.mark.parametrize("command", [["jobs"], ["scrape", "ca-federal-mps"]])
def test_without_a_running_platform_the_operator_is_told_how_to_start_one(command, tmp_path):
    port = free_port()
    env = {name: value for name, value in os.environ.items() if not name.startswith("OP_")}
    done = subprocess.run(
        [sys.executable, "-m", "services.cli", *command, "--port-base", str(port), "--data-dir", str(tmp_path)],
        env=env, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert f"no platform answers at http://127.0.0.1:{port}; start one with `openpolicy up`" in done.stderr
