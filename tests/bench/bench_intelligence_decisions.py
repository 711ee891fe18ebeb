"""Decisions through HTTP, embedded and with an OPA server: p50 and p99 at 500 a second, and the most there is."""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from contextlib import ExitStack
from http.client import HTTPConnection

import psutil

from shared.db.prepare import upgrade_schemas
from shared.testing.ports import free_port
from shared.testing.processes import Processes
from shared.testing.servers import RealOpa
from tests.bench.security_platform import ROOT, Platform, platform

SECONDS, A_SECOND, CALLERS = 4, 500, 8
QUESTION = json.dumps(
    {
        "input": {
            "subject": {"kind": "user", "scopes": ["users:read", "data:*"], "client_id": ""},
            "request": {"method": "GET", "route": "/api/v1/users"},
        }
    }
)
PATH = "/v1/data/openpolicy/gateway/allow"


class Caller:
    """One kept connection."""

    def __init__(self, port: int, token: str) -> None:
        self.line = HTTPConnection("127.0.0.1", port, timeout=30)
        self.headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}

    def ask(self) -> None:
        """Ask, and see that the answer is yes."""
        self.line.request("POST", PATH, QUESTION, self.headers)
        answer = self.line.getresponse().read()
        assert b'"result":true' in answer, answer


def paced(port: int, token: str) -> list[float]:
    """Return milliseconds from when each question was due to its answer."""
    taken: list[float] = []
    start = time.perf_counter() + 0.2

    def run(first: int) -> None:
        caller = Caller(port, token)
        for number in range(first, SECONDS * A_SECOND, CALLERS):
            due = start + number / A_SECOND
            time.sleep(max(0.0, due - time.perf_counter()))
            caller.ask()
            taken.append((time.perf_counter() - due) * 1000)

    _together(run)
    return sorted(taken)


def most(port: int, token: str) -> float:
    """Return decisions per second when every caller asks again at once."""
    until = time.perf_counter() + 5
    counts = [0] * CALLERS

    def run(index: int) -> None:
        caller = Caller(port, token)
        while time.perf_counter() < until:
            caller.ask()
            counts[index] += 1

    _together(run)
    return sum(counts) / 5


def _together(run: object) -> None:
    threads = [threading.Thread(target=run, args=(n,)) for n in range(CALLERS)]  # type: ignore[arg-type]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def measure(what: str, security: Platform, **environment: str) -> None:
    """Start a hub and print what it does."""
    port = free_port()
    upgrade_schemas(security.settings, "intelligence")
    database = security.settings.database
    env = {
        **os.environ,
        "OP_DATABASE__URL": database.url,
        "OP_DATABASE__ROLE_PASSWORD": database.role_password.get_secret_value(),
        "OP_DATA_DIR": str(security.settings.data_dir),
        "OP_HUBS__SECURITY": security.url,
        "OP_HUBS__DATA": "http://127.0.0.1:9",
        "OP_LOG_LEVEL": "WARNING",
        **environment,
    }
    words = ["-m", "uvicorn", "--factory", "hubs.intelligence_hub.app:create_app", "--port", str(port)]
    with Processes() as processes:
        hub = processes.run(sys.executable, *words, "--no-access-log", env=env, cwd=ROOT)
        hub.wait_for_http(f"http://127.0.0.1:{port}/health", timeout=120)
        token = security.token("hub:ux")
        Caller(port, token).ask()
        taken = paced(port, token)
        process = psutil.Process(hub.pid)
        used = sum(process.cpu_times()[:2])
        rate = most(port, token)
        spent = (sum(process.cpu_times()[:2]) - used) * 1000 / max(1.0, rate * 5)
        p50, p99 = (taken[int(len(taken) * share)] for share in (0.5, 0.99))
        words = f"at {A_SECOND}/s: p50 {p50:6.2f} ms, p99 {p99:6.2f} ms; most {rate:6,.0f}/s"
        print(f"   {what:10} {words}; {spent:.2f} ms of the hub's processor time a decision", flush=True)


def main() -> None:
    """Print the figures."""
    with ExitStack() as stack:
        security = stack.enter_context(platform())
        measure("embedded", security)
        opa = RealOpa()
        opa.start()
        stack.callback(opa.stop)
        import httpx

        source = (ROOT / "hubs/security_hub/policy/platform/gateway.rego").read_text()
        httpx.put(f"{opa.url}/v1/policies/gateway", content=source, trust_env=False).raise_for_status()
        measure("OPA", security, OP_OPA__URL=opa.url)


if __name__ == "__main__":
    main()
