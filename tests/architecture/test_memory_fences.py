"""What a hub may not have loaded after start: memory is a feature."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = {
    "pandas",
    "numpy",
    "plotly",
    "celery",
    "kombu",
    "scrapy",
    "boto3",
    "pyarrow",
    "alembic",
    "openpyxl",
    "kubernetes",
    "lxml",
}
MAY = {
    "ux": {"lxml"},
}


@pytest.mark.parametrize("hub", ["security", "data", "business", "ops", "intelligence", "ux"])
def test_a_hub_does_not_import_what_it_does_not_need(hub: str) -> None:
    code = f"import hubs.{hub}_hub.app as a, sys; a.create_app(); print(*sorted({{m.partition('.')[0] for m in sys.modules}}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert set(done.stdout.split()) & HEAVY - MAY.get(hub, set()) == set()
