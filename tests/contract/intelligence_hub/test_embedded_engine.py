"""The embedded engine for long and for many: memory stays flat, and no thread gets another's answer."""

from __future__ import annotations

# isort: off
from hubs.intelligence_hub.opa.backends.embedded import EmbeddedEngine
# isort: on

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

from tests.contract.intelligence_hub.security import platform_modules

ALLOWED = {
    "subject": {"kind": "user", "scopes": ["users:admin"], "client_id": ""},
    "request": {"method": "POST", "route": "/api/v1/users"},
}
DENIED = {**ALLOWED, "subject": {"kind": "user", "scopes": [], "client_id": ""}}


def test_memory_is_flat_over_twenty_thousand_evaluations_with_sqlalchemy_loaded() -> None:
    code = """
import resource, sys
import hubs.intelligence_hub.app
from hubs.intelligence_hub.opa.backends.embedded import EmbeddedEngine
from tests.contract.intelligence_hub.security import platform_modules
assert "sqlalchemy.orm" in sys.modules
engine = EmbeddedEngine()
engine.load(platform_modules(), {}, "r")
def run(count):
    for n in range(count):
        engine.evaluate(("openpolicy", "gateway", "allow"), {"subject": {"kind": "user", "scopes": ["x:%d" % n]}, "request": {"method": "GET", "route": "/api/v1/users"}})
run(3000)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
run(20000)
print(before, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    before, after = map(int, done.stdout.split())
    assert after - before < 4_096, f"{before} to {after} KiB"


def test_eight_threads_of_five_thousand_get_no_wrong_answer() -> None:
    engine = EmbeddedEngine()
    engine.load(platform_modules(), {}, "r")

    def work(seed: int) -> int:
        wrong = 0
        for n in range(5_000):
            may = (seed + n) % 3 == 0
            question = ALLOWED if may else DENIED
            wrong += engine.evaluate(("openpolicy", "gateway", "allow"), question).value is not may
        return wrong

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(work, range(8))) == 0
