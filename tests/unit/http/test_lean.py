"""A hub does not load what nothing of it uses."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def test_a_hub_loads_one_pydantic() -> None:
    code = (
        "import sys; from hubs.data_hub.app import create_app; create_app().openapi();"
        " print([name for name in sys.modules if name.startswith('pydantic.v1')])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[3],
        check=True,
    )
    assert done.stdout.strip() == "[]"
