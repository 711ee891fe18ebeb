"""What every process says of itself beside its requests: memory, messages, pool, cache, error reports."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

from shared.core.memory import cgroup_bytes, tree_mib

Value = tuple[tuple[str, ...], float]
"""Label values and a number."""


@dataclass(frozen=True)
class Reading:
    """A metric that is read when it is asked for; a name that ends in ``_total`` is a counter."""

    name: str
    about: str
    labels: tuple[str, ...]
    read: Callable[[], Iterable[Value]]


class Readings(Collector):
    """Exports readings; values with the same labels are added up."""

    def __init__(self, readings: Iterable[Reading]) -> None:
        self._readings = list(readings)

    def describe(self) -> Iterable[Metric]:
        """Return the metrics without their values, so that registering them reads nothing."""
        return [_family(reading) for reading in self._readings]

    def collect(self) -> Iterator[Metric]:
        """Read everything once."""
        for reading in self._readings:
            family = _family(reading)
            sums: dict[tuple[str, ...], float] = {}
            for labels, value in reading.read():
                sums[labels] = sums.get(labels, 0.0) + value
            for labels, value in sums.items():
                family.add_metric(labels, value)
            yield family


def _family(reading: Reading) -> CounterMetricFamily | GaugeMetricFamily:
    is_counter = reading.name.endswith("_total")
    kind = CounterMetricFamily if is_counter else GaugeMetricFamily
    return kind(reading.name.removesuffix("_total"), reading.about, labels=reading.labels)


def _memory() -> Iterator[Value]:
    current = cgroup_bytes("memory.current")
    if current is None:
        # Outside of a container: the share of the process and of those that it started, as the group of a
        # container would hold them; to add it up costs the kernel milliseconds.
        yield ("pss",), tree_mib(os.getpid()) * 2**20
        return
    yield ("cgroup",), float(current)
    for name, label in (("memory.peak", "cgroup_peak"), ("memory.max", "limit")):
        if (size := cgroup_bytes(name)) is not None:
            yield (label,), float(size)


def watch_process(registry: CollectorRegistry, *more: Reading) -> None:
    """Export what any process can say of itself, and ``more``."""
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    memory = Reading(
        "memory_bytes", "Memory by what it counts: cgroup, cgroup_peak, limit, pss.", ("kind",), _memory
    )
    registry.register(Readings([memory, *more]))
