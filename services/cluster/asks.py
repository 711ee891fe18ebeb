"""What a pod spec asks for, as the scheduler and a quota count it."""

from __future__ import annotations

from typing import Any

from services.cluster.objects import Ask
from services.cluster.quantity import cpu, memory

Json = dict[str, Any]


def ask_of(spec: Json) -> Ask:
    """Return what a pod spec asks for: the larger of what runs together and what starts it.

    Sidecars (init containers that restart always) run beside the containers and beside every later init
    container (kubernetes.io, "Resource sharing within containers"); a runtime's overhead comes on top.
    """
    sidecars: list[Json] = []
    starts: list[Ask] = []
    for container in spec.get("initContainers") or []:
        if container.get("restartPolicy") == "Always":
            sidecars.append(container.get("resources") or {})
            starts.append(_ask(sidecars))
        else:
            starts.append(_ask([*sidecars, container.get("resources") or {}]))
    found = _ask([*sidecars, *(c.get("resources") or {} for c in spec.get("containers") or [])])
    for first in starts:
        limit = None if found.limit is None or first.limit is None else max(found.limit, first.limit)
        found = Ask(max(found.request, first.request), limit, max(found.cpu, first.cpu))
    extra = _ask([{"requests": spec.get("overhead") or {}}])
    limit = None if found.limit is None else found.limit + extra.request
    return Ask(found.request + extra.request, limit, found.cpu + extra.cpu)


def sets_request(spec: Json) -> bool:
    """Tell whether every container of a pod spec says how much memory it requests."""
    entries = [c.get("resources") or {} for c in spec.get("containers") or []]
    return all("memory" in {**(e.get("limits") or {}), **(e.get("requests") or {})} for e in entries)


def _ask(resources: list[Json]) -> Ask:
    limits = [(entry.get("limits") or {}).get("memory") for entry in resources]
    requests = [
        (entry.get("requests") or {}).get("memory") or (entry.get("limits") or {}).get("memory") or 0
        for entry in resources
    ]
    shares = [(entry.get("requests") or {}).get("cpu") or 0 for entry in resources]
    return Ask(
        request=sum(memory(value) for value in requests),
        limit=sum(memory(value) for value in limits if value is not None) if all(limits) else None,
        cpu=sum(cpu(value) for value in shares),
    )
