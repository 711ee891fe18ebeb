"""Launchers of real servers: private folder, private loopback ports, stopped by their own process id."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

import psycopg
from sqlalchemy import URL

from shared.db.dsn import libpq_dsn
from shared.testing.packages import Unobtainable, ensure_program
from shared.testing.ports import free_port
from shared.testing.processes import ProcessFailed, answers, wait_until

START_TIMEOUT_SECONDS = 90.0


class Server:
    """A server in a folder of its own; `start` returns when it answers, `stop` leaves nothing behind."""

    name = "server"

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix=f"op-{self.name}-"))

    def start(self) -> None:
        """Start and wait until it answers. Raises: Unobtainable, ProcessFailed, TimeoutError."""
        raise ProcessFailed(f"{self.name} cannot be started")

    def stop(self) -> None:
        """Stop the processes and remove the folder. Idempotent."""
        shutil.rmtree(self.folder, ignore_errors=True)


class DaemonServer(Server):
    """A server that is one child process of ours, its output in a file."""

    process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """Return the process id of the running server."""
        if self.process is None:
            raise ProcessFailed(f"{self.name} was not started")
        return self.process.pid

    def launch(
        self, *command: str | Path, env: dict[str, str] | None = None, user: str | None = None
    ) -> None:
        """Start the child process, as another user where root is refused."""
        account = pwd.getpwnam(user) if user and os.geteuid() == 0 else None
        with (self.folder / "output").open("ab") as output:
            self.process = subprocess.Popen(
                [str(word) for word in command],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=env,
                cwd=self.folder,
                user=account.pw_uid if account else None,
                group=account.pw_gid if account else None,
                extra_groups=[] if account else None,
                start_new_session=True,
            )

    def wait_for(self, is_ready: Callable[[], bool]) -> None:
        """Wait until the condition holds. Raises: ProcessFailed when the server ends before."""

        def check() -> bool:
            if self.process is not None and self.process.poll() is not None:
                raise ProcessFailed(f"{self.name} ended:\n{self.output()[-4000:]}")
            return is_ready()

        wait_until(check, timeout=START_TIMEOUT_SECONDS, what=self.name)

    def output(self) -> str:
        """Return what the server has written."""
        return (self.folder / "output").read_text(errors="replace")

    def kill(self) -> None:
        """Kill with SIGKILL, keeping the folder, so that it can be started again."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def end(self, signal_number: int = signal.SIGTERM, *, patience: float = 20.0) -> None:
        """Ask the process to end, kill it after `patience` seconds."""
        if self.process is None or self.process.poll() is not None:
            return
        self.process.send_signal(signal_number)
        try:
            self.process.wait(patience)
        except subprocess.TimeoutExpired:
            self.kill()

    def stop(self) -> None:
        """Stop the process and remove the folder."""
        self.end()
        super().stop()


