"""What a hub may not have loaded after start: memory is a feature."""

from __future__ import annotations

import json
import subprocess
import sys

HUBS = ("security", "data", "business", "ops", "intelligence", "ux")
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
# Each hub is loaded by a fork of its own, so that none sees what another one loaded. The parent has what every hub has;
# anything too heavy in it counts against all of them.
SCRIPT = """
import importlib, json, os, sys, traceback
import shared.app
loaded = {}
for hub in sys.argv[1:]:
    reading, writing = os.pipe()
    if os.fork() == 0:
        try:
            importlib.import_module(f"hubs.{hub}_hub.app").create_app()
            names = sorted({name.partition(".")[0] for name in sys.modules})
            os.write(writing, json.dumps(names).encode())
            os._exit(0)
        except BaseException:
            traceback.print_exc()
            os._exit(1)
    os.close(writing)
    _, status = os.wait()
    if status:
        sys.exit(f"hub {hub} does not load")
    with open(reading) as said:
        loaded[hub] = json.load(said)
print(json.dumps(loaded))
"""


def test_no_hub_imports_what_it_does_not_need() -> None:
    done = subprocess.run([sys.executable, "-c", SCRIPT, *HUBS], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    loaded = {hub: set(names) for hub, names in json.loads(done.stdout).items()}
    assert all("fastapi" in names for names in loaded.values())
    heavy = {hub: names & HEAVY - MAY.get(hub, set()) for hub, names in loaded.items()}
    assert {hub: names for hub, names in heavy.items() if names} == {}
    assert set(loaded) == set(HUBS)
