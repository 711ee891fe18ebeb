"""The pytest plugin: real servers, fresh databases, processes and samples as fixtures; strict skips under CI.

Nothing but pytest is imported until a fixture is asked for. Servers start at first use, one set per worker.
"""

import os
import re
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import pytest

if TYPE_CHECKING:
    from shared.testing.databases import Databases, FreshDatabase
    from shared.testing.embedded import TemporaryEmbedded
    from shared.testing.processes import Processes
    from shared.testing.rabbitmq import RealRabbit
    from shared.testing.servers import RealOpa, RealPostgres, RealRedis, Server

SAMPLES = Path("..") / "shared" / "samples"
ALLOWED_SKIPS = "allowed_skips"
TestReports = Generator[None, pytest.TestReport, pytest.TestReport]
CollectReports = Generator[None, pytest.CollectReport, pytest.CollectReport]
S = TypeVar("S", bound="Server")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare the allow-list of skips."""
    parser.addini(
        ALLOWED_SKIPS,
        "regular expressions of skip reasons that are no failure under CI=true",
        type="linelist",
        default=[],
    )


def is_ci() -> bool:
    """Tell whether a skip must be explained by the allow-list."""
    return os.environ.get("CI", "").lower() in {"1", "true", "yes"}


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> TestReports:
    """Turn a skip that nobody allowed into a failure under CI."""
    report = yield
    _refuse_skip(item.config, report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector: pytest.Collector) -> CollectReports:
    """The same for a whole module that skips itself."""
    report = yield
    _refuse_skip(collector.config, report)
    return report


def _refuse_skip(config: pytest.Config, report: pytest.TestReport | pytest.CollectReport) -> None:
    if report.outcome != "skipped" or not is_ci() or hasattr(report, "wasxfail"):
        return
    reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    reason = reason.removeprefix("Skipped: ")
    if any(re.search(pattern, reason) for pattern in config.getini(ALLOWED_SKIPS)):
        return
    report.outcome = "failed"
    report.longrepr = f"a skip is a failure under CI: {reason}"


@pytest.fixture(scope="session")
def samples(pytestconfig: pytest.Config) -> Path:
    """The folder of recorded upstream documents beside the repository."""
    folder = (pytestconfig.rootpath / SAMPLES).resolve()
    if not folder.is_dir():
        pytest.skip("no recorded upstream documents beside the repository (../shared/samples)")
    return folder


@pytest.fixture
def processes() -> Iterator["Processes"]:
    """Processes of one test; all are ended with it."""
    from shared.testing.processes import Processes

    with Processes() as running:
        yield running


@pytest.fixture(scope="session")
def postgres_embedded() -> Iterator["TemporaryEmbedded"]:
    """The embedded PostgreSQL 18 in a temporary data directory."""
    from shared.testing.embedded import TemporaryEmbedded

    server = TemporaryEmbedded()
    try:
        server.start()
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="session")
def postgres_server() -> Iterator["RealPostgres"]:
    """A real PostgreSQL from Debian."""
    from shared.testing.servers import RealPostgres

    yield from _running(RealPostgres())


@pytest.fixture(scope="session")
def redis_server() -> Iterator["RealRedis"]:
    """A real Redis."""
    from shared.testing.servers import RealRedis

    yield from _running(RealRedis())


@pytest.fixture(scope="session")
def rabbitmq_server() -> Iterator["RealRabbit"]:
    """A real RabbitMQ node."""
    from shared.testing.rabbitmq import RealRabbit

    yield from _running(RealRabbit())


@pytest.fixture(scope="session")
def opa_server() -> Iterator["RealOpa"]:
    """A real Open Policy Agent."""
    from shared.testing.servers import RealOpa

    yield from _running(RealOpa())


def _running(server: S) -> Iterator[S]:
    from shared.testing.packages import Unobtainable

    try:
        try:
            server.start()
        except Unobtainable as missing:
            pytest.skip(str(missing))
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="session")
def embedded_databases(postgres_embedded: "TemporaryEmbedded") -> "Databases":
    """Fresh databases on the embedded server."""
    from shared.testing.databases import Databases

    return Databases(postgres_embedded)


@pytest.fixture(scope="session")
def server_databases(postgres_server: "RealPostgres") -> "Databases":
    """Fresh databases on the real server."""
    from shared.testing.databases import Databases

    return Databases(postgres_server)


@pytest.fixture
def fresh_database(request: pytest.FixtureRequest) -> Iterator["FreshDatabase"]:
    """A database with roles and schemas, for this test alone, on the embedded server.

    For both servers: `@pytest.mark.parametrize("fresh_database", ["embedded", "server"], indirect=True)`.
    """
    databases: Databases = request.getfixturevalue(f"{getattr(request, 'param', 'embedded')}_databases")
    with databases.fresh() as database:
        yield database