class RealPostgres(DaemonServer):
    """Debian's PostgreSQL 15 over TCP; under root it runs as the package's user."""

    name = "postgres"

    def __init__(self) -> None:
        super().__init__()
        self.port = free_port()

    @property
    def admin_url(self) -> URL:
        """The URL of the superuser, in the database `postgres`."""
        return URL.create(
            "postgresql+psycopg", username="postgres", host="127.0.0.1", port=self.port, database="postgres"
        )

    def start(self) -> None:
        """Start, making the data directory at the first start."""
        programs = _postgres_programs()
        data = self.folder / "data"
        if not data.exists():
            self._initialise(programs, data)
        self.launch(programs / "postgres", "-D", data, user="postgres")
        self.wait_for(self._answers)

    def stop(self) -> None:
        """Stop at once, connections or not, and remove the folder."""
        self.end(signal.SIGINT)
        super().stop()

    def _initialise(self, programs: Path, data: Path) -> None:
        self.folder.chmod(0o755)
        data.mkdir(mode=0o700)
        if os.geteuid() == 0:
            account = pwd.getpwnam("postgres")
            os.chown(data, account.pw_uid, account.pw_gid)
        words = ["-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"]
        self.launch(programs / "initdb", "-D", data, *words, user="postgres")
        assert self.process is not None
        if self.process.wait(60) != 0:
            raise ProcessFailed(f"initdb failed:\n{self.output()}")
        with (data / "postgresql.conf").open("a") as conf:
            conf.write("listen_addresses = '127.0.0.1'\n")
            conf.write(f"port = {self.port}\n")
            conf.write("unix_socket_directories = ''\n")
            conf.write("fsync = off\nshared_buffers = 32MB\nmax_connections = 80\njit = off\n")

    def allow(self, line: str) -> None:
        """Put a line in front of the server's access rules; read at the next start or `reload`."""
        path = self.folder / "data" / "pg_hba.conf"
        path.write_text(f"{line}\n{path.read_text()}")

    def reload(self) -> None:
        """Have the server read its access rules again."""
        os.kill(self.pid, signal.SIGHUP)

    def _answers(self) -> bool:
        try:
            psycopg.connect(libpq_dsn(self.admin_url), connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True


def _postgres_programs() -> Path:
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
    if not installed:
        ensure_program("psql", "postgresql")
        installed = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
    if not installed or not (installed[-1] / "initdb").exists():
        raise Unobtainable("no PostgreSQL server under /usr/lib/postgresql")
    return installed[-1]


class RealRedis(DaemonServer):
    """Redis without persistence."""

    name = "redis"

    def __init__(self) -> None:
        super().__init__()
        self.port = free_port()

    @property
    def url(self) -> str:
        """The URL of database 0."""
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        """Start on the same port each time."""
        program = ensure_program("redis-server", "redis-server")
        words: list[str | Path] = [
            "--port",
            str(self.port),
            "--bind",
            "127.0.0.1",
            "--dir",
            self.folder,
            "--save",
            "",
        ]
        self.launch(program, *words, "--appendonly", "no")
        self.wait_for(lambda: accepts(self.port))


class RealOpa(DaemonServer):
    """Open Policy Agent with an empty store."""

    name = "opa"

    def __init__(self) -> None:
        super().__init__()
        self.port = free_port()

    @property
    def url(self) -> str:
        """The base URL of its REST API."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start, building the program first where only Go is there."""
        words = ["run", "--server", "--addr", f"127.0.0.1:{self.port}", "--log-level", "error"]
        self.launch(
            opa_program(), *words, "--disable-telemetry", env={**os.environ, "HOME": str(self.folder)}
        )
        self.wait_for(lambda: answers(f"{self.url}/health"))


def opa_program() -> Path:
    """Return the `opa` program: `$OPENPOLICY_OPA`, on PATH, in the cache, or built into it with Go.

    Raises: Unobtainable.
    """
    if named := os.environ.get("OPENPOLICY_OPA"):
        if not Path(named).exists():
            raise Unobtainable(f"OPENPOLICY_OPA names {named}, which does not exist")
        return Path(named)
    if found := shutil.which("opa"):
        return Path(found)
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "openpolicy" / "bin"
    if not (cache / "opa").exists():
        if not (go := shutil.which("go")):
            raise Unobtainable("opa is missing, and there is no go to build it with")
        cache.mkdir(parents=True, exist_ok=True)
        built = subprocess.run(
            [go, "install", "github.com/open-policy-agent/opa@latest"],
            env={**os.environ, "GOBIN": str(cache), "CGO_ENABLED": "0", "GOFLAGS": "-trimpath"},
            capture_output=True,
            text=True,
            timeout=900,
            check=False,
        )
        if built.returncode != 0:
            raise Unobtainable(f"opa could not be built: {built.stderr.strip()[-500:]}")
    return cache / "opa"


def accepts(port: int) -> bool:
    """Tell whether somebody accepts connections on a loopback port."""
    with socket.socket() as probe:
        probe.settimeout(2)
        return probe.connect_ex(("127.0.0.1", port)) == 0
