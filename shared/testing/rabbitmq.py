"""The launcher of a real RabbitMQ node with a name, an epmd and ports of its own."""

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from shared.testing.packages import Unobtainable, ensure_program
from shared.testing.ports import free_port
from shared.testing.processes import answers, wait_until
from shared.testing.servers import DaemonServer, accepts

# Debian's wrapper on PATH switches user and writes under /var; the scripts behind it do neither.
_SCRIPTS = Path("/usr/lib/rabbitmq/bin")
_WATERMARK = "190MiB"
_ERLANG = (
    "+P 65536 +t 262144 +stbt db +zdbbl 8192 +S 1:1 +SDcpu 1:1 +SDio 1 +A 1"
    " +sbwt none +sbwtdcpu none +sbwtdio none +Q 4096 +Meamin"
)


class RealRabbit(DaemonServer):
    """RabbitMQ with its management and Prometheus plugins, on loopback, as the user we are."""

    name = "rabbitmq"

    def __init__(self) -> None:
        super().__init__()
        self.port = free_port()
        self.management_port = free_port()
        self.prometheus_port = free_port()
        self._distribution_port = free_port()
        self._epmd_port = free_port()
        self._epmd: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """The AMQP URL of the default virtual host."""
        return f"amqp://guest:guest@127.0.0.1:{self.port}/%2F"

    @property
    def management_url(self) -> str:
        """The base URL of the management API, with its user."""
        return f"http://guest:guest@127.0.0.1:{self.management_port}"

    def start(self) -> None:
        """Start the node; after `kill` it finds its durable queues again."""
        ensure_program("rabbitmq-server", "rabbitmq-server")
        if not (_SCRIPTS / "rabbitmq-server").exists():
            raise Unobtainable(f"no RabbitMQ under {_SCRIPTS}")
        self._configure()
        self._start_epmd()
        self.launch(_SCRIPTS / "rabbitmq-server", env=self._environment())
        self.wait_for(
            lambda: accepts(self.port) and answers(f"{self.management_url}/api/health/checks/alarms")
        )

    @property
    def pid(self) -> int:
        """Return the process id of the Erlang machine; our own child is only the script that runs it."""
        return int((self.folder / "pid").read_text())

    def kill(self) -> None:
        """Kill the node with SIGKILL, keeping its folder: the shell we started and its Erlang machine."""
        if self.process is None:
            return
        # The session is ours alone, so its group holds only what `launch` started.
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        wait_until(lambda: not accepts(self.port), what="the end of RabbitMQ")

    def pause(self) -> None:
        """Stop the node in good order, keeping its queues for the next `start`."""
        command = [str(_SCRIPTS / "rabbitmqctl"), "shutdown"]
        subprocess.run(command, env=self._environment(), capture_output=True, timeout=90, check=False)
        self.end(patience=30)

    @contextmanager
    def memory_alarm(self) -> Iterator[None]:
        """Make the node believe that it is out of memory, for the length of the block."""
        self._watermark("1MiB")
        try:
            yield
        finally:
            self._watermark(_WATERMARK)

    def _watermark(self, value: str) -> None:
        command = [str(_SCRIPTS / "rabbitmqctl"), "set_vm_memory_high_watermark", "absolute", value]
        subprocess.run(command, env=self._environment(), check=True, capture_output=True, timeout=90)

    def stop(self) -> None:
        """Stop the node and its epmd, and remove the folder."""
        # Nothing of the node is wanted any more, so an orderly shutdown would only cost seconds.
        self.kill()
        if self._epmd is not None:
            self._epmd.kill()
            self._epmd.wait()
            self._epmd = None
        super().stop()

    def _start_epmd(self) -> None:
        """Run the name server as a child of ours: the one a node starts by itself outlives it."""
        if self._epmd is not None and self._epmd.poll() is None:
            return
        program = ensure_program("epmd", "erlang-base")
        command = [str(program), "-port", str(self._epmd_port), "-address", "127.0.0.1"]
        self._epmd = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, cwd="/")
        self.wait_for(lambda: accepts(self._epmd_port))

    def _configure(self) -> None:
        (self.folder / "home").mkdir(mode=0o700, exist_ok=True)
        lines = {
            "listeners.tcp.1": f"127.0.0.1:{self.port}",
            "management.tcp.ip": "127.0.0.1",
            "management.tcp.port": self.management_port,
            "prometheus.tcp.ip": "127.0.0.1",
            "prometheus.tcp.port": self.prometheus_port,
            "vm_memory_high_watermark.absolute": _WATERMARK,
            "disk_free_limit.absolute": "64MB",
            "classic_queue.default_version": 2,
            "collect_statistics_interval": 5000,
            "management.rates_mode": "none",
            "log.file.level": "warning",
        }
        text = "".join(f"{name} = {value}\n" for name, value in lines.items())
        (self.folder / "rabbitmq.conf").write_text(text)
        (self.folder / "enabled_plugins").write_text("[rabbitmq_management,rabbitmq_prometheus].\n")

    def _environment(self) -> dict[str, str]:
        folder = self.folder
        return {
            "PATH": os.environ.get("PATH", os.defpath),
            "LANG": "C.UTF-8",
            "HOME": str(folder / "home"),
            "RABBITMQ_NODENAME": f"{folder.name}@localhost",
            "RABBITMQ_DIST_PORT": str(self._distribution_port),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "ERL_EPMD_PORT": str(self._epmd_port),
            "RABBITMQ_CONF_ENV_FILE": "/dev/null",
            "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq"),
            "RABBITMQ_MNESIA_BASE": str(folder / "mnesia"),
            "RABBITMQ_LOG_BASE": str(folder / "log"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "enabled_plugins"),
            "RABBITMQ_PID_FILE": str(folder / "pid"),
            "RABBITMQ_SERVER_ERL_ARGS": _ERLANG,
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}",
        }
