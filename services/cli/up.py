"""``openpolicy up``: the whole platform on one machine, from nothing to a served scrape."""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

from services.cli.components import HUB_PORTS, PROBE_PORTS, components, warm_up
from services.cli.jobs import DONE
from services.cli.platform_api import PlatformApi
from services.cli.supervisor import Supervisor
from shared.contracts.http.jobs import JobCreate, JobRead
from shared.core.allocator import tune_allocator
from shared.core.errors import AppError
from shared.core.ids import new_id
from shared.db.embedded import EmbeddedPostgres
from shared.db.prepare import provision_server, upgrade_schemas
from shared.settings import HubSettings

FIRST_SOURCES = ("ca-federal-mps", "ca-federal-votes", "ca-federal-bills")
_READY_TIMEOUT_S = 120.0
_JOBS_TIMEOUT_S = 600.0
_LIVE_JOBS_TIMEOUT_S = 6 * 3600.0
_SERVED_TIMEOUT_S = 20.0


@dataclass
class UpOptions:
    """What the command line asked for."""

    once: bool = False
    as_json: bool = False
    live: bool = False
    port_base: int = 8000
    data_dir: Path = Path("var")
    sources: tuple[str, ...] = FIRST_SOURCES
    scrape: bool = True


@dataclass
class Summary:
    """What one ``up`` did; printed by ``--json``."""

    ready_s: float = 0.0
    hubs: dict[str, str] = field(default_factory=dict)
    jobs: list[dict[str, Any]] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    search: dict[str, Any] = field(default_factory=dict)
    urls: dict[str, str] = field(default_factory=dict)
    ok: bool = False


class UpFailed(Exception):
    """The platform did not come up or a job did not end well; the text says why."""


def run_up(options: UpOptions) -> int:
    """Run the platform; return the exit code (0: everything that was asked for happened)."""
    return _Up(options).run()


