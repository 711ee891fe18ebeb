"""The importer: a process of its own (``python -m hubs.business_hub.importer``) that stages and loads."""

from __future__ import annotations

import signal
import threading

from hubs.business_hub.etl.consumers import ImportWorker, start_staging
from hubs.business_hub.etl.dependencies import open_pipeline
from hubs.business_hub.etl.loading import Canon
from hubs.business_hub.etl.pipeline import Pipeline
from hubs.business_hub.queue.dependencies import open_sources
from hubs.business_hub.settings import BusinessSettings, settings_of
from hubs.business_hub.tasks import start_tasks
from hubs.business_hub.tidying import start_tidying
from shared.app import Resources, follow_configuration, open_probe, service_tokens
from shared.clients.data_hub import DataHubClient
from shared.db.engine import create_engine
from shared.db.session import create_sessionmaker
from shared.http.client import make_client
from shared.logging import configure_logging, get_logger
from shared.reporting import report_errors
from shared.settings import HubSettings

log = get_logger(__name__)


def run_importer(settings: HubSettings | None = None, stop: threading.Event | None = None) -> None:
    """Stage and load until ``stop`` is set; returns when the piece in hand is done."""
    found = settings_of(settings or BusinessSettings())
    configure_logging("importer", found.log_level, found.log_format)
    resources = open_importer(found)
    with resources.stack:
        resources.stack.callback(report_errors(found, "importer").close)
        start_importer(resources)
        open_probe(resources)
        follow_configuration(resources)
        log.info("importer is up")
        (stop or threading.Event()).wait()
        resources.stop.set()


def open_importer(settings: BusinessSettings) -> Resources:
    """Return what the importer holds; nothing is connected yet."""
    resources = Resources("business", settings)
    resources.http = make_client(settings.http.client_timeout_s)
    resources.stack.callback(resources.http.close)
    resources.tokens = service_tokens(settings, "business", resources.http)
    resources.engine = create_engine(settings, "business", application_name="openpolicy-importer")
    resources.stack.callback(resources.engine.dispose)
    resources.sessionmaker = create_sessionmaker(resources.engine)
    resources.put(open_sources(settings))
    return resources


def hold_canon(resources: Resources, canon: Canon | None = None) -> Pipeline:
    """Give a process the record that it loads into (data_hub) and return its pipeline."""
    settings = settings_of(resources.settings)
    found = canon or DataHubClient(settings.hubs.data, resources.http, resources.tokens)
    return open_pipeline(resources, found)


def start_importer(resources: Resources, canon: Canon | None = None) -> ImportWorker:
    """Start the threads of the importer: staging, loading and, unless Celery does them, tasks."""
    settings = settings_of(resources.settings)
    worker = ImportWorker(resources, hold_canon(resources, canon))
    worker.start()
    start_staging(resources, worker)
    start_tidying(resources)
    if settings.tasks.is_done_here(settings):
        start_tasks(resources)
    return worker


def main() -> None:
    """Run until SIGTERM or SIGINT."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    run_importer(None, stop)


if __name__ == "__main__":
    main()
