"""Transactions at the edge, against real servers: committed before the answer, undone by an error."""

import threading
import uuid
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta, timezone
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from fastapi.testclient import TestClient
from sqlalchemy import Engine, text
from sqlalchemy.exc import ProgrammingError, StatementError
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, sessionmaker

from shared.core.errors import AppError, Conflict, Invalid, NotFound, Unavailable
from shared.db.base import HasId, HasTimestamps, hub_registry
from shared.db.dependency import SessionDep
from shared.db.engine import create_engine
from shared.db.session import create_sessionmaker, transaction
from shared.settings import DatabaseSettings
from shared.testing.databases import FreshDatabase

pytestmark = pytest.mark.parametrize("fresh_database", ["embedded", "server"], indirect=True)


class Model(DeclarativeBase):
    registry = hub_registry("data")


class Note(HasId, HasTimestamps, Model):
    __tablename__ = "note"
    key: Mapped[str] = mapped_column(unique=True)
    words: Mapped[dict[str, Any]] = mapped_column(default=dict)


@pytest.fixture
def engine(fresh_database: FreshDatabase) -> Iterator[Engine]:
    settings = fresh_database.settings()
    limits = settings.database.model_copy(update={"statement_timeout_ms": 500, "lock_timeout_ms": 200})
    engine = create_engine(settings.model_copy(update={"database": limits}), "data")
    Model.metadata.create_all(engine)
    # Checked at the commit only, which is what a late failure looks like.
    with engine.begin() as connection:
        connection.execute(
            text("ALTER TABLE data.note ADD CONSTRAINT late UNIQUE (words) DEFERRABLE INITIALLY DEFERRED")
        )
    yield engine
    engine.dispose()


@pytest.fixture
def sessions(engine: Engine) -> sessionmaker[Session]:
    return create_sessionmaker(engine)


@pytest.fixture
def client(sessions: sessionmaker[Session]) -> Iterator[TestClient]:
    app = FastAPI()
    app.state.resources = SimpleNamespace(sessionmaker=sessions)

    @app.exception_handler(AppError)
    def problem(request: Request, error: AppError) -> JSONResponse:
        return JSONResponse(error.problem(), error.status)

    @app.post("/notes/{key}", status_code=201)
    def create(key: str, session: SessionDep, words: str = "", then: str = "") -> dict[str, str]:
        session.add(Note(key=key, words={"w": words or key}))
        session.flush()
        if then == "missing":
            raise NotFound("it is not there")
        if then == "defect":
            raise ZeroDivisionError
        return {"key": key}

    with TestClient(app, raise_server_exceptions=False) as client:
        yield client


def keys(sessions: sessionmaker[Session]) -> set[str]:
    with transaction(sessions) as session:
        return set(session.execute(text("SELECT key FROM data.note")).scalars())


def test_an_answer_of_success_is_sent_after_the_commit(
    client: TestClient, sessions: sessionmaker[Session]
) -> None:
    assert client.post("/notes/one").status_code == 201
    assert keys(sessions) == {"one"}


@pytest.mark.parametrize(("then", "status"), [("missing", 404), ("defect", 500)])
def test_an_error_undoes_what_the_request_wrote(
    client: TestClient, sessions: sessionmaker[Session], then: str, status: int
) -> None:
    assert client.post("/notes/one", params={"then": then}).status_code == status
    assert keys(sessions) == set()


def test_a_commit_that_fails_is_answered_with_its_error_and_not_with_success(
    client: TestClient, sessions: sessionmaker[Session]
) -> None:
    assert client.post("/notes/one", params={"words": "same"}).status_code == 201
    refused = client.post("/notes/two", params={"words": "same"})
    assert refused.status_code == 409
    assert "{" not in refused.json()["detail"]
    assert keys(sessions) == {"one"}


def test_a_repeated_key_is_a_conflict(client: TestClient) -> None:
    client.post("/notes/one")
    assert client.post("/notes/one", params={"words": "other"}).status_code == 409


def test_a_slow_statement_is_cancelled_and_called_unavailable(sessions: sessionmaker[Session]) -> None:
    with pytest.raises(Unavailable, match="too long"), transaction(sessions) as session:
        session.execute(text("SELECT pg_sleep(20)"))


def test_a_locked_row_is_called_unavailable(sessions: sessionmaker[Session]) -> None:
    with transaction(sessions) as session:
        session.add(Note(key="one"))
    with transaction(sessions) as holder:
        holder.execute(text("SELECT * FROM data.note FOR UPDATE"))
        with pytest.raises(Unavailable, match="locked"), transaction(sessions) as waiter:
            waiter.execute(text("SELECT * FROM data.note FOR UPDATE"))


