"""The targets of this installation and the thread that polls them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from hubs.ops_hub.cluster import ClusterReader, WorkloadStates, open_cluster
from hubs.ops_hub.health.checks import (
    Ask,
    backup_check,
    broker_check,
    certificate_check,
    disk_check,
    http_check,
    newest_file,
    redis_check,
    schedules_check,
    sources_check,
)
from hubs.ops_hub.health.incidents import IncidentBook
from hubs.ops_hub.health.service import HealthService
from hubs.ops_hub.health.targets import Check, Failed, NotKnown, Target
from hubs.ops_hub.settings import OpsSettings, settings_of
from shared.app import Resources
from shared.clients.base import HubClient
from shared.core.errors import AppError
from shared.db.errors import translated

_HUB_USES: dict[str, tuple[str, ...]] = {
    "ux": ("security", "data", "business", "intelligence"),
    "security": (),
    "data": ("security",),
    "business": ("data", "security"),
    "intelligence": ("data", "security"),
}
_MINUTES = 60.0


def start_watching(resources: Resources) -> None:
    """Watch everything this installation consists of until the hub ends."""
    settings = settings_of(resources.settings)
    if (cluster := open_cluster(settings.ops.namespace)) is not None:
        resources.put(cluster)
        resources.stack.callback(cluster.close)
    service = HealthService(
        targets(resources, settings),
        timeout_s=settings.ops.check_timeout_s,
        start_grace_s=settings.ops.start_grace_s,
    )
    resources.stack.callback(service.close)
    resources.put(service)
    book = IncidentBook(resources.sessionmaker)
    resources.put(book)
    service.listeners.append(book.note)
    for name, body, arguments in (
        ("incident-writer", book.run, (resources.stop,)),
        ("health-poller", service.run, (resources.stop, settings.ops.poll_every_s)),
    ):
        thread = threading.Thread(target=body, args=arguments, name=name, daemon=True)
        thread.start()
        resources.stack.callback(thread.join, 5)


def targets(resources: Resources, settings: OpsSettings) -> list[Target]:
    """Return what is watched here: what is configured, and nothing else."""
    broker = "rabbitmq" if settings.rabbit.url else "broker"
    return [
        *_hubs(resources, settings, broker),
        *_workers(resources, settings, broker),
        *_infrastructure(resources, settings, broker),
        *_circumstances(resources, settings),
    ]


def _hubs(resources: Resources, settings: OpsSettings, broker: str) -> list[Target]:
    shared = (broker, *(["redis"] if settings.redis.url else ()))
    found = []
    for name, uses in _HUB_USES.items():
        below = ("postgresql", "opa") if name == "intelligence" and settings.opa.url else ("postgresql",)
        check = http_check(
            resources.http, f"{getattr(settings.hubs, name)}/readyz", settings.ops.check_timeout_s
        )
        found.append(Target(name, check, below, (*uses, *shared), "hub"))
    return found


def _workers(resources: Resources, settings: OpsSettings, broker: str) -> list[Target]:
    cluster = resources.find(ClusterReader)
    states = WorkloadStates(cluster) if cluster is not None else None
    found = []
    for field, url in settings.ops.workers.model_dump().items():
        name = field.replace("_", "-")
        if url:
            check = http_check(resources.http, f"{url}/readyz", settings.ops.check_timeout_s)
        elif states is not None:
            check = _pods(states, name)
        else:
            continue
        uses = () if name == "scraper" else ("postgresql", "data")
        found.append(Target(name, check, (broker,), uses, "worker"))
    return found


def _pods(states: WorkloadStates, name: str) -> Check:
    def check() -> None:
        try:
            ready, wanted = states.ready(name)
        except AppError as error:
            raise NotKnown(error.detail) from error
        if ready < wanted:
            raise Failed(f"{ready} of {wanted} pods are ready")

    return check


def _infrastructure(resources: Resources, settings: OpsSettings, broker: str) -> list[Target]:
    def database() -> None:
        with translated():
            resources.checks["database"]()

    bus = resources.open_bus()
    resources.stack.callback(bus.close)
    below = () if settings.rabbit.url else ("postgresql",)
    found = [
        Target("postgresql", database, kind="infra"),
        Target(broker, broker_check(bus), below, kind="infra"),
    ]
    if settings.redis.url:
        check = redis_check(settings.redis.url, settings.ops.check_timeout_s)
        found.append(Target("redis", check, kind="infra"))
    if settings.opa.url:
        opa = http_check(resources.http, f"{settings.opa.url}/health", settings.ops.check_timeout_s)
        found.append(Target("opa", opa, kind="infra"))
    return found


def _circumstances(resources: Resources, settings: OpsSettings) -> list[Target]:
    options = settings.ops
    ask = _ask_business(resources, settings)

    def slow(name: str, check: Any, every_s: float, uses: tuple[str, ...] = ()) -> Target:
        return Target(name, check, uses=uses, kind="check", every_s=every_s, confirmations=1)

    settings.data_dir.mkdir(parents=True, exist_ok=True)
    found = [
        slow("disk", disk_check(settings.data_dir, options.disk_percent), 30.0),
        slow("schedules", schedules_check(ask), 30.0, ("business",)),
        slow("sources", sources_check(ask), _MINUTES, ("business",)),
    ]
    public = urlsplit(settings.public_url)
    servers = [f"{public.hostname}:{public.port or 443}"] if public.scheme == "https" else []
    if servers := [*servers, *options.certificates]:
        check = certificate_check(servers, options.certificate_days, options.check_timeout_s)
        found.append(slow("certificate", check, 15 * _MINUTES))
    if newest := _newest_backup(resources, settings):
        age = timedelta(hours=options.backup_hours)
        found.append(slow("backup", backup_check(newest, age), 5 * _MINUTES))
    return found


def _newest_backup(resources: Resources, settings: OpsSettings) -> Callable[[], datetime | None] | None:
    """Return how the newest backup is found: in its folder, or by the cluster's job; None: not here."""
    if folder := settings.ops.backup_dir:
        return lambda: newest_file(folder)
    cluster = resources.find(ClusterReader)
    if cluster is None:
        return None

    def by_job() -> datetime | None:
        try:
            return cluster.backup_at()
        except AppError as error:
            raise NotKnown(error.detail) from error

    return by_job


def _ask_business(resources: Resources, settings: OpsSettings) -> Ask:
    def ask(path: str, params: dict[str, Any]) -> list[dict[str, Any]]:
        client = HubClient(settings.hubs.business, resources.http, resources.tokens)
        try:
            rows: list[dict[str, Any]] = client.request(
                "GET", path, params=params, timeout_s=settings.ops.check_timeout_s
            )["data"]
        except AppError as error:
            raise NotKnown(error.detail) from error
        return rows

    return ask
