"""Alerts in memory and in the database: each may be away; whoever is told is told once, and in groups."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import pytest
from prometheus_client import CollectorRegistry

from hubs.ops_hub.monitoring.alerts import AlertBook, AlertSpec
from hubs.ops_hub.monitoring.models import Silence
from hubs.ops_hub.monitoring.notifying import Notifier
from hubs.ops_hub.monitoring.repository import MonitoringRepository
from hubs.ops_hub.monitoring.schemas import SilenceRead
from shared.core.clock import utc_now
from shared.core.errors import Unavailable
from shared.core.ids import new_id
from shared.db.engine import create_engine
from shared.db.session import create_sessionmaker, transaction
from shared.settings import DatabaseSettings, HubSettings
from shared.testing.databases import FreshDatabase
from shared.testing.ports import free_port


def prepare(database: FreshDatabase) -> None:
    database.migrate("ops")


@pytest.fixture
def sessions(embedded_databases) -> Iterator[Any]:
    with embedded_databases.fresh(prepare) as database:
        engine = create_engine(database.settings(), "ops")
        yield create_sessionmaker(engine)
        engine.dispose()


def away() -> Any:
    url = f"postgresql://nobody@127.0.0.1:{free_port()}/nothing"
    settings = HubSettings(database=DatabaseSettings(url=url, role_per_hub=False))
    return create_sessionmaker(create_engine(settings, "ops"))


def spec(target: str, name: str = "TargetDown") -> AlertSpec:
    return AlertSpec(name, "critical", (("target", target),), f"{target} is down", f"{target} est en panne")


def stored(sessions: Any) -> list[tuple[str, str, str]]:
    with transaction(sessions) as session:
        rows = MonitoringRepository(session).alerts("", 50)
        return sorted((row.name, row.labels["target"], row.status) for row in rows)


def test_what_is_declared_fires_once_and_ends_when_it_is_declared_no_more(sessions: Any) -> None:
    book = AlertBook(sessions)
    for _ in range(5):
        book.declare("health", [spec("data")])
    book.write()
    assert stored(sessions) == [("TargetDown", "data", "firing")]
    book.declare("health", [])
    book.write()
    assert book.firing() == []
    assert stored(sessions) == [("TargetDown", "data", "resolved")]


def test_each_part_of_the_hub_declares_for_itself(sessions: Any) -> None:
    book = AlertBook(sessions)
    book.declare("health", [spec("data")])
    book.declare("errors", [spec("ux", "IssueNew")])
    book.declare("health", [])
    assert [row.name for row in book.firing()] == ["IssueNew"]


def test_without_the_database_what_fires_is_known_and_written_once_it_is_back(sessions: Any) -> None:
    book = AlertBook(away())
    book.declare("health", [spec("postgresql")])
    with pytest.raises(Unavailable):
        book.write()
    assert [row.labels["target"] for row in book.firing()] == ["postgresql"]
    book.declare("health", [])
    assert [row.status for row in book.ended()] == ["resolved"]
    book._sessions = sessions
    book.write()
    assert stored(sessions) == [("TargetDown", "postgresql", "resolved")]
    assert book.ended() == []


def test_a_later_process_takes_up_what_fires_and_raises_nothing_twice(sessions: Any) -> None:
    first = AlertBook(sessions)
    first.declare("health", [spec("data"), spec("ux")])
    first.write()
    second = AlertBook(sessions)
    second.write()
    second.declare("health", [spec("data")])
    second.write()
    assert stored(sessions) == [("TargetDown", "data", "firing"), ("TargetDown", "ux", "resolved")]


def test_a_process_that_began_without_the_database_ends_what_the_earlier_one_left(sessions: Any) -> None:
    first = AlertBook(sessions)
    first.declare("health", [spec("data")])
    first.write()
    second = AlertBook(sessions)
    second.declare("health", [spec("data")])
    second.write()
    second.write()
    assert stored(sessions) == [("TargetDown", "data", "firing"), ("TargetDown", "data", "resolved")]


def test_the_consequence_of_an_alert_names_it(sessions: Any) -> None:
    book = AlertBook(sessions)
    book.declare("health", [spec("postgresql")])
    root = book.firing()[0].fingerprint
    book.explain({"postgresql": root, "data": root})
    book.declare("prometheus", [AlertSpec("HubDown", "critical", (("hub", "data"),), "x", "x")])
    found = {row.name: row.inhibited_by for row in book.firing()}
    assert found == {"TargetDown": None, "HubDown": root}


class Sink:
    """The operator's webhook."""

    def __init__(self) -> None:
        self.status = 200
        self.bodies: list[dict[str, Any]] = []
        sink = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                if sink.status == 200:
                    sink.bodies.append(body)
                self.send_response(sink.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/"

    def told(self) -> list[tuple[str, list[str]]]:
        found = [
            (body["status"], sorted(a["labels"]["target"] for a in body["alerts"])) for body in self.bodies
        ]
        self.bodies.clear()
        return found

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def sink() -> Iterator[Sink]:
    found = Sink()
    yield found
    found.close()


@pytest.fixture
def book(sessions: Any) -> AlertBook:
    return AlertBook(sessions)


@pytest.fixture
def notifier(book: AlertBook, sink: Sink) -> Iterator[Notifier]:
    with httpx.Client(trust_env=False) as http:
        yield Notifier(book, http, sink.url, CollectorRegistry())


def silence(target: str) -> SilenceRead:
    now = utc_now()
    return SilenceRead.model_validate(
        Silence(
            id=new_id(),
            matchers={"target": target},
            reason="being mended",
            created_by="operator",
            starts_at=now - timedelta(minutes=1),
            ends_at=now + timedelta(minutes=1),
            is_maintenance=False,
        )
    )


def test_what_begins_together_is_told_together_once_and_its_end_too(
    book: AlertBook, notifier: Notifier, sink: Sink
) -> None:
    book.declare("health", [spec("data"), spec("ux")])
    assert notifier.tell()
    assert notifier.tell()
    assert sink.told() == [("firing", ["data", "ux"])]
    book.declare("health", [])
    assert notifier.tell()
    assert sink.told() == [("resolved", ["data", "ux"])]


def test_a_webhook_that_is_away_is_told_later(book: AlertBook, notifier: Notifier, sink: Sink) -> None:
    sink.status = 503
    book.declare("health", [spec("data")])
    assert not notifier.tell()
    sink.status = 200
    assert notifier.tell()
    assert sink.told() == [("firing", ["data"])]


def test_what_is_silenced_is_told_when_its_silence_ends_and_it_still_fires(
    book: AlertBook, notifier: Notifier, sink: Sink
) -> None:
    book.set_silences([silence("data")])
    book.declare("health", [spec("data"), spec("ux")])
    assert notifier.tell()
    assert sink.told() == [("firing", ["ux"])]
    book.set_silences([])
    assert notifier.tell()
    assert sink.told() == [("firing", ["data"])]


def test_what_was_never_told_does_not_end(book: AlertBook, notifier: Notifier, sink: Sink) -> None:
    book.set_silences([silence("data")])
    book.declare("health", [spec("data")])
    notifier.tell()
    book.declare("health", [])
    notifier.tell()
    assert sink.told() == []


def test_a_later_process_does_not_tell_again(
    book: AlertBook, notifier: Notifier, sink: Sink, sessions: Any
) -> None:
    book.declare("health", [spec("data")])
    notifier.tell()
    book.write()
    later = AlertBook(sessions)
    later.write()
    with httpx.Client(trust_env=False) as http:
        again = Notifier(later, http, sink.url, CollectorRegistry())
        again.tell()
        assert sink.told() == [("firing", ["data"])]
        later.declare("health", [])
        again.tell()
    assert sink.told() == [("resolved", ["data"])]
