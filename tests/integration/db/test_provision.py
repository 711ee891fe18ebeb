"""Roles and schemas on real servers: made once, repaired always, closed to each other."""

from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from sqlalchemy import text

from shared.db.engine import create_engine
from shared.db.names import SCHEMAS, role_password
from shared.db.prepare import provision_server
from shared.db.provision import connect, create_database, provision
from shared.db.url import database_url
from shared.settings import DatabaseSettings, HubSettings
from shared.testing.databases import Databases, FreshDatabase
from shared.testing.processes import wait_until
from shared.testing.servers import RealPostgres

BOTH = pytest.mark.parametrize("fresh_database", ["embedded", "server"], indirect=True)


@BOTH
def test_a_hub_reads_and_writes_its_own_schema_and_no_other(fresh_database: FreshDatabase) -> None:
    with connect(fresh_database.url("security")) as security:
        security.execute("CREATE TABLE security.secret (n int)")
    with connect(fresh_database.url("data"), autocommit=True) as data:
        data.execute("CREATE TABLE data.fact (n int)")
        for refused in (
            "SELECT * FROM security.secret",
            "INSERT INTO security.secret VALUES (1)",
            "CREATE TABLE security.mine (n int)",
            "CREATE TABLE public.mine (n int)",
            "CREATE SCHEMA mine",
            "DROP TABLE security.secret",
            "SET ROLE op_security",
            "CREATE ROLE mine",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                data.execute(refused)


@BOTH
def test_provisioning_again_changes_nothing_and_repairs_what_is_gone(fresh_database: FreshDatabase) -> None:
    with connect(fresh_database.url("data")) as data:
        data.execute("CREATE TABLE data.fact (n int)")
        data.execute("INSERT INTO data.fact VALUES (1)")
    with connect(fresh_database.admin_url) as admin:
        admin.execute("DROP SCHEMA ops")
    provision(fresh_database.admin_url)
    provision(fresh_database.admin_url)
    with connect(fresh_database.url("ops")) as ops:
        ops.execute("CREATE TABLE ops.t (n int)")
    with connect(fresh_database.url("data")) as data:
        assert data.execute("SELECT n FROM data.fact").fetchall() == [(1,)]


def test_several_processes_may_provision_several_databases_at_once(server_databases: Databases) -> None:
    with server_databases.fresh() as one, server_databases.fresh() as other:
        with ThreadPoolExecutor(8) as pool:
            urls = [one.admin_url, other.admin_url] * 6
            list(pool.map(lambda url: provision(url, secret="the tests' own"), urls))
        for database in (one, other):
            with connect(database.url("ux")) as connection:
                connection.execute("CREATE TABLE ux.t (n int)")


def test_creating_a_database_twice_keeps_the_first(postgres_server: RealPostgres) -> None:
    create_database(postgres_server.admin_url, "made_once")
    with connect(postgres_server.admin_url.set(database="made_once")) as connection:
        connection.execute("CREATE TABLE kept (n int)")
    create_database(postgres_server.admin_url, "made_once")
    with connect(postgres_server.admin_url.set(database="made_once")) as connection:
        assert connection.execute("SELECT count(*) FROM kept").fetchone() == (0,)


def test_on_a_server_with_passwords_each_role_has_its_own() -> None:
    server = RealPostgres()
    try:
        server.start()
        for name in SCHEMAS:
            server.allow(f"host all op_{name} 127.0.0.1/32 scram-sha-256")
        server.allow("host all chief 127.0.0.1/32 scram-sha-256")
        server.reload()
        with connect(server.admin_url, autocommit=True) as admin:
            # Not a superuser: what a hosted database gives its customers.
            admin.execute("CREATE ROLE chief LOGIN CREATEROLE PASSWORD 'chief''s own'")
            admin.execute("CREATE DATABASE civic OWNER chief")
            # The reload reaches the server a moment after the signal.
            wait_until(
                lambda: (
                    admin.execute(
                        "SELECT count(*) FROM pg_hba_file_rules WHERE auth_method = 'scram-sha-256'"
                    ).fetchone()
                    == (len(SCHEMAS) + 1,)
                )
            )
        url = f"postgres://chief:chief's%20own@127.0.0.1:{server.port}/civic"
        settings = HubSettings.model_validate(
            {"database": DatabaseSettings(url=url), "secret": "a root secret of the tests alone"}
        )

        provision_server(settings)
        provision_server(settings)

        engine = create_engine(settings, "data")
        with engine.begin() as connection:
            connection.execute(text("CREATE TABLE data.fact (n int)"))
            assert connection.execute(text("SELECT current_user")).scalar() == "op_data"
        engine.dispose()
        stranger = database_url(settings, "data").set(password=role_password("another secret", "data"))
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            connect(stranger)
        with connect(server.admin_url) as admin:
            row = admin.execute("SELECT rolpassword FROM pg_authid WHERE rolname = 'op_data'").fetchone()
        assert row is not None
        assert row[0].startswith("SCRAM-SHA-256$")
    finally:
        server.stop()


def test_without_a_role_per_hub_the_configured_user_is_used(server_databases: Databases) -> None:
    with server_databases.fresh() as database:
        url = database.settings().database.url
        settings = HubSettings.model_validate({"database": DatabaseSettings(url=url, role_per_hub=False)})
        assert database_url(settings, "data").username == "postgres"
