"""What the hub opens for monitoring: alerts, the sampler, and who is told; each with its thread."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from hubs.ops_hub.cluster import ClusterReader
from hubs.ops_hub.health.service import HealthService
from hubs.ops_hub.monitoring.alerts import AlertBook
from hubs.ops_hub.monitoring.judging import judge_health, judge_objectives
from hubs.ops_hub.monitoring.notifying import Notifier
from hubs.ops_hub.monitoring.readings import ProcessorMeter
from hubs.ops_hub.monitoring.repository import MonitoringRepository
from hubs.ops_hub.monitoring.resources import judge, measure_cluster, measure_here, read_budget
from hubs.ops_hub.monitoring.sampling import Sampler
from hubs.ops_hub.monitoring.schemas import ResourceStatus
from hubs.ops_hub.monitoring.service import build
from hubs.ops_hub.settings import OpsSettings, settings_of
from shared.app import Resources
from shared.core.clock import utc_now
from shared.db.session import transaction
from shared.logging import get_logger
from shared.settings import HubUrls

log = get_logger(__name__)
_KEEP_ALERTS = timedelta(days=90)


class ResourceMeter:
    """Measures what the platform takes: by the cluster's API in a cluster, by the kernel's elsewhere."""

    def __init__(self, settings: OpsSettings, health: HealthService, cluster: ClusterReader | None) -> None:
        self._settings = settings
        self._health = health
        self._cluster = cluster
        self._budget = read_budget()
        self._processor = ProcessorMeter()

    def read(self) -> ResourceStatus:
        """Return the status now.

        Raises: Unavailable when the cluster cannot be asked.
        """
        if self._cluster is not None:
            return judge(measure_cluster(self._cluster.read(), self._budget))
        busy = self._processor.percent()
        return judge(measure_here(self._settings.data_dir, self._health.read(), self._budget, busy))


def open_monitoring(resources: Resources) -> None:
    """Judge, sample and tell until the hub ends."""
    settings = settings_of(resources.settings)
    health = resources.get(HealthService)
    meter = ResourceMeter(settings, health, resources.find(ClusterReader))
    resources.put(meter)
    book = AlertBook(resources.sessionmaker)
    resources.put(book)
    health.listeners.append(lambda read: judge_health(book, read))
    urls = {name: getattr(settings.hubs, name) for name in HubUrls.model_fields}
    urls |= {name.replace("_", "-"): url for name, url in settings.ops.workers.model_dump().items() if url}

    def more() -> dict[str, float]:
        found = {"platform:score": float(health.read().score)}
        for row in health.read().targets:
            if row.latency_ms is not None:
                found[f"{row.name}:check_ms"] = row.latency_ms
        status = meter.read()
        found["platform:usage_percent"] = status.usage_percent
        if status.cpu_percent is not None:
            found["platform:cpu_percent"] = status.cpu_percent
        return found

    sampler = Sampler(resources.http, urls, resources.sessionmaker, more)
    resources.put(sampler)

    def review() -> None:
        with transaction(resources.sessionmaker) as session:
            judge_objectives(book, build(session).objectives())
            MonitoringRepository(session).drop_alerts(utc_now() - _KEEP_ALERTS)

    sampler.listeners.append(review)
    _start(resources, "sampler", sampler.run)
    _start(resources, "alert-writer", book.run)
    if url := settings.ops.alert_url.get_secret_value():
        _start(resources, "notifier", Notifier(book, resources.http, url, resources.registry).run)


def _start(resources: Resources, name: str, body: Callable[[threading.Event], Any]) -> None:
    thread = threading.Thread(target=body, args=(resources.stop,), name=name, daemon=True)
    thread.start()
    resources.stack.callback(thread.join, 5)
