"""What the hub opens for monitoring: the sampler and its thread."""

from __future__ import annotations

import threading

from hubs.ops_hub.monitoring.sampling import Sampler
from shared.app import Resources
from shared.settings import HubUrls


def start_sampling(resources: Resources) -> None:
    """Sample every hub's metrics page until the hub ends."""
    urls = {name: getattr(resources.settings.hubs, name) for name in HubUrls.model_fields}
    sampler = Sampler(resources.http, urls, resources.sessionmaker)
    resources.put(sampler)
    thread = threading.Thread(target=sampler.run, args=(resources.stop,), name="sampler", daemon=True)
    thread.start()
    resources.stack.callback(thread.join, 5)
