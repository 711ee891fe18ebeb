"""The embedded PostgreSQL: one server for many processes, which loses nothing that was committed."""

import os
import pwd
import shutil
import signal
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import sqlalchemy.orm
from sqlalchemy import text

from shared.core.errors import Unavailable
from shared.db.dsn import libpq_dsn
from shared.db.embedded import EmbeddedPostgres
from shared.db.engine import create_engine
from shared.db.names import SCHEMAS
from shared.db.session import create_sessionmaker, transaction
from shared.db.url import broker_dsn, database_url
from shared.settings import HubSettings
from shared.testing.processes import Processes, wait_until

START = """
import sys, time
from pathlib import Path
from shared.db.dsn import libpq_dsn
from shared.db.embedded import EmbeddedPostgres
server = EmbeddedPostgres(Path(sys.argv[1]), overrides={"fsync": "off"}).start()
print("pid", server.find().pid, flush=True)
time.sleep(float(sys.argv[2]))
"""
# Imports first: an interpreter in somebody's home cannot be reached by the user it becomes.
START_AS = (
    """
import os, sys
import psycopg
from shared.db.dsn import libpq_dsn
from shared.db.embedded import EmbeddedPostgres
if os.geteuid() == 0:
    os.setgroups([]); os.setgid(int(sys.argv[4])); os.setuid(int(sys.argv[3]))
"""
    + START
)
REPOSITORY = Path(__file__).parents[3]


@pytest.fixture
def data_dir() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="op-test-"))
    yield folder
    EmbeddedPostgres(folder).stop()
    shutil.rmtree(folder)


def embedded(data_dir: Path) -> EmbeddedPostgres:
    return EmbeddedPostgres(data_dir, overrides={"fsync": "off"})


def connect(server: EmbeddedPostgres, role: str = "postgres") -> psycopg.Connection:
    return psycopg.connect(libpq_dsn(server.url(role)), autocommit=True)


def pid_of(server: EmbeddedPostgres) -> int:
    running = server.find()
    assert running is not None
    return running.pid


def test_a_started_server_holds_every_hubs_schema_owned_by_its_role(data_dir: Path) -> None:
    server = embedded(data_dir).start()
    with connect(server) as connection:
        owners = dict(
            connection.execute(
                "SELECT nspname, pg_get_userbyid(nspowner) FROM pg_namespace WHERE nspname !~ '^pg_'"
            ).fetchall()
        )
        version = connection.execute("SHOW server_version").fetchone()
    expected = {f"op_{name}" for name in SCHEMAS}
    assert {owner for name, owner in owners.items() if owner.startswith("op_")} == expected
    assert all(owner == f"op_{name}" for name, owner in owners.items() if owner.startswith("op_"))
    assert version is not None
    assert version[0].startswith("18.")


def test_the_server_is_small_and_not_on_the_network(data_dir: Path) -> None:
    server = embedded(data_dir).start()
    with connect(server) as connection:

        def show(name: str) -> object:
            row = connection.execute(f"SHOW {name}").fetchone()
            assert row is not None
            return row[0]

        assert show("shared_buffers") == "16MB"
        assert show("max_connections") == "80"
        assert show("jit") == "off"
        assert show("max_parallel_workers_per_gather") == "0"
        assert show("listen_addresses") == ""
        assert show("TimeZone") == "UTC"
    running = server.find()
    assert running is not None
    assert stat.S_IMODE(running.socket_directory.stat().st_mode) == 0o700


def test_many_processes_that_start_it_together_get_the_same_server(
    data_dir: Path, processes: Processes
) -> None:
    started = [processes.python("-c", START, data_dir, "0", cwd=REPOSITORY) for _ in range(5)]
    assert [process.wait(timeout=120) for process in started] == [0] * 5
    said = {process.output().strip() for process in started}
    assert said == {f"pid {pid_of(embedded(data_dir))}"}


def test_killing_the_process_that_started_it_leaves_the_server_running(
    data_dir: Path, processes: Processes
) -> None:
    starter = processes.python("-c", START, data_dir, "600", cwd=REPOSITORY).wait_for_output("pid ")
    pid = pid_of(embedded(data_dir))
    starter.kill()
    with connect(embedded(data_dir)) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
    assert pid_of(embedded(data_dir).start()) == pid


def test_kill_9_of_the_server_loses_nothing_that_was_committed(data_dir: Path) -> None:
    settings = HubSettings(data_dir=data_dir)
    server = EmbeddedPostgres(data_dir).start()
    engine = create_engine(settings, "data")
    sessions = create_sessionmaker(engine)
    with transaction(sessions) as session:
        session.execute(text("CREATE TABLE data.fact (n int PRIMARY KEY)"))
    for n in range(50):
        with transaction(sessions) as session:
            session.execute(text("INSERT INTO data.fact VALUES (:n)"), {"n": n})
    first = pid_of(server)
    session = sessions()
    session.execute(text("INSERT INTO data.fact VALUES (1000)"))
    os.kill(first, signal.SIGKILL)
    wait_until(lambda: server.find() is None)
    with pytest.raises(sqlalchemy.exc.OperationalError):
        wait_until(lambda: session.execute(text("SELECT pg_sleep(0.1)")) is None)
    session.close()
    with pytest.raises(Unavailable), transaction(sessions) as session:
        session.execute(text("SELECT 1"))

    server.start()

    assert pid_of(server) != first
    with transaction(sessions) as session:
        rows = session.execute(text("SELECT n FROM data.fact ORDER BY n")).scalars().all()
    assert rows == list(range(50))
    engine.dispose()


