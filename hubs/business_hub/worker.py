"""``python -m hubs.business_hub.worker``: Celery workers for this hub's tasks, one at a time in a child."""

from __future__ import annotations

import argparse
import sys
import threading

from hubs.business_hub.celery_app import BEAT_S, build_celery, process_name, say_alive
from hubs.business_hub.importer import open_importer
from hubs.business_hub.settings import BusinessSettings
from hubs.business_hub.tasks import QUEUE
from shared.app import Resources, open_probe
from shared.core.errors import Invalid


def run_worker(settings: BusinessSettings | None = None, concurrency: int = 1) -> None:
    """Work until SIGTERM; a task in hand is finished first.

    Raises: Invalid when no RabbitMQ is configured: then the importer does the tasks.
    """
    settings = settings or BusinessSettings()
    if not settings.rabbit.url:
        raise Invalid("Celery needs OP_RABBIT__URL; without it the importer does the tasks itself")
    resources = open_importer(settings)
    with resources.stack:
        resources.bus.declare(QUEUE)
        app = build_celery(settings)
        # Only started once the children are forked: a thread must not hold a lock while that happens.
        from celery import signals

        signals.worker_ready.connect(
            lambda **_: threading.Thread(target=_live, args=(resources,), daemon=True).start(), weak=False
        )
        app.worker_main(
            [
                "worker",
                "--without-gossip",
                "--without-mingle",
                f"--concurrency={concurrency}",
                f"--queues={QUEUE.name}",
                f"--hostname={process_name('business')}",
                f"--loglevel={settings.log_level}",
            ]
        )
        resources.stop.set()


def _live(resources: Resources) -> None:
    open_probe(resources)
    while not resources.stop.is_set():
        say_alive(resources, "celery")
        resources.stop.wait(BEAT_S)


def main() -> int:
    """Run as a program."""
    parser = argparse.ArgumentParser(prog="python -m hubs.business_hub.worker", description=__doc__)
    parser.add_argument("--concurrency", type=int, default=1, help="children at work side by side")
    asked = parser.parse_args()
    try:
        run_worker(concurrency=asked.concurrency)
    except Invalid as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
