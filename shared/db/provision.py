"""What a server must hold before any migration: for each hub one role, one schema, and rights on it alone."""

import time
from collections.abc import Iterable
from contextlib import suppress

import psycopg
from psycopg import sql
from sqlalchemy import URL

from shared.db.dsn import libpq_dsn
from shared.db.names import (
    DATABASE,
    READABLE,
    SCHEMAS,
    reader_name,
    reader_password,
    role_name,
    role_password,
    schema_name,
)

# Changes when this module would create something else: the next start brings an embedded server up to it.
LAYOUT = f"2 {' '.join(SCHEMAS)}\n"
_LOCK = 0x6F70_0001
_ATTEMPTS = 5
_RACES = (psycopg.errors.UniqueViolation, psycopg.errors.DuplicateObject, psycopg.errors.InternalError_)


def connect(url: URL, *, autocommit: bool = False) -> psycopg.Connection:
    """Open a plain psycopg connection to a SQLAlchemy URL."""
    return psycopg.connect(libpq_dsn(url), autocommit=autocommit, connect_timeout=10)


def create_database(maintenance_url: URL, name: str = DATABASE) -> None:
    """Create a database unless it exists; the URL names another database of the same server."""
    with connect(maintenance_url, autocommit=True) as connection:
        if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone():
            return
        statement = sql.SQL("CREATE DATABASE {} ENCODING 'UTF8' TEMPLATE template0")
        with suppress(psycopg.errors.DuplicateDatabase, psycopg.errors.UniqueViolation):
            connection.execute(statement.format(sql.Identifier(name)))


def provision(admin_url: URL, *, secret: str = "", hubs: Iterable[str] = SCHEMAS) -> None:
    """Create or repair the roles, schemas and rights of the hubs in the database of the URL; idempotent.

    With a `secret` each role's password is derived from it and set; without one passwords stay as they are.
    Raises: psycopg.Error when the admin may not create roles or schemas.
    """
    names = [schema_name(hub) for hub in hubs]
    for attempt in range(_ATTEMPTS):
        try:
            with connect(admin_url) as connection:
                _provision(connection, names, secret)
        except _RACES:
            # Roles belong to the whole server: another database's provisioning was at the same one just now.
            if attempt + 1 == _ATTEMPTS:
                raise
            time.sleep(0.1 * (attempt + 1))
        else:
            return


def _provision(connection: psycopg.Connection, names: list[str], secret: str) -> None:
    connection.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
    row = connection.execute(
        "SELECT current_database(), rolsuper FROM pg_roles WHERE rolname = current_user"
    ).fetchone()
    assert row is not None
    database, is_superuser = sql.Identifier(row[0]), row[1]
    connection.execute("REVOKE CREATE ON SCHEMA public FROM PUBLIC")
    for name in names:
        role, schema = sql.Identifier(role_name(name)), sql.Identifier(name)
        _create_role(connection, role_name(name))
        if secret:
            _set_password(connection, role_name(name), role_password(secret, name))
        if not is_superuser:
            # Only a member of a role may give it a schema.
            connection.execute(sql.SQL("GRANT {} TO CURRENT_USER").format(role))
        connection.execute(sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(database, role))
        connection.execute(sql.SQL("CREATE SCHEMA IF NOT EXISTS {} AUTHORIZATION {}").format(schema, role))
        connection.execute(sql.SQL("ALTER SCHEMA {} OWNER TO {}").format(schema, role))
        connection.execute(sql.SQL("REVOKE ALL ON SCHEMA {} FROM PUBLIC").format(schema))
        if name in READABLE:
            _provision_reader(connection, name, database, secret)


def _provision_reader(
    connection: psycopg.Connection, name: str, database: sql.Identifier, secret: str
) -> None:
    reader = sql.Identifier(reader_name(name))
    _create_role(connection, reader_name(name))
    if secret:
        _set_password(connection, reader_name(name), reader_password(secret, name))
    connection.execute(sql.SQL("ALTER ROLE {} SET default_transaction_read_only = on").format(reader))
    connection.execute(sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(database, reader))
    connection.execute(sql.SQL("GRANT USAGE ON SCHEMA {} TO {}").format(sql.Identifier(name), reader))


def _create_role(connection: psycopg.Connection, role: str) -> None:
    if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role]).fetchone():
        connection.execute(sql.SQL("CREATE ROLE {} LOGIN").format(sql.Identifier(role)))


def _set_password(connection: psycopg.Connection, role: str, password: str) -> None:
    # Hashed here, so that the password itself never reaches the server's log.
    hashed = connection.pgconn.encrypt_password(password.encode(), role.encode(), b"scram-sha-256").decode()
    connection.execute(
        sql.SQL("ALTER ROLE {} LOGIN PASSWORD {}").format(sql.Identifier(role), sql.Literal(hashed))
    )
