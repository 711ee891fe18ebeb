"""``python -m tests.bench.footprint [--write]``: memory of the whole platform on real servers, idle and loaded.

Every process runs by itself and with the packages of its image only, as its own pod would: PostgreSQL, Redis, RabbitMQ, OPA, six hubs, importer, Celery
worker and beat, scraper. Numbers are PSS in MiB beside the limits of ``deploy/budget.toml``; ``--write`` puts them
into that file.
"""

from __future__ import annotations

import os
import platform
import sys
import tempfile
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

import httpx

from services.cli.components import HUB_PORTS
from services.cluster.budget import load_budget, record_measurements
from services.miniature import MiniatureServer
from shared.auth import ServiceTokens
from shared.clients.business_hub import BusinessHubClient
from shared.contracts.events.jobs import ScrapeOptions
from shared.contracts.http.jobs import JobCreate
from shared.core.errors import AppError
from shared.core.memory import tree_mib
from shared.db.prepare import provision_server, upgrade_schemas
from shared.settings import HubSettings, derive_secret
from shared.testing.platform import port_base
from shared.testing.processes import Process, Processes
from shared.testing.rabbitmq import RealRabbit
from shared.testing.servers import RealOpa, RealPostgres, RealRedis
from tests.bench.image_packages import hide_others

IDLE_LIMIT_MIB = 1_200
LOADED_LIMIT_MIB = 2_048
_SETTLE_S = 25
_LOAD_S = 30
_REQUESTS_PER_S = 100
_SOURCES = (
    "ca-federal-mps",
    "ca-federal-votes",
    "ca-federal-bills",
    "ca-federal-debates",
    "ca-federal-bill-texts",
)


def main(arguments: list[str]) -> int:
    """Start everything, measure, print the table."""
    with tempfile.TemporaryDirectory(prefix="op-footprint-") as folder:
        Path(folder).chmod(0o755)
        servers = {
            "postgresql": RealPostgres(),
            "redis": RealRedis(),
            "rabbitmq": RealRabbit(),
            "opa": RealOpa(),
        }
        try:
            for server in servers.values():
                server.start()
            with MiniatureServer() as upstream, Processes() as processes:
                pids = {name: _pid(server) for name, server in servers.items()}
                base = port_base()
                env = _environment(Path(folder), servers, base)
                images = {
                    name: env | hide_others(name, Path(folder) / "image" / name)
                    for name in ("hub", "scraper")
                }
                started = _start(processes, images, base)
                pids |= {name: process.pid for name, process in started.items()}
                time.sleep(_SETTLE_S)
                idle = {name: tree_mib(pid) for name, pid in pids.items()}
                loaded = _loaded(pids, base, upstream.url)
        finally:
            for server in servers.values():
                server.stop()
    _print(idle, loaded)
    if "--write" in arguments:
        stamp = f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores, Python {platform.python_version()}"
        record_measurements({name: (idle[name], loaded[name]) for name in idle}, stamp)
    return 0


def _pid(server: object) -> int:
    found = getattr(server, "pid", None)
    return int(found() if callable(found) else found or 0)


def _environment(folder: Path, servers: dict[str, object], base: int) -> dict[str, str]:
    url = servers["postgresql"].admin_url.set(drivername="postgresql")  # type: ignore[attr-defined]
    env = {
        "OP_DATA_DIR": str(folder),
        "OP_DATABASE__URL": url.render_as_string(hide_password=False),
        "OP_DATABASE__ROLE_PASSWORD": "only-for-this-measurement",
        "OP_RABBIT__URL": servers["rabbitmq"].url,  # type: ignore[attr-defined]
        "OP_REDIS__URL": servers["redis"].url,  # type: ignore[attr-defined]
        "OP_OPA__URL": servers["opa"].url,  # type: ignore[attr-defined]
        **{f"OP_HUBS__{name.upper()}": f"http://127.0.0.1:{base + at}" for name, at in HUB_PORTS.items()},
    }
    os.environ.update(env)
    settings = HubSettings()
    provision_server(settings)
    upgrade_schemas(settings)
    return env


def _start(processes: Processes, images: dict[str, dict[str, str]], base: int) -> dict[str, Process]:
    started = {}
    for name, at in HUB_PORTS.items():
        started[f"{name}-hub"] = processes.python(
            "-m", "uvicorn", "--factory", f"hubs.{name}_hub.app:create_app", "--port", str(base + at),
            "--no-access-log", env=images["hub"], name=f"{name}-hub",
        )  # fmt: skip
    for name, module in (
        ("importer", "hubs.business_hub.importer"),
        ("scraper", "services.scraper.worker"),
        ("celery-worker", "hubs.business_hub.worker"),
        ("celery-beat", "hubs.business_hub.beat"),
    ):
        started[name] = processes.python(
            "-m", module, env=images["scraper" if name == "scraper" else "hub"], name=name
        )
    for name, at in HUB_PORTS.items():
        started[f"{name}-hub"].wait_for_http(f"http://127.0.0.1:{base + at}/readyz", timeout=120)
    return started


def _loaded(pids: dict[str, int], base: int, upstream: str) -> dict[str, float]:
    settings = HubSettings()
    http = httpx.Client(timeout=20, trust_env=False)
    secret = derive_secret(settings, "client:cli")
    tokens = ServiceTokens(http, f"{settings.hubs.security}/oauth/token", "cli", secret)
    jobs = BusinessHubClient(settings.hubs.ux, http, tokens)
    for source in _SOURCES:
        try:
            jobs.create_job(JobCreate(source_id=source, options=ScrapeOptions(upstream=upstream)))
        except AppError as error:
            print(f"no job for {source}: {error.detail}", file=sys.stderr)
    peak = dict.fromkeys(pids, 0.0)
    stop = threading.Event()
    served = _serve(stop, f"http://127.0.0.1:{base}")
    end = time.monotonic() + _LOAD_S
    while time.monotonic() < end:
        for name, pid in pids.items():
            peak[name] = max(peak[name], tree_mib(pid))
        time.sleep(1)
    stop.set()
    print(f"served {served[0]} requests in {_LOAD_S} s while scraping and importing")
    return peak


def _serve(stop: threading.Event, url: str) -> list[int]:
    count = [0]
    paths = (
        "/api/v1/people?limit=20",
        "/api/v1/bills?limit=20",
        "/api/v1/votes?limit=20",
        "/api/v1/search?q=bill",
        "/en/",
    )

    def run() -> None:
        with httpx.Client(base_url=url, timeout=20, trust_env=False) as client:
            start = time.monotonic()
            while not stop.is_set():
                client.get(paths[count[0] % len(paths)])
                count[0] += 1
                ahead = count[0] / _REQUESTS_PER_S - (time.monotonic() - start)
                if ahead > 0:
                    time.sleep(ahead)

    threading.Thread(target=run, daemon=True).start()
    return count


def _print(idle: dict[str, float], loaded: dict[str, float]) -> None:
    budget = load_budget().component
    print(f"{'process':<18}{'idle':>8}{'loaded':>8}{'limit':>8}   PSS in MiB; loaded is the peak")
    for name in idle:
        limit = budget[name].limit if name in budget else 0
        print(f"{name:<18}{idle[name]:8.1f}{loaded[name]:8.1f}{limit:8}")
    for word, values, limit in (("idle", idle, IDLE_LIMIT_MIB), ("loaded", loaded, LOADED_LIMIT_MIB)):
        total = sum(values.values())
        print(
            f"sum {word:<14}{total:8.1f} of {limit} ({total / limit:.2f}), {100 * total / 8192:.1f} % of 8 GiB"
        )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
