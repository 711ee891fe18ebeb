"""The embedded PostgreSQL: a real server under `<data_dir>/postgres`, reached through a private socket.

Any process may start it or attach to it; only the supervisor stops it. It outlives every client, and after
a crash of its own the next `start` recovers what was committed. Whoever can enter its folder is its owner:
there are no passwords, and nothing listens on the network.
"""

import fcntl
import os
import shutil
import signal
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import URL

from shared.core.errors import Unavailable
from shared.db.binaries import Account, account_for, bin_directory, make_runnable, open_the_way, run
from shared.db.names import DATABASE
from shared.db.postmaster import PORT, Postmaster, find_postmaster, socket_directory
from shared.db.provision import LAYOUT, create_database, provision

START_TIMEOUT_SECONDS = 120
STOP_TIMEOUT_SECONDS = 60
LOG_LIMIT_BYTES = 5_000_000
# Small, for one machine with other work to do; nothing here trades durability away.
CONFIGURATION = {
    "listen_addresses": "",
    "port": str(PORT),
    "unix_socket_permissions": "0700",
    "max_connections": "80",
    "superuser_reserved_connections": "2",
    "shared_buffers": "16MB",
    "work_mem": "4MB",
    "maintenance_work_mem": "32MB",
    "effective_cache_size": "256MB",
    "max_worker_processes": "4",
    "max_parallel_workers": "0",
    "max_parallel_workers_per_gather": "0",
    "max_parallel_maintenance_workers": "0",
    "autovacuum_max_workers": "2",
    "autovacuum_worker_slots": "2",
    "io_method": "sync",
    "jit": "off",
    "huge_pages": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_logical_replication_workers": "0",
    "min_wal_size": "32MB",
    "max_wal_size": "256MB",
    "random_page_cost": "1.1",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_checkpoints": "off",
    "cluster_name": "openpolicy",
}
_ONLY_SINCE_18 = {"io_method", "autovacuum_worker_slots"}


