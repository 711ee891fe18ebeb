"""A process reports its errors and never waits, whatever ops_hub does: away, silent, or asking for quiet."""

from __future__ import annotations

import json
import logging
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from pydantic import SecretStr

from shared.reporting import REPORTERS, ErrorReporter, own_dsn, platform_dsn, project_key, report_readings
from shared.settings import DatabaseSettings, HubSettings, RabbitSettings, root_secret
from shared.testing.ports import free_port
from shared.testing.processes import wait_until

ERRORS = 500


class Ingest:
    """Answers reports with a status of the test's choice and keeps what came."""

    def __init__(self) -> None:
        self.status = 200
        self.headers: dict[str, str] = {}
        self.events: list[dict[str, Any]] = []
        ingest = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                ingest.events.append(json.loads(body.split(b"\n")[2]))
                self.send_response(ingest.status)
                for name, value in ingest.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.port = self._server.server_address[1]

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def ingest() -> Iterator[Ingest]:
    found = Ingest()
    yield found
    found.close()


def reporter_to(port: int) -> ErrorReporter:
    return ErrorReporter(HubSettings(error_dsn=SecretStr(f"http://key@127.0.0.1:{port}/1")), "scraper")


def log_errors(reporter: ErrorReporter, count: int) -> None:
    for number in range(count):
        reporter.handle(logging.LogRecord("x", logging.ERROR, __file__, 1, f"error {number}", (), None))


def test_what_is_logged_arrives_with_its_exception_and_without_secrets(ingest: Ingest) -> None:
    reporter = reporter_to(ingest.port)
    try:
        raise ValueError("postgresql://op:hunter2@db/op does not answer")
    except ValueError as error:
        info = (type(error), error, error.__traceback__)
    record = logging.LogRecord("x", logging.ERROR, __file__, 1, "it broke: token=%s", ("abc",), info)
    reporter.handle(record)
    wait_until(lambda: ingest.events, timeout=20, what="a report")
    (event,) = ingest.events
    (exception,) = event["exception"]["values"]
    assert (event["server_name"], exception["type"]) == ("scraper", "ValueError")
    assert "hunter2" not in json.dumps(event)
    reporter.close()
    assert (reporter.sent, reporter.dropped) == (1, 0)


def test_an_ops_hub_that_is_away_costs_nothing_but_a_count() -> None:
    reporter = reporter_to(free_port())
    log_errors(reporter, ERRORS)
    reporter.close()
    assert (reporter.sent, reporter.dropped) == (0, ERRORS)


def test_an_ops_hub_that_never_answers_holds_nobody_up() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen(1)
        reporter = reporter_to(silent.getsockname()[1])
        # Each of these returns while the first report still waits for its answer.
        log_errors(reporter, ERRORS)
        assert reporter.sent == 0
        assert reporter.dropped > 0
        reporter.close()
    assert reporter.sent == 0


def test_a_reporter_that_is_told_to_wait_is_quiet(ingest: Ingest) -> None:
    ingest.status, ingest.headers = 429, {"Retry-After": "60"}
    reporter = reporter_to(ingest.port)
    log_errors(reporter, 1)
    wait_until(lambda: reporter.dropped, timeout=20, what="the answer")
    log_errors(reporter, 20)
    reporter.close()
    assert len(ingest.events) == 1
    assert reporter.dropped == 21


def test_a_process_without_dsn_and_secret_reports_nowhere() -> None:
    settings = HubSettings.model_construct(
        environment="production", error_dsn=SecretStr(""), secret=SecretStr("")
    )
    assert own_dsn(settings) == ""
    reporter = ErrorReporter(settings, "scraper")
    log_errors(reporter, 3)
    assert reporter.dropped == 3


def test_the_dsn_that_is_handed_out_fits_the_key_that_ops_hub_derives() -> None:
    secret = SecretStr("a root secret of more than thirty-two characters")
    settings = HubSettings(
        environment="production",
        secret=secret,
        database=DatabaseSettings(url="postgresql://db/op"),
        rabbit=RabbitSettings(url="amqp://op:op@mq:5672/"),
        opa={"url": "http://opa:8181"},
        redis={"url": "redis://redis:6379/0"},
    )
    given = platform_dsn(root_secret(settings), "http://ops-hub:8004")
    assert given == f"http://{project_key(settings)}@ops-hub:8004/1"


def test_reports_are_counted_among_the_metrics_of_a_process(ingest: Ingest) -> None:
    reporter = reporter_to(ingest.port)
    (reading,) = report_readings()
    REPORTERS.add(reporter)
    before = dict(_sums(reading.read()))
    log_errors(reporter, 1)
    reporter.close()
    assert dict(_sums(reading.read()))["sent"] == before.get("sent", 0) + 1


def _sums(values: Any) -> Iterator[tuple[str, float]]:
    found: dict[str, float] = {}
    for (label,), value in values:
        found[label] = found.get(label, 0) + value
    yield from found.items()