def test_a_started_again_server_has_the_same_address_and_the_same_rows(data_dir: Path) -> None:
    server = embedded(data_dir).start()
    with connect(server, "op_data") as connection:
        connection.execute("CREATE TABLE data.kept (n int)")
        connection.execute("INSERT INTO data.kept VALUES (7)")
    before = server.url("op_data")
    server.stop()
    assert server.find() is None
    server.stop()
    server.start()
    assert server.url("op_data") == before
    with connect(server, "op_data") as connection:
        assert connection.execute("SELECT n FROM data.kept").fetchall() == [(7,)]


@pytest.mark.parametrize("runtime", ["", "/nonexistent/runtime"])
def test_a_data_directory_too_long_for_a_socket_works(
    data_dir: Path, runtime: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", runtime)
    deep = data_dir / ("d" * 60) / ("é" * 40)
    server = embedded(deep).start()
    try:
        address = server.url()
        running = server.find()
        assert running is not None
        assert len(os.fsencode(running.socket_directory)) < 90
        with connect(server) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
        server.stop()
        shutil.rmtree(running.socket_directory)  # as a reboot does with temporary folders
        server.start()
        assert server.url() == address
        with connect(server) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
    finally:
        running = server.find()
        server.stop()
        if running is not None:
            shutil.rmtree(running.socket_directory)


def test_a_stale_pid_file_that_names_a_living_stranger_is_no_obstacle(data_dir: Path) -> None:
    server = embedded(data_dir).start()
    pid_file = server.data / "postmaster.pid"
    lines = pid_file.read_text().splitlines()
    server.stop()
    pid_file.write_text("\n".join([str(os.getpid()), *lines[1:]]) + "\n")
    assert server.find() is None
    server.start()
    assert pid_of(server) != os.getpid()


def test_a_killed_initialisation_leaves_nothing_that_is_mistaken_for_a_database(data_dir: Path) -> None:
    half = data_dir / "postgres" / "data.new-1-1"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("18\n")
    server = embedded(data_dir).start()
    with connect(server) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
    assert not half.exists()


def test_a_server_that_cannot_start_says_why(data_dir: Path) -> None:
    with pytest.raises(Unavailable, match="no_such_setting"):
        EmbeddedPostgres(data_dir, overrides={"no_such_setting": "1"}).start()


def test_a_foreign_folder_is_not_overwritten(data_dir: Path) -> None:
    mine = data_dir / "postgres" / "data" / "thesis.txt"
    mine.parent.mkdir(parents=True)
    mine.write_text("years of work")
    with pytest.raises(Unavailable, match="not empty"):
        embedded(data_dir).start()
    assert mine.read_text() == "years of work"


def test_a_missing_schema_is_made_up_for_when_a_newer_release_attaches(data_dir: Path) -> None:
    server = embedded(data_dir).start()
    pid = pid_of(server)
    with connect(server) as connection:
        connection.execute("DROP SCHEMA ux")
    (server.home / "layout").write_text("an older release's")
    server.start()
    with connect(server, "op_ux") as connection:
        connection.execute("CREATE TABLE ux.t (n int)")
    assert pid_of(server) == pid


def test_each_hub_is_given_its_own_role_and_the_broker_its_own(data_dir: Path) -> None:
    settings = HubSettings(data_dir=data_dir)
    assert database_url(settings, "data_hub").username == "op_data"
    with psycopg.connect(broker_dsn(settings)) as connection:
        assert connection.execute("SELECT current_user").fetchone() == ("op_broker",)
    with pytest.raises(ValueError, match="unknown hub"):
        database_url(settings, "weather")


def test_an_ordinary_user_starts_it_without_a_runtime_directory(
    processes: Processes, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = pwd.getpwnam("nobody") if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())
    home = Path(tempfile.mkdtemp(prefix="op-user-"))
    os.chown(home, account.pw_uid, account.pw_gid)
    ids = (str(account.pw_uid), str(account.pw_gid))
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    try:
        child = processes.python("-W", "error", "-c", START_AS, home, "0", *ids, cwd=REPOSITORY)
        assert child.wait(timeout=120) == 0, child.output()
        server = EmbeddedPostgres(home)
        assert server.data.stat().st_uid == account.pw_uid
        assert Path(f"/proc/{pid_of(server)}").stat().st_uid == account.pw_uid
    finally:
        EmbeddedPostgres(home).stop()
        shutil.rmtree(home)