def test_a_pool_that_is_empty_is_called_unavailable(
    sessions: sessionmaker[Session], engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine.pool, "_timeout", 0.1)
    with ExitStack() as held:
        for _ in range(5):
            held.enter_context(transaction(sessions)).execute(text("SELECT 1"))
        with pytest.raises(Unavailable, match="became free"), transaction(sessions) as sixth:
            sixth.execute(text("SELECT 1"))


def test_a_server_that_is_away_is_called_unavailable(fresh_database: FreshDatabase) -> None:
    settings = fresh_database.settings()
    nowhere = DatabaseSettings(url="postgresql://127.0.0.1:1/nowhere")
    engine = create_engine(settings.model_copy(update={"database": nowhere}), "data")
    with (
        pytest.raises(Unavailable, match="cannot be reached"),
        transaction(create_sessionmaker(engine)) as session,
    ):
        session.execute(text("SELECT 1"))
    engine.dispose()


def test_connections_that_the_server_ended_are_replaced(
    sessions: sessionmaker[Session], fresh_database: FreshDatabase
) -> None:
    with transaction(sessions) as session:
        session.execute(text("SELECT 1"))
    with psycopg.connect(fresh_database.settings().database.url, autocommit=True) as admin:
        admin.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE usename = 'op_data' AND datname = current_database()"
        )
    with transaction(sessions) as session:
        assert session.execute(text("SELECT 1")).scalar() == 1


def test_a_connection_just_used_is_not_asked_whether_it_lives(
    fresh_database: FreshDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = create_engine(fresh_database.settings(), "data")
    clock, asked = Clock(), []
    ping = engine.dialect.do_ping

    def note(connection: Any) -> bool:
        asked.append(clock.now)
        return ping(connection)

    monkeypatch.setattr(engine.dialect, "do_ping", note)
    monkeypatch.setattr("shared.db.pinging.time", clock)
    sessions = create_sessionmaker(engine)
    try:
        for clock.now in (0.0, 1.0, 2.0, 6.9, 12.0, 12.5):
            with transaction(sessions) as session:
                assert session.execute(text("SELECT 1")).scalar() == 1
    finally:
        engine.dispose()
    assert asked == [12.0]


class Clock:
    """Stands for the module of the same name."""

    now = 0.0

    def monotonic(self) -> float:
        """Return the seconds that the test is at."""
        return self.now


def test_two_transactions_that_wait_for_each_other_end_as_unavailable_not_as_a_defect(
    sessions: sessionmaker[Session],
) -> None:
    with transaction(sessions) as session:
        session.add_all([Note(key="a", words={"w": 1}), Note(key="b", words={"w": 2})])
    barrier = threading.Barrier(2)
    failures: list[BaseException] = []

    def change(first: str, second: str) -> None:
        try:
            with transaction(sessions) as session:
                update = text("UPDATE data.note SET updated_at = now() WHERE key = :key")
                session.execute(update, {"key": first})
                barrier.wait(10)
                session.execute(update, {"key": second})
        except AppError as error:
            failures.append(error)

    threads = [threading.Thread(target=change, args=pair) for pair in (("a", "b"), ("b", "a"))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert failures
    assert all(isinstance(failure, Unavailable) for failure in failures)


def test_values_that_cannot_be_stored_are_invalid_and_defects_stay_defects(
    sessions: sessionmaker[Session],
) -> None:
    with pytest.raises(Invalid), transaction(sessions) as session:
        session.add(Note(key="a\x00b"))
    with pytest.raises(ProgrammingError), transaction(sessions) as session:
        session.execute(text("SELECT nonsense"))
    with pytest.raises(StatementError, match="not an instant"), transaction(sessions) as session:
        session.add(Note(key="x", created_at=datetime(2026, 1, 1)))
    with pytest.raises(Conflict), transaction(sessions) as session:
        session.add_all([Note(key="twice"), Note(key="twice", words={"w": 1})])


def test_instants_ids_and_json_come_back_as_they_went(sessions: sessionmaker[Session]) -> None:
    ottawa = timezone(timedelta(hours=-5))
    person = uuid.uuid4()
    with transaction(sessions) as session:
        note = Note(
            key="k", created_at=datetime(2026, 1, 1, 19, tzinfo=ottawa), words={"né": [1, None], "id": person}
        )
        session.add(note)
    assert note.id.version == 7  # readable after the commit
    with transaction(sessions) as session:
        read = session.get_one(Note, note.id)
    assert read.created_at == datetime(2026, 1, 2, 0, tzinfo=UTC)
    assert read.created_at.tzinfo is UTC
    assert read.words == {"né": [1, None], "id": str(person)}


def test_a_connection_carries_its_name_and_its_limits(sessions: sessionmaker[Session]) -> None:
    with transaction(sessions) as session:
        said = [
            session.execute(text(f"SHOW {name}")).scalar()
            for name in ("application_name", "statement_timeout", "lock_timeout", "timezone")
        ]
    assert said == ["openpolicy-data", "500ms", "200ms", "UTC"]
