"""ops_hub under load: status answers and metrics pages, error reports per second, memory at ten times too many."""

from __future__ import annotations

import http.client
import json
import statistics
import tempfile
import threading
import time
import uuid
from pathlib import Path

import httpx

from services.cli.components import HUB_PORTS, PROBE_PORTS
from shared.core.memory import tree_mib
from shared.reporting import project_key
from shared.settings import HubSettings
from shared.testing.platform import Platform
from shared.testing.ports import free_port
from shared.testing.processes import Processes

ANSWERS = 1_000
PAGES = 50
INGEST_S = 8.0
OVERLOAD_S = 12.0
SENDERS = 16
LIMIT_PER_S, BURST = 25, 50


def event(number: int) -> bytes:
    """Return a report of a realistic size: an exception with ten frames, breadcrumbs, tags."""
    frames = [
        {"module": f"hubs.data_hub.m{n}", "function": f"f{n}", "lineno": n, "in_app": True} for n in range(10)
    ]
    return json.dumps(
        {
            "event_id": uuid.uuid4().hex,
            "level": "error",
            "platform": "python",
            "release": "openpolicy@1",
            "tags": {"hub": "data", "kind": str(number % 7)},
            "breadcrumbs": {"values": [{"message": f"step {n}"} for n in range(20)]},
            "exception": {
                "values": [
                    {"type": f"Error{number % 40}", "value": "no bill", "stacktrace": {"frames": frames}}
                ]
            },
        }
    ).encode()


def spread(name: str, client: httpx.Client, url: str, times: int, pid: int, limit_ms: float) -> None:
    """Print how long some answers took, and what each cost the process, beside a limit; milliseconds."""
    taken = []
    spent = _cpu_s(pid)
    for _ in range(times):
        began = time.perf_counter()
        client.get(url).raise_for_status()
        taken.append(1_000 * (time.perf_counter() - began))
    spent = 1_000 * (_cpu_s(pid) - spent) / times
    p99 = sorted(taken)[times * 99 // 100 - 1]
    median = statistics.median(taken)
    print(f"{name:<36} median {median:6.2f}  p99 {p99:7.2f}  processor {spent:6.2f}  limit {limit_ms:g} ms")


def send(port: int, key: str, seconds: float, pause_s: float = 0.0) -> dict[int, int]:
    """Send reports from several threads for a while; return how often each status was answered."""
    counts: dict[int, int] = {}
    lock = threading.Lock()
    end = time.monotonic() + seconds

    def run(first: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        number = first
        while time.monotonic() < end:
            headers = {"X-Sentry-Auth": f"Sentry sentry_key={key}, sentry_version=7"}
            connection.request("POST", "/api/1/store/", event(number), headers)
            answer = connection.getresponse()
            answer.read()
            number += SENDERS
            with lock:
                counts[answer.status] = counts.get(answer.status, 0) + 1
            time.sleep(pause_s)
        connection.close()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(SENDERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return counts


def main() -> None:
    """Print what was measured on one embedded platform."""
    with tempfile.TemporaryDirectory(prefix="op-bench-") as folder, Processes() as processes:
        (Path(folder) / "backups").mkdir()
        (Path(folder) / "backups" / "now.dump").write_text("x")
        env = {
            "OP_OPS__BACKUP_DIR": str(Path(folder) / "backups"),
            "OP_OPS__ERRORS_PER_S": str(LIMIT_PER_S),
            "OP_OPS__ERRORS_BURST": str(BURST),
        }
        platform = Platform(Path(folder) / "op", env)
        try:
            platform.start("--no-scrape")
            settings = HubSettings(data_dir=platform.data_dir)
            key = project_key(settings)
            with httpx.Client(trust_env=False, timeout=30) as client:
                ops = f"http://127.0.0.1:{platform.base + HUB_PORTS['ops']}"
                targets = client.get(f"{ops}/api/v1/health").json()["targets"]
                name = f"status while {len(targets)} targets are polled"
                spread(name, client, f"{ops}/api/v1/health", ANSWERS, platform.pid("ops"), 50)
                for name, at in (HUB_PORTS | PROBE_PORTS).items():
                    url = f"http://127.0.0.1:{platform.base + at}/metrics"
                    spread(f"metrics page of {name}", client, url, PAGES, platform.pid(name), 20)
                _overload(platform, client, ops, key)
            _ingest(platform, processes, key)
        finally:
            platform.stop()


def _overload(platform: Platform, client: httpx.Client, ops: str, key: str) -> None:
    port = platform.base + HUB_PORTS["ops"]
    pid = platform.pid("ops")
    send(port, key, 2.0)
    before = tree_mib(pid)
    peak = [before]
    stop = threading.Event()

    def watch() -> None:
        while not stop.wait(0.5):
            peak[0] = max(peak[0], tree_mib(pid))

    watcher = threading.Thread(target=watch)
    watcher.start()
    counts = send(port, key, OVERLOAD_S)
    stop.set()
    watcher.join()
    page = client.get(f"{ops}/metrics").text
    dropped = sum(
        float(line.split()[-1])
        for line in page.splitlines()
        if line.startswith("error_reports_total") and '"dropped"' in line
    )
    total = sum(counts.values())
    print(
        f"overload: {total / OVERLOAD_S:,.0f} reports/s against a limit of {LIMIT_PER_S}/s "
        f"({total / OVERLOAD_S / LIMIT_PER_S:.1f} times): answers {counts}, dropped in all {dropped:.0f}; "
        f"memory {before:.1f} MiB before, peak {peak[0]:.1f} MiB, ratio {peak[0] / before:.2f}"
    )


def _ingest(platform: Platform, processes: Processes, key: str) -> None:
    # A second ops_hub over the same database, with limits that are not met.
    port = free_port()
    env = {
        "OP_DATA_DIR": str(platform.data_dir),
        "OP_OPS__ERRORS_PER_S": "1000000",
        "OP_OPS__ERRORS_BURST": "1000000",
        "OP_LOG_LEVEL": "WARNING",
        **{
            f"OP_HUBS__{name.upper()}": f"http://127.0.0.1:{platform.base + at}"
            for name, at in HUB_PORTS.items()
        },
    }
    hub = processes.python(
        "-m", "uvicorn", "--factory", "hubs.ops_hub.app:create_app", "--port", str(port), "--no-access-log",
        "--loop", "uvloop", "--http", "httptools", env=env, name="ops-hub",
    )  # fmt: skip
    hub.wait_for_http(f"http://127.0.0.1:{port}/readyz", timeout=120)
    before = _cpu_s(hub.pid)
    counts = send(port, key, INGEST_S)
    cpu = _cpu_s(hub.pid) - before
    stored = counts.get(200, 0)
    print(
        f"ingest: {stored / INGEST_S:,.0f} durable reports/s from {SENDERS} clients "
        f"({1_000 * cpu / max(1, stored):.2f} ms of ops_hub's processor each); answers {counts}"
    )


def _cpu_s(pid: int) -> float:
    words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / 100


if __name__ == "__main__":
    main()