class _Up:
    def __init__(self, options: UpOptions) -> None:
        self.options = options
        self.summary = Summary()
        self.stop_asked = False
        self.began = time.monotonic()
        self.embedded: EmbeddedPostgres | None = None
        self.supervisor: Supervisor | None = None

    def say(self, text: str) -> None:
        print(f"  {time.monotonic() - self.began:5.1f} s  {text}", file=sys.stderr, flush=True)

    def run(self) -> int:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._on_signal)
        code = 0
        try:
            settings = self._prepare()
            api = PlatformApi(settings)
            self._wait_ready(api, settings)
            if self.options.scrape and not self.stop_asked:
                self._scrape(api)
                self._show(api)
            self.summary.ok = True
            if not self.options.once:
                self._stay()
        except UpFailed as error:
            print(f"openpolicy: {error}", file=sys.stderr)
            code = 1
        except AppError as error:
            print(f"openpolicy: {error.detail}", file=sys.stderr)
            code = 1
        finally:
            self._shut_down()
        if self.options.as_json:
            print(json.dumps(self.summary.__dict__, default=str, indent=2))
        return code

    def _on_signal(self, number: int, _frame: FrameType | None) -> None:
        if self.stop_asked and number == signal.SIGINT:
            raise UpFailed("stopped twice; leaving at once")
        self.stop_asked = True

    def _prepare(self) -> HubSettings:
        options = self.options
        data_dir = options.data_dir.resolve()
        data_dir.mkdir(parents=True, exist_ok=True)
        self._claim(data_dir)
        host = "127.0.0.1"
        os.environ["OP_DATA_DIR"] = str(data_dir)
        for offset in PROBE_PORTS.values():
            self._must_be_free(host, options.port_base + offset)
        for name, offset in HUB_PORTS.items():
            port = options.port_base + offset
            self._must_be_free(host, port)
            os.environ[f"OP_HUBS__{name.upper()}"] = f"http://{host}:{port}"
        for name, offset in PROBE_PORTS.items():
            os.environ[f"OP_OPS__WORKERS__{name.upper()}"] = f"http://{host}:{options.port_base + offset}"
        settings = HubSettings()
        if settings.database.url:
            self.say("using the PostgreSQL server of OP_DATABASE__URL")
            provision_server(settings)
        else:
            self.embedded = EmbeddedPostgres(data_dir)
            self.embedded.start()
            self.say("embedded PostgreSQL is up")
        if not settings.rabbit.url:
            from shared.db.url import broker_dsn

            os.environ["OP_RABBIT__EMBEDDED_DSN"] = broker_dsn(settings)
        # No Celery worker is started here, so the importer does the tasks, also beside a RabbitMQ.
        os.environ.setdefault("OP_TASKS__RUNNER", "importer")
        kept = data_dir / "run" / "upstream"
        miniature_port = None if options.live else _port_as_before(kept, host) or _free_port(host)
        upstream = "" if miniature_port is None else f"http://{host}:{miniature_port}"
        kept.unlink(missing_ok=True)
        if upstream:
            kept.write_text(upstream)
            # Jobs of the API, the console and the schedules read the miniature too, not the real sites.
            os.environ["OP_JOBS__UPSTREAM"] = upstream
        upgrade_schemas(settings)
        self.say("the schema is current")
        tune_allocator()
        warm_up()
        self.supervisor = Supervisor(
            components(options.port_base, miniature_port), data_dir / "run", data_dir / "logs"
        )
        self.supervisor.start_all()
        return HubSettings()

    def _must_be_free(self, host: str, port: int) -> None:
        if not _is_free(host, port):
            raise UpFailed(
                f"port {port} is taken; choose another with --port-base, or end what listens there"
            )

    def _claim(self, data_dir: Path) -> None:
        # One platform per data directory: two would fight for the same jobs and ports.
        path = data_dir / "run" / "up.pid"
        path.parent.mkdir(parents=True, exist_ok=True)
        with suppress(OSError, ValueError):
            other = int(path.read_text())
            if other != os.getpid() and _is_openpolicy(other):
                raise UpFailed(f"already running here as process {other} ({data_dir})")
        path.write_text(str(os.getpid()))

    def _wait_ready(self, api: PlatformApi, settings: HubSettings) -> None:
        waiting = {name: getattr(settings.hubs, name) for name in HUB_PORTS}
        deadline = time.monotonic() + _READY_TIMEOUT_S
        reasons: dict[str, str] = {}
        while waiting and not self.stop_asked:
            for name in list(waiting):
                is_ready, reasons[name] = api.is_ready(waiting[name])
                if is_ready:
                    self.summary.hubs[name] = "ready"
                    self.summary.urls[name] = waiting.pop(name)
            self._tend()
            if waiting and time.monotonic() > deadline:
                name = next(iter(waiting))
                assert self.supervisor is not None
                raise UpFailed(
                    f"not ready after {_READY_TIMEOUT_S:.0f} s: "
                    + "; ".join(f"{n}: {reasons[n]}" for n in waiting)
                    + f"\n--- end of its log ---\n{self.supervisor.log_tail(name)}"
                )
            if waiting:
                time.sleep(0.1)
        self.summary.ready_s = round(time.monotonic() - self.began, 2)
        self.say(f"six hubs are ready: {settings.hubs.ux}")

    def _scrape(self, api: PlatformApi) -> None:
        jobs = {}
        for source in self.options.sources:
            job = api.jobs.create_job(JobCreate(source_id=source), str(new_id()))
            jobs[source] = job
            self.say(f"job {job.id} asks for {source}")
        limit_s = _LIVE_JOBS_TIMEOUT_S if self.options.live else _JOBS_TIMEOUT_S
        deadline = time.monotonic() + limit_s
        shown: dict[str, str] = {}
        while not self.stop_asked:
            for source, job in jobs.items():
                if job.state not in DONE:
                    jobs[source] = job = self._read_job(api, job)
                line = _job_line(job)
                if shown.get(source) != line:
                    shown[source] = line
                    self.say(line)
            if all(job.state in DONE for job in jobs.values()):
                break
            if time.monotonic() > deadline:
                raise UpFailed(f"jobs not done within {limit_s:.0f} s")
            self._tend()
            time.sleep(0.25)
        self.summary.jobs = [job.model_dump(mode="json") for job in jobs.values()]
        bad = [job for job in jobs.values() if job.state in DONE and job.state != "succeeded"]
        if bad:
            raise UpFailed("; ".join(f"{job.source_id} {job.state}: {job.reason}" for job in bad))

    def _read_job(self, api: PlatformApi, job: JobRead) -> JobRead:
        try:
            return api.jobs.get_job(job.id)
        except AppError as error:
            # A hub that is being restarted must not end the command that watches it.
            if error.status < 500 and error.status != 401:
                raise
            return job

    def _show(self, api: PlatformApi) -> None:
        if self.stop_asked:
            return
        base = api.base_url
        for collection in ("people", "bills", "votes"):
            page = api.records.list(collection, limit=1, total="true")
            self.summary.counts[collection] = int(page["meta"]["total"])
            self.summary.urls[collection] = f"{base}/api/v1/{collection}"
        first = api.records.list("people", limit=1)["data"]
        if first:
            name = str(first[0]["name"])
            found = self._search(api, name)
            self.summary.search = {"q": name, "found": found}
            self.summary.urls["search"] = f"{base}/api/v1/search?q={name.replace(' ', '+')}"
        counts = ", ".join(f"{n} {kind}" for kind, n in self.summary.counts.items())
        self.say(f"served: {counts}")
        for name, url in self.summary.urls.items():
            self.say(f"{name:<13} {url}")

    def _search(self, api: PlatformApi, name: str) -> int:
        # The index follows the commit by up to a second.
        deadline = time.monotonic() + _SERVED_TIMEOUT_S
        while True:
            try:
                found = len(api.records.search(q=name)["data"])
            except AppError as error:
                if error.status != 503:
                    raise
                found = 0
            if found:
                return found
            if time.monotonic() > deadline:
                raise UpFailed(f"the search does not find {name!r}")
            time.sleep(0.2)

    def _stay(self) -> None:
        if not self.stop_asked:
            self.say("up; Ctrl-C stops everything")
        while not self.stop_asked:
            self._tend()
            time.sleep(0.25)

    def _tend(self) -> None:
        assert self.supervisor is not None
        for line in self.supervisor.tend():
            self.say(line)
        if name := self.supervisor.given_up():
            raise UpFailed(
                f"{name} keeps ending at once\n--- end of its log ---\n{self.supervisor.log_tail(name)}"
            )
        if self.embedded is not None and self.embedded.find() is None:
            self.say("PostgreSQL ended; starting it again")
            self.embedded.start()

    def _shut_down(self) -> None:
        if self.supervisor is not None:
            self.say("stopping")
            self.supervisor.stop_all()
        if self.embedded is not None:
            self.embedded.stop()
        with suppress(OSError):
            (self.options.data_dir.resolve() / "run" / "up.pid").unlink()


def _job_line(job: JobRead) -> str:
    records = ", ".join(f"{n} {kind}" for kind, n in sorted(job.records.items()))
    text = f"{job.source_id}: {job.state}"
    if job.state == "running":
        text += f" ({job.phase}, {job.pages} pages{'; ' + records if records else ''})"
    if job.state in DONE:
        parts = []
        for kind, report in sorted(job.report.items()):
            numbers = ", ".join(f"{v} {k}" for k, v in report.model_dump().items() if v)
            parts.append(f"{kind}: {numbers or 'nothing'}")
        text += f" - {'; '.join(parts)}" if parts else ""
        text += f" - {job.reason}" if job.reason else ""
    return text


def _is_free(host: str, port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
        return True


def _free_port(host: str) -> int:
    with socket.socket() as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])


def _port_as_before(kept: Path, host: str) -> int | None:
    # Jobs that were asked for before a restart, or that are tried again after it, name this address.
    try:
        port = int(kept.read_text().rpartition(":")[2])
    except (OSError, ValueError):
        return None
    return port if _is_free(host, port) else None


def _is_openpolicy(pid: int) -> bool:
    try:
        return b"openpolicy" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False
