"""Run a module of the platform as a program of its own (what it imports stays out of the command)."""

from __future__ import annotations

import subprocess
import sys


def run_program(module: str, *arguments: str) -> int:
    """Run ``python -m module`` with this terminal; return its exit code."""
    return subprocess.run([sys.executable, "-m", module, *arguments], check=False).returncode
