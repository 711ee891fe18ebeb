"""Settling a process: what stands at its start leaves the collector's rounds, once."""

from __future__ import annotations

import subprocess
import sys

_PROGRAM = """
import gc
from shared.core.garbage import settle
before = gc.get_freeze_count()
settle()
first = gc.get_freeze_count()
kept = [[n] for n in range(5_000)]
settle()
loop = []
loop.append(loop)
del loop
print(before, first > 1_000, gc.get_freeze_count() == first, gc.collect() >= 1)
"""


def test_the_start_is_frozen_once_and_later_rubbish_is_still_collected() -> None:
    done = subprocess.run([sys.executable, "-c", _PROGRAM], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["0", "True", "True", "True"]
