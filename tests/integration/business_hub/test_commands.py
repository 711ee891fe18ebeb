"""The commands that run this hub's own workers."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest


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