class EmbeddedPostgres:
    """A handle on the embedded server of one data directory; making one starts nothing."""

    def __init__(self, data_dir: Path, *, overrides: Mapping[str, str] | None = None) -> None:
        """`overrides` replaces configuration values, when it is this handle that starts the server."""
        self.home = data_dir.resolve() / "postgres"
        self.data = self.home / "data"
        self.log = self.home / "log"
        self._overrides = dict(overrides or {})

    def find(self) -> Postmaster | None:
        """Return the running server, None when it does not run."""
        return find_postmaster(self.data)

    def start(self) -> "EmbeddedPostgres":
        """Start the server, or attach when it already runs; idempotent and safe from many processes at once.

        On return it accepts connections and holds the database, the roles and the schemas.
        Raises: Unavailable, with the end of the server's log.
        """
        if self._is_complete():
            return self
        self.home.mkdir(mode=0o700, parents=True, exist_ok=True)
        with self._locked():
            if not self._is_complete():
                account = account_for(self.data)
                self._start(account)
                create_database(self.url(database="postgres"), DATABASE)
                provision(self.url())
                (self.home / "layout").write_text(LAYOUT)
        return self

    def stop(self) -> None:
        """End all connections and stop the server; for the supervisor only. Idempotent.

        Raises: Unavailable when it does not stop in time.
        """
        if not self.home.exists():
            return
        with self._locked():
            running = self.find()
            if running is None:
                return
            os.kill(running.pid, signal.SIGINT)  # PostgreSQL's "fast" shutdown
            deadline = time.monotonic() + STOP_TIMEOUT_SECONDS
            while self.find() is not None:
                if time.monotonic() > deadline:
                    raise Unavailable("The embedded PostgreSQL does not stop.")
                time.sleep(0.05)

    def url(self, role: str = "postgres", *, database: str = DATABASE) -> URL:
        """Return the URL with which a role reaches a database of the running server.

        Raises: Unavailable when the server does not run.
        """
        running = self.find()
        if running is None:
            raise Unavailable("The embedded PostgreSQL does not run.")
        query = {"host": str(running.socket_directory), "port": str(PORT)}
        return URL.create("postgresql+psycopg", username=role, database=database, query=query)

    def _is_complete(self) -> bool:
        running = self.find()
        layout = self.home / "layout"
        return running is not None and running.is_ready and layout.exists() and layout.read_text() == LAYOUT

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Hold the lock of this data directory; the kernel lets go of it when its holder dies."""
        with (self.home / "lock").open("w") as lock:
            deadline = time.monotonic() + START_TIMEOUT_SECONDS
            while True:
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    if time.monotonic() > deadline:
                        raise Unavailable("Another process holds the embedded PostgreSQL's lock.") from None
                    time.sleep(0.05)
            yield

    def _start(self, account: Account) -> None:
        programs = bin_directory(self.data)
        make_runnable(programs, account)
        account.own(self.home)
        open_the_way(self.data, account)
        if not (self.data / "PG_VERSION").exists():
            self._initialise(programs, account)
        self._configure(account)
        self._rotate_log(account)
        where: list[str | Path] = ["-D", self.data, "-l", self.log]
        command = [programs / "pg_ctl", *where, "-w", "-t", "60", "start"]
        deadline = time.monotonic() + START_TIMEOUT_SECONDS
        while (running := self.find()) is None or not running.is_ready:
            if time.monotonic() > deadline:
                raise Unavailable(f"The embedded PostgreSQL does not start:\n{self._log_end()}")
            if running is not None:  # recovering from a crash; longer than pg_ctl waits
                time.sleep(0.1)
                continue
            self._forget_the_dead()
            before = self.log.stat().st_size
            run(command, account, timeout=90)
            if self.find() is None:
                # After a kill -9 its children hold the shared memory for a moment longer.
                if "still in use" not in (said := self._log_end(before)):
                    raise Unavailable(f"The embedded PostgreSQL does not start:\n{said}")
                time.sleep(0.2)

    def _forget_the_dead(self) -> None:
        """Remove the lock files of a killed server: its process id may be a zombie's or a stranger's by now.

        Children of it that still live are found by PostgreSQL itself, through the shared memory they hold.
        """
        (self.data / "postmaster.pid").unlink(missing_ok=True)
        folder = socket_directory(self.home, account_for(self.data))
        for name in (f".s.PGSQL.{PORT}.lock", f".s.PGSQL.{PORT}"):
            (folder / name).unlink(missing_ok=True)

    def _initialise(self, programs: Path, account: Account) -> None:
        """Make the data directory beside its place, then move it there: a kill leaves no half of one."""
        if self.data.exists():
            if any(self.data.iterdir()):
                raise Unavailable(f"{self.data} is not empty and not a PostgreSQL data directory.")
            self.data.rmdir()
        for half in self.home.glob("data.new-*"):
            shutil.rmtree(half)
        fresh = self.home / f"data.new-{os.getpid()}"
        words = ["-U", "postgres", "-A", "trust", "-E", "UTF8", "--wal-segsize=4", "--no-instructions"]
        # The builtin locale exists on every system and sorts alike on all of them.
        words += ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        made = run([programs / "initdb", "-D", fresh, *words], account, timeout=START_TIMEOUT_SECONDS)
        if made.returncode != 0:
            raise Unavailable(f"The embedded PostgreSQL cannot make its data directory:\n{made.stdout}")
        with (fresh / "postgresql.conf").open("a") as conf:
            conf.write("include_if_exists = 'openpolicy.conf'\n")
        fresh.rename(self.data)

    def _configure(self, account: Account) -> None:
        """Write our settings anew at every start, so that a new release brings its own."""
        values = CONFIGURATION | {"unix_socket_directories": str(socket_directory(self.home, account))}
        if (self.data / "PG_VERSION").read_text().strip() != "18":
            values = {name: value for name, value in values.items() if name not in _ONLY_SINCE_18}
        values |= self._overrides
        lines = []
        for name, value in values.items():
            quoted = value.replace("\\", "\\\\").replace("'", "''")
            lines.append(f"{name} = '{quoted}'\n")
        path = self.data / "openpolicy.conf"
        path.write_text("".join(lines))
        account.own(path)

    def _rotate_log(self, account: Account) -> None:
        if self.log.exists() and self.log.stat().st_size > LOG_LIMIT_BYTES:
            self.log.rename(self.log.with_name("log.1"))
        self.log.touch(mode=0o600)
        account.own(self.log)

    def _log_end(self, since: int = 0) -> str:
        with self.log.open("rb") as log:
            log.seek(max(since, self.log.stat().st_size - 2000))
            return log.read().decode(errors="replace")
