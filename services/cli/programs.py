"""Run a module of the platform as a program of its own (what it imports stays out of the command)."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import NoReturn


def run_program(module: str, *arguments: str) -> int:
    """Run ``python -m module`` with this terminal; return its exit code."""
    return subprocess.run([sys.executable, "-m", module, *arguments], check=False).returncode


def become_program(module: str, *arguments: str) -> NoReturn:
    """Go on as ``python -m module`` in this very process: signals reach it, and nothing is left behind."""
    os.execv(sys.executable, [sys.executable, "-m", module, *arguments])  # noqa: S606 - no input of others
